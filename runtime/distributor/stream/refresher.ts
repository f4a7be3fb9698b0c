// Lists caches again where somebody has seen more than they have: a proxy that enforces a newer document, a pod that is
// not known yet. Watches tell of silence only now and then, so two distributors see the same cluster at different
// versions, and one whose watch is stuck would be behind for minutes. Who asks doesn't decide how often: the next list
// waits for a multiple of what the last one took, so that asking costs the API server a share of its time at most.
import { pause, type Clock } from '#runtime/kube/clock.ts';

/** The part of a reflector that is needed here. */
export interface Refreshable {
  refresh(): Promise<void>;
}

export interface RefresherOptions<Name extends string> {
  readonly caches: Readonly<Record<Name, Refreshable>>;
  readonly clock: Clock;
  /** Called when a cache was listed. */
  readonly onRefreshed: (name: Name) => void;
}

/** How long a cache rests after a list: so many times as long as the list took, within bounds. */
const REST = { times: 10, leastMs: 100, mostMs: 5_000 } as const;

export class Refresher<Name extends string> {
  private readonly options: RefresherOptions<Name>;
  /** When each cache may be listed again. */
  private readonly restsUntilMs = new Map<Name, number>();
  private readonly underWay = new Map<Name, Promise<void>>();
  private readonly stopped = new AbortController();

  constructor(options: RefresherOptions<Name>) {
    this.options = options;
  }

  /** Resolves when the cache was listed after this call, soon; whoever asks meanwhile gets the same list. */
  refresh(name: Name): Promise<void> {
    const known = this.underWay.get(name);
    if (known !== undefined) return known;
    const refreshed = this.list(name).finally(() => this.underWay.delete(name));
    this.underWay.set(name, refreshed);
    return refreshed;
  }

  stop(): void {
    this.stopped.abort();
  }

  private async list(name: Name): Promise<void> {
    const { caches, clock, onRefreshed } = this.options;
    const waitMs = (this.restsUntilMs.get(name) ?? 0) - clock.monotonicMs();
    if (waitMs > 0) await pause(waitMs, this.stopped.signal);
    if (this.stopped.signal.aborted) return;
    const startMs = clock.monotonicMs();
    await caches[name].refresh();
    const endMs = clock.monotonicMs();
    const restMs = Math.min(REST.mostMs, Math.max(REST.leastMs, REST.times * (endMs - startMs)));
    this.restsUntilMs.set(name, endMs + restMs);
    onRefreshed(name);
  }
}
