// Lists caches again where somebody has seen more than they have: a proxy that enforces a newer document, a pod that is
// not known yet. Watches tell of silence only now and then, so two distributors see the same cluster at different
// versions, and one whose watch is stuck would be behind for minutes. Who asks doesn't decide how often: a list of all
// sessions is no small thing.
import { pause, type Clock } from '#runtime/kube/clock.ts';

/** The part of a reflector that is needed here. */
export interface Refreshable {
  refresh(): Promise<void>;
}

export interface RefresherOptions<Name extends string> {
  readonly caches: Readonly<Record<Name, Refreshable>>;
  readonly clock: Clock;
  /** Shortest time between two lists of one cache that were asked for. @default 2000 */
  readonly intervalMs?: number;
  /** Called when a cache was listed. */
  readonly onRefreshed: (name: Name) => void;
}

export class Refresher<Name extends string> {
  private readonly options: RefresherOptions<Name>;
  private readonly intervalMs: number;
  private readonly lastMs = new Map<Name, number>();
  private readonly underWay = new Map<Name, Promise<void>>();
  private readonly stopped = new AbortController();

  constructor(options: RefresherOptions<Name>) {
    this.options = options;
    this.intervalMs = options.intervalMs ?? 2_000;
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
    const waitMs = (this.lastMs.get(name) ?? -Infinity) + this.intervalMs - clock.monotonicMs();
    if (waitMs > 0) await pause(waitMs, this.stopped.signal);
    if (this.stopped.signal.aborted) return;
    this.lastMs.set(name, clock.monotonicMs());
    await caches[name].refresh();
    onRefreshed(name);
  }
}
