// The office of test/e2e/team on a node without a platform: what its people bring themselves, its program rendered by the
// command line, and its callers.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { NAMESPACES } from '#api/names.ts';
import { McpCaller, type CallOutcome, type Era } from '#runtime/local/mcp-caller.ts';
import { NamedFetch } from '#scripts/node/named-fetch.ts';
import { API_TOKEN_SECRET, QUICKSTART_IMAGES } from '#scripts/node/platform/program.ts';
import { BACKUPS } from '#constructs/sentinel/names.ts';
import { PROGRAMS } from '#scripts/images/targets.ts';
import { callTool } from '#scripts/tool-call.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { RESTORED_BACKUP, VISITORS } from '../team/program/office.ts';
import { node } from './node.ts';
import { certificateFor } from './office-certificate.ts';
import { onNode } from './volumes.ts';

const execute = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');

/** As in its environment.yaml. */
const HOST = 'mcp.office.example.org';
const CERTIFICATE = { name: 'office-tls', namespace: 'mcp-gateway' } as const;
const MONITORING = 'monitoring';
/** Folders of the node, by the claims that they are volumes for. */
const VOLUMES = { 'data-mcp-sentinel-0': '/var/lib/office-events', [BACKUPS]: '/var/lib/office-backups' };

/** Headers of somebody of the team. */
export const SUPPORT = { 'x-mcp-human-id': 'ada', 'x-mcp-team-id': 'support' };

/** Its states: programs of test/e2e/team/program. */
export type State = 'installed' | 'changed' | 'upgraded' | 'restored';

const namespace = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

const volumeFor = (claim: string, folder: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: path.basename(folder) },
  spec: {
    capacity: { storage: '100Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    claimRef: { namespace: NAMESPACES.sentinel, name: claim },
    hostPath: { path: folder },
  },
});

/** Images under the names that the program gives them. */
async function nameImages(): Promise<void> {
  const local = (name: string, tag: string) => `mcp-runtime.local/${name}:${tag}`;
  const names = [
    ...PROGRAMS.map((program) => [local(program, 'test'), local(program, 'next')] as const),
    ...Object.entries(QUICKSTART_IMAGES).map(([name, target]) => [local(target, 'test'), name] as const),
  ];
  for (const [from, to] of names) await onNode('ctr -n k8s.io images tag --force "$1" "$2"', [from, to]);
}

/** What was there before the platform comes: namespaces of others, and empty volumes. */
export async function furnish(): Promise<void> {
  await nameImages();
  const volumes = Object.entries(VOLUMES).map(([claim, folder]) => volumeFor(claim, folder));
  for (const folder of Object.values(VOLUMES))
    await onNode('rm -rf "$1"; install -d -o 65532 -g 65532 "$1"', [folder]);
  for (const { metadata } of volumes)
    await cluster().kubectl(['delete', 'persistentvolume', metadata.name, '--ignore-not-found']);
  const visitors = namespace(VISITORS, { 'app.kubernetes.io/part-of': 'mcp-runtime' });
  await cluster().apply([namespace(MONITORING), visitors, ...volumes]);
}

/** Has the volume of the sentinel's events be empty. No sentinel may run. */
export async function loseEvents(): Promise<void> {
  await onNode('find "$1" -mindepth 1 -delete', [VOLUMES['data-mcp-sentinel-0']]);
}

export class Office {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'mcp-runtime-office-'));
  private readonly named: NamedFetch;

  /** Brings the Secrets that no manifest holds, in their namespaces. */
  static async open(): Promise<Office> {
    const { certificate, key } = await certificateFor(HOST);
    const secret = (metadata: object, stringData: object, type = 'Opaque') => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type,
      stringData,
    });
    const token = { name: API_TOKEN_SECRET.name, namespace: NAMESPACES.sentinel };
    await cluster().apply([
      namespace(CERTIFICATE.namespace),
      namespace(NAMESPACES.sentinel),
      secret(CERTIFICATE, { 'tls.crt': certificate, 'tls.key': key }, 'kubernetes.io/tls'),
      secret(token, { [API_TOKEN_SECRET.key]: 'a-token-of-the-office-0123456789' }),
    ]);
    return new Office(certificate);
  }

  private constructor(ca: string) {
    this.named = new NamedFetch({ ca });
    this.named.name(HOST, new URL(node().ingress.url).hostname);
  }

  async close(): Promise<void> {
    await this.named.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Writes what its program is in a state, over what it was.
   * @param backup name of the one that is restored, where it is
   * @returns the folder
   */
  async synth(state: State, backup?: string): Promise<string> {
    const tools = ['--flux', '--argocd', 'application', '--repository', 'https://git.example.org/office.git'];
    const to = ['--gitops', this.folder, '--path', '.', '--name', 'office'];
    const restored: Record<string, string> = backup === undefined ? {} : { [RESTORED_BACKUP]: backup };
    await this.command(['synth', `test/e2e/team/program/${state}.ts`, ...to, ...tools], restored);
    return this.folder;
  }

  /** Writes the charts of what its program is in a state. @returns the folder, also for what Helm keeps for itself */
  async charts(state: State): Promise<string> {
    await this.command(['synth', `test/e2e/team/program/${state}.ts`, '--helm', this.folder]);
    return this.folder;
  }

  /** Runs the `mcp-runtime` command. */
  async command(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> {
    const env = { ...process.env, ...more, KUBECONFIG: cluster().about.users['admin']?.kubeconfig };
    const main = ['--import', 'tsx', 'cli/main.ts'];
    return (await execute(process.execPath, [...main, ...args], { cwd: root, env })).stdout;
  }

  private url(server: string): string {
    const { port } = new URL(node().ingress.tlsUrl ?? '');
    return `https://${HOST}:${port}/${server}/mcp`;
  }

  /** Where plain http leads. */
  async redirect(server: string): Promise<string | null> {
    const { port } = new URL(node().ingress.url);
    const answer = await this.named.fetch(`http://${HOST}:${port}/${server}/mcp`, { redirect: 'manual' });
    return answer.headers.get('location');
  }

  /** A call of a tool by the smallest client: `allowed`, or why not. */
  call(server: string, headers: Readonly<Record<string, string>>, tool = 'list_notes'): Promise<string> {
    return callTool({ url: this.url(server), tool, headers, fetch: this.named.fetch });
  }

  /** Waits until calls are answered so: what routes them hears of pods a moment after their server is ready. */
  async answers(
    server: string,
    headers: Readonly<Record<string, string>>,
    wanted = 'allowed',
  ): Promise<void> {
    await until(
      `${server} answers with ${wanted}`,
      () => this.call(server, headers),
      (word) => word === wanted,
      { timeoutMs: 120_000, everyMs: 500 },
    );
  }

  /** A call by the official client. */
  async officialCall(
    server: string,
    era: Era,
    headers: Readonly<Record<string, string>>,
  ): Promise<CallOutcome<unknown>> {
    const connected = await McpCaller.connect({
      url: this.url(server),
      era,
      headers,
      fetch: this.named.fetch,
    });
    if (connected.kind !== 'result') return connected;
    try {
      return await connected.value.call({ name: 'list_notes', args: {} });
    } finally {
      await connected.value.close();
    }
  }
}
