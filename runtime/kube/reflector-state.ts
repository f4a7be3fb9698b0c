// What a reflector tells of itself, for metrics and health.
import { isKubeError } from './kube.ts';

/** Why a watch was begun again. */
export type WatchEnd = 'ended' | 'stalled' | 'cut' | 'gone' | 'refused';

/** For metrics and health. */
export interface ReflectorState {
  readonly kind: string;
  readonly synced: boolean;
  /** Whether an optional kind is unknown to the server. */
  readonly absent: boolean;
  readonly size: number;
  readonly resourceVersion: string;
  /** Milliseconds since the epoch when the server last said something: a list, an event or a bookmark. */
  readonly lastHeardAtMs: number | undefined;
  readonly lastListAtMs: number | undefined;
  /** Lists after the first. */
  readonly relists: number;
  readonly watchEnds: Readonly<Record<WatchEnd, number>>;
  /** Failures in a row; 0 while all is well. */
  readonly failures: number;
  readonly lastError: string | undefined;
}

export function endOf(error: unknown): WatchEnd {
  if (isKubeError(error, 'gone')) return 'gone';
  if (isKubeError(error, 'timeout') && error.status === undefined) return 'stalled';
  return isKubeError(error, 'unavailable') && error.status === undefined ? 'cut' : 'refused';
}

/** Versions are decimal numbers that outgrow what a double holds exactly. */
export function isNewer(version: string, than: string): boolean {
  const comparable = /^\d+$/.test(version) && /^\d+$/.test(than);
  return comparable ? BigInt(version) > BigInt(than) : version !== than;
}
