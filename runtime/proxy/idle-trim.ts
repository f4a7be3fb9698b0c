// Reading a policy leaves several times its size in garbage, and V8 keeps the room for it: a proxy that then waits for
// callers would hold that for as long as it waits. So the room is given back, once, when there is a moment for it.
import type { Log } from '#runtime/process/log.ts';

export interface IdleTrimOptions {
  readonly policy: { onSwap(listener: () => void): () => void };
  readonly log: Log;
  /** Collects all garbage and frees what it filled. @default V8's, where Node runs with `--expose-gc`; else nothing is done */
  readonly collect?: (() => void) | undefined;
  /** Share of the time since it was last asked in which the process had something to do. @default of the event loop */
  readonly busyShare?: () => number;
  /** How long the process has to have been idle, and how often that is looked at. @default 500 */
  readonly lookMs?: number;
  /** Least time between two collections: a policy that changes each second isn't worth one a second. @default 60 000 */
  readonly leastMs?: number;
}

const LOOK_MS = 500;
const LEAST_MS = 60_000;
/** A collection takes some 30 ms for 1 000 grants; whoever has so little to do hardly meets it. */
const IDLE_SHARE = 0.02;

/** Collects after each policy that comes into force, when the process is idle. @returns what ends that */
export function trimWhenIdle(options: IdleTrimOptions): () => void {
  const { policy, log, collect = lastResort(), busyShare = busyShareOfLoop() } = options;
  const { lookMs = LOOK_MS, leastMs = LEAST_MS } = options;
  if (collect === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let collectedMs = -Infinity;
  const look = (): void => {
    timer = undefined;
    if (busyShare() > IDLE_SHARE || performance.now() - collectedMs < leastMs) {
      lookLater();
      return;
    }
    const { rss: before } = process.memoryUsage();
    const startedMs = performance.now();
    collect();
    collectedMs = performance.now();
    const freedBytes = before - process.memoryUsage().rss;
    log.debug({ freedBytes, tookMs: collectedMs - startedMs }, 'What reading the policy took is given back.');
  };
  const lookLater = (): void => {
    timer = setTimeout(look, lookMs).unref();
  };
  const forget = policy.onSwap(() => {
    if (timer !== undefined) return;
    busyShare();
    lookLater();
  });
  return () => {
    forget();
    clearTimeout(timer);
  };
}

/** An ordinary collection keeps the room that it made; only this one gives it back to the system. */
function lastResort(): (() => void) | undefined {
  const { gc } = globalThis;
  return gc && (() => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
}

function busyShareOfLoop(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
