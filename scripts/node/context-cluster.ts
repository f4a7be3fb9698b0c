// A cluster that was there before, by the name of its context in a kubeconfig. Whoever runs the tests there has loaded
// the images and installed an ingress; here it only gets an account for the tests, with a token, which goes with them.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { NAMESPACES } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { ControlEndpoint } from '../cluster/control-endpoint.ts';
import { kubeconfigText } from '../engines/control-plane-files.ts';
import type { Say } from '../engines/go.ts';
import { NODE_FILE, nodeFile, type NodeFile } from './node-file.ts';
import { installPlatform, uninstallPlatform, type InstallOptions } from './platform/install.ts';
import { NodeError } from './node-error.ts';
import { SHELL_IMAGE, writeOwnImages } from './own-images.ts';
import { findProgram, thisMachine } from './requirements.ts';

const execute = promisify(execFile);

const ACCOUNT = 'mcp-runtime-e2e';

const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ACCOUNT } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: ACCOUNT } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: ACCOUNT },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: ACCOUNT }],
  },
];

const configView = z.object({
  clusters: z.tuple([
    z.object({
      cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }),
    }),
  ]),
});

const versions = z.object({ serverVersion: z.object({ major: z.string(), minor: z.string() }) });

export class ContextCluster {
  /** Path of the file for tests. */
  readonly file: string;
  private readonly folder: string;
  private readonly ask: Kubectl;
  private readonly endpoint: ControlEndpoint;
  private installed: InstallOptions | undefined;

  /** @throws NodeError where there is no such context, or its cluster does not let in */
  static async open(context: string, env: NodeJS.ProcessEnv, say: Say): Promise<ContextCluster> {
    const kubectl = await findProgram('kubectl', env['PATH'] ?? '');
    await writeShell(env, say);
    if (kubectl === undefined)
      throw new NodeError(
        'programs_missing',
        'a cluster that exists is reached with kubectl: put it on PATH',
      );
    const ask = kubectlOf(kubectl, context, env);
    const endpoint = new ControlEndpoint({});
    await endpoint.start();
    const folder = mkdtempSync(path.join(tmpdir(), 'mcp-runtime-context-'));
    const cluster = new ContextCluster(folder, ask, endpoint);
    try {
      await cluster.write(kubectl, context, env);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(folder: string, ask: Kubectl, endpoint: ControlEndpoint) {
    this.folder = folder;
    this.file = path.join(folder, NODE_FILE);
    this.ask = ask;
    this.endpoint = endpoint;
  }

  /** What tests are told. */
  get about(): NodeFile {
    const json: unknown = JSON.parse(readFileSync(this.file, 'utf8'));
    return nodeFile.parse(json);
  }

  /**
   * Installs the platform, to be removed again with `stop`.
   * @throws NodeError where the cluster has one, or its ingress is not known
   */
  async install(say: Say, signal: AbortSignal): Promise<void> {
    const { about, folder } = this;
    if (about.ingress === undefined) {
      const variables = 'MCP_E2E_INGRESS_URL, MCP_E2E_INGRESS_CLASS and MCP_E2E_GATEWAY (namespace/name)';
      throw new NodeError(
        'context_failed',
        `where is the cluster's ingress? Set ${variables}, or test --without-platform`,
      );
    }
    const options = { about, folder, say };
    await installPlatform(options, signal, () => (this.installed = options));
  }

  /** Takes the account back. What tests made in namespaces of their own they have removed themselves. */
  async stop(): Promise<void> {
    const { installed } = this;
    if (installed !== undefined) {
      await uninstallPlatform(installed).catch((error: unknown) => installed.say(String(error)));
    }
    await this.endpoint.stop();
    rmSync(this.folder, { recursive: true, force: true });
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    // To its end: a run that follows makes them anew.
    await this.ask(['delete', '--ignore-not-found', '--timeout=50s', '-f', '-'], list).catch(() => undefined);
  }

  private async write(kubectl: string, context: string, env: NodeJS.ProcessEnv): Promise<void> {
    const view: unknown = JSON.parse(
      await this.ask(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']),
    );
    const { data } = configView.safeParse(view);
    if (data === undefined)
      throw new NodeError(
        'context_failed',
        `the context ${context} names no server with a certificate-authority: tests don't trust just anybody`,
      );
    const [{ cluster }] = data.clusters;
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64').toString();
    const version: unknown = JSON.parse(await this.ask(['version', '-o', 'json']));
    const { major, minor } = versions.parse(version).serverVersion;
    await this.ask(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const token = (await this.ask(['create', 'token', ACCOUNT, '-n', ACCOUNT, '--duration=8h'])).trim();
    const kubeconfig = path.join(this.folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigText(cluster.server, ca, 'admin', token), { mode: 0o600 });
    const auditLog = path.join(this.folder, 'audit.log');
    writeFileSync(auditLog, '');
    const content: NodeFile = {
      kind: 'context',
      minor: `${major}.${minor.replace(/\D.*$/, '')}`,
      url: cluster.server,
      ca,
      kubectl,
      users: { admin: { token, kubeconfig } },
      auditLog,
      operator: { namespace: NAMESPACES.platform, serviceAccount: OPERATOR.serviceAccount },
      control: { url: this.endpoint.url, token: this.endpoint.token },
      ingress: ingressOf(env),
    };
    writeFileSync(this.file, JSON.stringify(content, null, 2), { mode: 0o600 });
  }
}

const images = path.resolve(import.meta.dirname, '../../.build/images');

/** The image of tests' own pods has to be loaded like all others; it is made in no time, so it is made here. */
async function writeShell(env: NodeJS.ProcessEnv, say: Say): Promise<void> {
  const busybox = await findProgram('busybox', thisMachine(env).path);
  if (busybox === undefined) {
    say(`no busybox here to make ${SHELL_IMAGE} of: apt-get install busybox-static`);
    return;
  }
  mkdirSync(images, { recursive: true });
  writeOwnImages(images, busybox);
  say(`the cluster has to have ${SHELL_IMAGE}, from ${images}/shell.tar, and those of npm run images`);
}

/** Where the cluster's ingress is; undefined where not all of it is said. */
function ingressOf(env: NodeJS.ProcessEnv): NodeFile['ingress'] {
  const { MCP_E2E_INGRESS_URL: url, MCP_E2E_INGRESS_CLASS: ingressClass, MCP_E2E_GATEWAY: gateway } = env;
  const [namespace, name] = gateway?.split('/') ?? [];
  if (url === undefined || ingressClass === undefined || namespace === undefined || name === undefined)
    return undefined;
  return { url, ingressClass, gateway: { namespace, name } };
}

type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

function kubectlOf(program: string, context: string, env: NodeJS.ProcessEnv): Kubectl {
  return async (args, input = '') => {
    try {
      const running = execute(program, ['--context', context, ...args], { env, timeout: 60_000 });
      running.child.stdin?.on('error', () => undefined);
      running.child.stdin?.end(input);
      return (await running).stdout;
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
      throw new NodeError(
        'context_failed',
        `the cluster of the context ${context} can't be used: kubectl ${args[0] ?? ''}: ${said}`,
        error,
      );
    }
  };
}
