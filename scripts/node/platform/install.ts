// Installs the platform on a node as a user does: manifests that a program renders, applied with kubectl. Everything
// that is waited for is said.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { NAMESPACES } from '#api/names.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { synthesise } from '#render/synthesise.ts';
import { writeYaml } from '#render/yaml.ts';
import type { Say } from '../../engines/go.ts';
import { NodeError } from '../node-error.ts';
import type { NodeFile } from '../node-file.ts';
import { API_TOKEN_SECRET, nodeProgram, QUICKSTART_IMAGES } from './program.ts';

const execute = promisify(execFile);

export interface InstallOptions {
  readonly about: NodeFile;
  /** Where the manifests are written. */
  readonly folder: string;
  /** Runs a program on a node of our own. Absent: the cluster has the images, and makes volumes. */
  readonly exec?: ((command: readonly string[]) => Promise<void>) | undefined;
  readonly say: Say;
}

/** Programs that have to be there before a server can be ready. */
const WORKLOADS = [
  ['deployment/mcp-runtime-operator-controller-manager', NAMESPACES.platform],
  ['deployment/mcp-runtime-distributor', NAMESPACES.platform],
  ['statefulset/mcp-sentinel', NAMESPACES.sentinel],
] as const;

const VOLUME_FOLDER = '/var/lib/mcp-sentinel';

/** A cluster elsewhere has a storage class that makes one. */
const VOLUME = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'mcp-sentinel' },
  spec: {
    capacity: { storage: '100Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: VOLUME_FOLDER },
  },
};

/**
 * Resolves when the servers of the quickstart are ready.
 * @param onBegin called before anything of the cluster is changed
 * @throws NodeError with what kubectl said
 */
export async function installPlatform(
  options: InstallOptions,
  signal: AbortSignal,
  onBegin: () => void = () => undefined,
): Promise<void> {
  const { about, folder, say } = options;
  if (about.ingress === undefined)
    throw new NodeError('box_failed', 'the node has no ingress to install for');
  const { ingressClass, gateway } = about.ingress;
  const program = synthesise(
    nodeProgram({ ingressClass, gateway, apiServerPort: Number(new URL(about.url).port) }),
  );
  const manifests = path.join(folder, 'manifests');
  mkdirSync(manifests, { recursive: true });
  const files = writeYaml(program, manifests).map(({ name }) => path.join(manifests, name));
  const objects = program.charts.flatMap((chart) => chart.objects.map(({ manifest }) => manifest));
  const kubectl = (...args: readonly string[]) => runKubectl(about, args, signal);
  await refuseOther(options, signal);

  if (options.exec !== undefined) await prepareNode(options.exec);
  onBegin();
  say(`applying ${objects.length} objects of the platform and the quickstart`);
  const first = path.join(folder, 'first.json');
  writeFileSync(first, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: firstOf(options, objects) }), {
    mode: 0o600,
  });
  await kubectl('apply', '--server-side', '-f', first);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  await kubectl('apply', '--server-side', ...files.flatMap((file) => ['-f', file]));
  for (const [workload, namespace] of WORKLOADS) {
    say(`waiting for ${workload}`);
    await kubectl('rollout', 'status', workload, '-n', namespace, '--timeout=180s');
  }
  say('waiting for the servers of the quickstart');
  await kubectl('wait', '--for=condition=Ready', 'mcpserver', '--all', '-A', '--timeout=180s');
}

/** Whoever has a platform in a cluster does not want it overwritten, and removed in the end. */
async function refuseOther({ about }: InstallOptions, signal: AbortSignal): Promise<void> {
  const found = await runKubectl(
    about,
    ['get', 'namespace', NAMESPACES.platform, '--ignore-not-found', '-o', 'name'],
    signal,
  );
  if (found.trim() === '') return;
  throw new NodeError(
    'context_failed',
    `the cluster has a namespace ${NAMESPACES.platform} already: use one without the platform, or --without-platform`,
  );
}

async function prepareNode(exec: NonNullable<InstallOptions['exec']>): Promise<void> {
  for (const [name, target] of Object.entries(QUICKSTART_IMAGES)) {
    const own = `mcp-runtime.local/${target}:test`;
    await exec(['ctr', '-n', 'k8s.io', 'images', 'tag', '--force', own, name]);
  }
  // A container of the sentinel is no root, and nobody else gives it a folder of the node.
  await exec(['install', '-d', '-o', '65532', '-g', '65532', VOLUME_FOLDER]);
}

/** Removes what was installed, the definitions with every object of their kinds. */
export async function uninstallPlatform({ about, folder, say }: InstallOptions): Promise<void> {
  say('removing the platform');
  const { signal } = new AbortController();
  const manifests = path.join(folder, 'manifests');
  await runKubectl(about, ['delete', 'mcpservers,mcpaccessgrants,mcpagentsessions', '--all', '-A'], signal);
  await runKubectl(about, ['delete', '--ignore-not-found', '-f', manifests, '--timeout=120s'], signal);
}

/** What others need to be there: definitions, namespaces, a volume, and the one Secret that no manifest holds. */
function firstOf({ exec }: InstallOptions, objects: readonly Manifest[]): readonly object[] {
  const early = objects.filter(({ kind }) => kind === 'CustomResourceDefinition' || kind === 'Namespace');
  const token = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: API_TOKEN_SECRET.name, namespace: NAMESPACES.sentinel },
    stringData: { [API_TOKEN_SECRET.key]: randomBytes(24).toString('hex') },
  };
  return [...early, token, ...(exec === undefined ? [] : [VOLUME])];
}

async function runKubectl(about: NodeFile, args: readonly string[], signal: AbortSignal): Promise<string> {
  const kubeconfig = about.users['admin']?.kubeconfig ?? '';
  try {
    const options = { signal, timeout: 240_000 };
    return (await execute(about.kubectl, ['--kubeconfig', kubeconfig, ...args], options)).stdout;
  } catch (error) {
    if (signal.aborted) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new NodeError('box_failed', `the platform could not be installed: ${said}`);
  }
}
