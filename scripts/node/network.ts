// The link between this machine and a node: a pair of virtual cards, one here, one in the node's network namespace. Only
// this machine has routes over it. The node has no way out, so an image that was not loaded fails at once.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemPath } from './requirements.ts';
import type { Addresses } from './addresses.ts';
import { NodeError } from './node-error.ts';

const execute = promisify(execFile);

async function ip(...args: readonly string[]): Promise<void> {
  const env = { ...process.env, PATH: systemPath(process.env['PATH'] ?? '') };
  await execute('ip', [...args], { env });
}

/**
 * Makes the link, its other end as `eth0` in the network of a process.
 * @throws NodeError where an address is in use
 */
export async function makeLink(addresses: Addresses, pid: number): Promise<void> {
  const { link, machine, node, pods, services } = addresses;
  try {
    await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
    await ip('address', 'add', `${machine}/24`, 'dev', link);
    await ip('link', 'set', link, 'up');
    for (const range of [pods, services]) await ip('route', 'add', range, 'via', node);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const ranges = `${machine}/24, ${pods}, ${services}`;
    throw new NodeError('box_failed', `no link to the node; it needs ${ranges} for itself: ${why}`, error);
  }
}

/** Removes the link, and with it the routes over it; it goes by itself some time after the node's network is gone. */
export async function removeLink({ link }: Addresses): Promise<void> {
  await ip('link', 'delete', link).catch(() => undefined);
}
