// One place among the few that nodes may take on this machine: held by the process that runs the node, and cleaned by
// the next run where that process is gone without having done so.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withLock } from '../engines/build-lock.ts';
import type { Say } from '../engines/go.ts';
import { addressesOf, SLOTS, type Addresses } from './addresses.ts';
import { NodeError } from './node-error.ts';
import { identityOf, lives, processIdentity, type ProcessIdentity } from './process-identity.ts';

export interface Slot {
  readonly addresses: Addresses;
  /** Where the node keeps its files. */
  readonly folder: string;
}

/**
 * Takes the first slot that is free.
 * @param home folder of all nodes
 * @param clean removes what an earlier run may have left of a slot, with its folder
 * @throws NodeError where none is
 */
export async function takeSlot(home: string, say: Say, clean: (slot: Slot) => Promise<void>): Promise<Slot> {
  const waiting = () => say('waiting for another run that is starting');
  return withLock(path.join(home, 'lock'), waiting, async () => {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const folder = path.join(home, String(slot));
      const owner = ownerOf(folder);
      if (owner !== undefined && lives(owner)) {
        say(`a node of process ${owner.pid} runs already; this one gets addresses of its own`);
        continue;
      }
      if (owner !== undefined) say(`removing what an earlier run left in ${folder}`);
      const addresses = addressesOf(slot);
      await clean({ addresses, folder });
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, 'owner.json'), JSON.stringify(identityOf(process.pid)));
      return { addresses, folder };
    }
    throw new NodeError('no_slot', `${SLOTS} nodes run on this machine already: end one of them (${home})`);
  });
}

function ownerOf(folder: string): ProcessIdentity | undefined {
  try {
    const json: unknown = JSON.parse(readFileSync(path.join(folder, 'owner.json'), 'utf8'));
    return processIdentity.parse(json);
  } catch {
    return undefined;
  }
}
