// Every state that an object goes through, as the API server tells it on a watch: what a poll would miss counts too.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';

export interface Watching {
  /** Values so far, the one at the start first, each that equals the one before left out. */
  readonly values: readonly string[];
  stop(): Promise<void>;
}

/**
 * Watches one object with kubectl, until it is stopped.
 * @param jsonPath of the value, `{.spec.replicas}`; an absent one is an empty text
 * @returns when the first state has come
 */
export async function watching(
  { about }: Cluster,
  what: string,
  namespace: string,
  jsonPath: string,
): Promise<Watching> {
  const config = about.users['admin']?.kubeconfig ?? '';
  const where = ['--kubeconfig', config, '-n', namespace];
  const args = ['get', what, '--watch', '-o', `jsonpath=${jsonPath}{"\\n"}`];
  const child = spawn(about.kubectl, [...where, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const values: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (values.at(-1) !== line) values.push(line);
  });
  await eventually(`${what} is watched`, () => values.length > 0);
  return { values, stop: () => stopped(child) };
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
