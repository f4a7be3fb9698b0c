// How long to wait before trying again: doubling from a first pause up to a bound, with jitter, so that many who failed
// together don't come back together.

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** After the `failures`-th failure in a row (from 1): half of the pause is certain, the other half is chance. */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, chance = Math.random()): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(full / 2 + (full / 2) * chance);
}
