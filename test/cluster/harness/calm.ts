// That nothing more is done. What was on its way when a test began to look may still arrive on a busy machine, so it
// looks at one stretch of time after the other, until nothing happened in one; whoever never rests never passes.
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
  askedSince: (mark: number) => readonly string[],
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
