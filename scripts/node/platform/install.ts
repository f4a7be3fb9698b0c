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
  /** Runs a program on the node. */
  readonly exec: (command: readonly string[]) => Promise<void>;
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
 * @throws NodeError with what kubectl said
 */
export async function installPlatform(options: InstallOptions, signal: AbortSignal): Promise<void> {
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

  for (const [name, target] of Object.entries(QUICKSTART_IMAGES))
    await options.exec([
      'ctr',
      '-n',
      'k8s.io',
      'images',
      'tag',
      '--force',
      `mcp-runtime.local/${target}:test`,
      name,
    ]);
  // A container of the sentinel is no root, and nobody else gives it a folder of the node.
  await options.exec(['install', '-d', '-o', '65532', '-g', '65532', VOLUME_FOLDER]);
  say(`applying ${objects.length} objects of the platform and the quickstart`);
  const first = path.join(folder, 'first.json');
  writeFileSync(first, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: firstOf(objects) }), {
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

/** What others need to be there: definitions, namespaces, a volume, and the one Secret that no manifest holds. */
function firstOf(objects: readonly Manifest[]): readonly object[] {
  const early = objects.filter(({ kind }) => kind === 'CustomResourceDefinition' || kind === 'Namespace');
  const token = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: API_TOKEN_SECRET.name, namespace: NAMESPACES.sentinel },
    stringData: { [API_TOKEN_SECRET.key]: randomBytes(24).toString('hex') },
  };
  return [...early, token, VOLUME];
}

async function runKubectl(about: NodeFile, args: readonly string[], signal: AbortSignal): Promise<void> {
  const kubeconfig = about.users['admin']?.kubeconfig ?? '';
  try {
    await execute(about.kubectl, ['--kubeconfig', kubeconfig, ...args], { signal, timeout: 240_000 });
  } catch (error) {
    if (signal.aborted) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new NodeError('box_failed', `the platform could not be installed: ${said}`);
  }
}
