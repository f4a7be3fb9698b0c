// When a server is looked at again after a pass. What the API server will never take is not sent again until somebody
// changes something; what it may take later is sent with growing pauses; the rest comes by itself, as an event.
import type { Outcome } from '#runtime/kube/controller.ts';
import { isKubeError } from '#runtime/kube/kube.ts';

/**
 * For what only a person can mend: their change arrives as an event, or, of a quota or a role, as none at all. The
 * longer it lasts the longer the pause, and that is read off the status, so that a restart doesn't begin again.
 */
const REFUSED_MS = { first: 5_000, last: 60_000 } as const;
/** What keeps a server from being ready comes as an event; the longer it lasts, the less there is to find without one. */
const UNREADY_MOST_MS = 60_000;
/** For a namespace that is going away, and the server with it. */
const ENDING_MS = 30_000;

export interface PassResult {
  /** What was thrown while applying. */
  readonly errors: readonly unknown[];
  readonly isReady: boolean;
  /** For how long it has not been. */
  readonly unreadyForMs: number;
  /** When time alone changes something: a coalesced write, a status that waits for time to pass. */
  readonly lookAgainMs: readonly (number | undefined)[];
  /** How often a server that is not ready is looked at anyway, at first. */
  readonly requeueMs: number;
}

const refusedMs = (forMs: number) => Math.min(REFUSED_MS.last, Math.max(REFUSED_MS.first, forMs));

export function outcomeOf({ errors, isReady, unreadyForMs, lookAgainMs, requeueMs }: PassResult): Outcome {
  const times = lookAgainMs.filter((ms) => ms !== undefined);
  const passing = errors.find(
    (error) => !isKubeError(error, 'invalid', 'forbidden', 'namespace_terminating'),
  );
  if (passing !== undefined) return { kind: 'retry', error: passing };
  if (errors.some((error) => isKubeError(error, 'namespace_terminating'))) times.push(ENDING_MS);
  else if (errors.length > 0) times.push(refusedMs(unreadyForMs));
  else if (!isReady) times.push(Math.max(requeueMs, Math.min(UNREADY_MOST_MS, unreadyForMs)));
  return times.length === 0 ? { kind: 'done' } : { kind: 'again', afterMs: Math.min(...times) };
}
