// A control plane that a test file has for itself, of the minor under test, with the definitions of others and without ours:
// what is there of the platform, the test put there.
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ControlPlane } from '#scripts/engines/control-plane.ts';
import { ADMIN } from '#scripts/engines/control-plane-files.ts';
import { findEngines } from '#scripts/engines/find-engines.ts';
import { foreignDefinitions } from '#scripts/engines/module-files.ts';
import { isMinor } from '#scripts/engines/versions.ts';
import { cluster } from './cluster.ts';

export interface OwnCluster {
  readonly kubeconfig: string;
  /** Runs kubectl as admin. Throws with its standard error where it fails. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<Printed>;
  readonly untilEstablished: () => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @param controllers whether there are any, with nodes and pods that are played; without, nobody changes what a test makes
 * @param namespaces of what has to be there before the platform
 */
export async function ownCluster(
  controllers: boolean,
  namespaces: readonly string[] = ['cert-manager', 'monitoring'],
): Promise<OwnCluster> {
  const { minor } = cluster().about;
  if (!isMinor(minor)) throw new Error(`${minor} is no minor that we claim`);
  const options = { env: process.env, say: () => undefined };
  const plane = await ControlPlane.start({
    engines: await findEngines(minor, options),
    folder: mkdtempSync(path.join(tmpdir(), 'mcp-runtime-own-cluster-')),
    controllers,
  });
  const kubeconfig = plane.kubeconfigOf(ADMIN.name);
  const kubectl = (args: readonly string[], input = '') =>
    run(plane.engines.kubectl, ['--kubeconfig', kubeconfig, ...args], input);
  const untilEstablished = () =>
    kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=90s']);
  try {
    for (const definitions of await foreignDefinitions(options))
      await kubectl(['apply', '--server-side', '-f', definitions]);
    await untilEstablished();
    for (const each of namespaces) await kubectl(['create', 'namespace', each]);
  } catch (error) {
    await plane.stop();
    throw error;
  }
  return { kubeconfig, kubectl, untilEstablished, stop: () => plane.stop() };
}

function run(program: string, args: readonly string[], input: string): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`kubectl ${args.join(' ')}: ${stderr || error.message}`));
    });
    // A kubectl that ends before it has read its input is told by its status.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
