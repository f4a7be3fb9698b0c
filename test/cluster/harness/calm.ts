// What was asked of the API server by its own log, and that nothing more is done. What was on its way when a test began to look may still arrive on a busy machine, so it
// looks at one stretch of time after the other, until nothing happened in one; whoever never rests never passes.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { cluster } from './cluster.ts';
import { until } from './eventually.ts';

export interface Calm {
  readonly forMs: number;
  /** How much may happen in that time. @default 0 */
  readonly atMost?: number;
}

/** @param askedSince what was asked for since a mark of the audit log, in lines for people */
export async function becomesCalm(
  what: string,
  askedSince: (mark: Mark) => readonly string[],
  { forMs, atMost = 0 }: Calm,
): Promise<void> {
  await until(
    `${what}: at most ${atMost} requests in ${forMs} ms`,
    async () => {
      const since = cluster().audit.mark();
      await sleep(forMs);
      return askedSince(since);
    },
    (asked) => asked.length <= atMost,
    { timeoutMs: 90_000 },
  );
}

/** Waits until the log says just this: what everybody sees already may not be written down yet. */
export async function isLogged(
  what: string,
  look: () => readonly unknown[],
  wanted: readonly unknown[],
): Promise<void> {
  const expected = JSON.stringify(wanted);
  await until(what, look, (seen) => JSON.stringify(seen) === expected);
}
