// What a node leaves on the machine, and its removal: after a run, and before one where an earlier run was killed. All
// of its processes, mounts and networks are in namespaces that end with its first process, so there is little.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeControlGroups } from './control-groups.ts';
import { removeLink } from './network.ts';
import { NodeError } from './node-error.ts';
import { identityOf, lives, processIdentity } from './process-identity.ts';
import type { Slot } from './slot.ts';

const goneWithinMs = 20_000;

/** Notes which process is the first of the box, for whoever has to clean up. */
export function noteBox(folder: string, pid: number): void {
  writeFileSync(path.join(folder, 'box.json'), JSON.stringify(identityOf(pid)));
}

/** Ends the box with everything in it, and removes its link, its control groups and its folder. */
export async function removeRemains({ addresses, folder }: Slot): Promise<void> {
  await endBox(folder);
  await removeLink(addresses);
  const until = performance.now() + goneWithinMs;
  // Groups stay in use for a moment after their last process has ended.
  let left = removeControlGroups(addresses.controlGroup);
  while (left.length > 0 && performance.now() < until) {
    await sleep(50);
    left = removeControlGroups(addresses.controlGroup);
  }
  if (left.length > 0)
    throw new NodeError('box_failed', `processes are left in ${left.join(', ')}: end them, then remove it`);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The kernel ends every process of a process namespace with its first one, before that one is gone. */
async function endBox(folder: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(path.join(folder, 'box.json'), 'utf8');
  } catch {
    return;
  }
  const json: unknown = JSON.parse(text);
  const { data: box } = processIdentity.safeParse(json);
  if (box === undefined || !lives(box)) return;
  process.kill(box.pid, 'SIGKILL');
  const until = performance.now() + goneWithinMs;
  while (lives(box)) {
    if (performance.now() > until)
      throw new NodeError(
        'box_failed',
        `process ${box.pid}, the first of the node in ${folder}, does not end`,
      );
    await sleep(20);
  }
}
