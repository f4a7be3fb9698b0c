// When authorities and certificates are made, used and forgotten. Everything follows from their ages, so a new leader
// needs no memory: the newest authority signs once everybody has had the time to hear of it, and an older one is
// trusted until whoever it had vouched for is long gone. One pure function; it makes no certificate itself.

export interface TrustTimes {
  /** An authority is followed by a new one at this age. */
  readonly rotateAfterMs: number;
  /** How long everybody hears of an authority before it signs, and of its predecessor after that. */
  readonly overlapMs: number;
  readonly authorityValidMs: number;
  /** Of a serving certificate; it is replaced when two thirds are over. */
  readonly servingValidMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const TRUST_TIMES: TrustTimes = {
  rotateAfterMs: 240 * DAY_MS,
  // A kubelet may take minutes to bring a changed ConfigMap; a node that is away takes longer.
  overlapMs: DAY_MS,
  authorityValidMs: 365 * DAY_MS,
  servingValidMs: 30 * DAY_MS,
};

/** What has to be known of an authority. */
export interface Aged {
  readonly madeAtMs: number;
  readonly endsAtMs: number;
}

export interface TrustPlan<Authority extends Aged> {
  /** Those that are trusted, oldest first; all others are forgotten. */
  readonly trusted: readonly Authority[];
  /** The one that signs; undefined where one has to be made first. */
  readonly signer: Authority | undefined;
  /** Whether another one has to be made now. */
  readonly makeAnother: boolean;
  /** When the plan is another one by itself. */
  readonly nextAtMs: number;
}

/** Whether a certificate has to be replaced for its age alone. */
export function isDue({ madeAtMs, endsAtMs }: Aged, nowMs: number): boolean {
  return nowMs >= renewAtMs({ madeAtMs, endsAtMs });
}

/** When two thirds of its life are over. */
export function renewAtMs({ madeAtMs, endsAtMs }: Aged): number {
  return madeAtMs + ((endsAtMs - madeAtMs) * 2) / 3;
}

export function planTrust<Authority extends Aged>(
  authorities: readonly Authority[],
  { rotateAfterMs, overlapMs }: TrustTimes,
  nowMs: number,
): TrustPlan<Authority> {
  const alive = authorities
    .filter(({ endsAtMs }) => endsAtMs > nowMs)
    .sort((a, b) => a.madeAtMs - b.madeAtMs);
  const newest = alive.at(-1);
  if (newest === undefined) return { trusted: [], signer: undefined, makeAnother: true, nextAtMs: nowMs };
  const known = alive.filter(({ madeAtMs }) => nowMs - madeAtMs >= overlapMs);
  const signer = known.at(-1) ?? alive[0];
  const signerAgeMs = nowMs - (signer?.madeAtMs ?? nowMs);
  // It signs since its overlap was over; for as long again its predecessors are trusted.
  const predecessorsAreGone = signerAgeMs >= 2 * overlapMs;
  const trusted = alive.filter((each) => !predecessorsAreGone || each.madeAtMs >= (signer?.madeAtMs ?? 0));
  const makeAnother = nowMs - newest.madeAtMs >= rotateAfterMs;
  const moments = [
    newest.madeAtMs + rotateAfterMs,
    ...trusted.flatMap(({ madeAtMs, endsAtMs }) => [
      madeAtMs + overlapMs,
      madeAtMs + 2 * overlapMs,
      endsAtMs,
    ]),
  ];
  const nextAtMs = Math.min(...moments.filter((moment) => moment > nowMs));
  return { trusted, signer, makeAnother, nextAtMs };
}
