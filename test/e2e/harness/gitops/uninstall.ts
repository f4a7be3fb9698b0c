// How an installation is removed: the commands of docs/gitops.md, with the folders in the reverse of the order that the
// output itself states.
import path from 'node:path';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { kustomizationsOf } from './flux.ts';

const KINDS = 'mcpagentsessions,mcpaccessgrants,mcpservers';

/** What is of no stack: lies in namespaces of others, made by the operator for all servers there, and stays. */
const REST = ['configmaps,secrets', '-A', '-l', 'app.kubernetes.io/managed-by=mcp-runtime'];

const patience = '--timeout=180s';

const kubectl = (...args: readonly string[]) => cluster().kubectl(args);

/** Every custom resource, in Git or not, and all that was made for it. */
export async function deleteResources(): Promise<void> {
  await kubectl('delete', KINDS, '--all', '-A', '--cascade=foreground', patience);
}

/** @param stack name of its folder */
export async function deleteStack(folder: string, stack: string): Promise<void> {
  await kubectl('delete', '--ignore-not-found', '-k', path.join(folder, stack), patience);
}

/** Stacks of a folder, the last to be applied first. */
export function stacksBackwards(folder: string): readonly string[] {
  return kustomizationsOf(folder)
    .map(({ spec }) => spec.path.replace(/^\.\//, ''))
    .toReversed();
}

export async function deleteRest(): Promise<void> {
  await kubectl('delete', ...REST, patience);
}

/** The whole procedure. */
export async function uninstall(folder: string): Promise<void> {
  await deleteResources();
  for (const stack of stacksBackwards(folder)) await deleteStack(folder, stack);
  await deleteRest();
}
