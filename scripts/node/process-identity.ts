// Which process it is that an id once named: ids are used again, but not at the same tick of the machine's clock.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const processIdentity = z.object({
  pid: z.number(),
  /** Ticks since the machine came up. */
  startedAt: z.string(),
});

export type ProcessIdentity = z.output<typeof processIdentity>;

/** Undefined where no process has this id. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name, the second field, may hold anything; the start is the twentieth after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined;
  return { pid, startedAt: fields[19] ?? '' };
}

export function lives({ pid, startedAt }: ProcessIdentity): boolean {
  return identityOf(pid)?.startedAt === startedAt;
}

/** Ids of the children of a process. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
