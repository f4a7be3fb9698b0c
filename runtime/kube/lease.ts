// At most one of several replicas acts: whoever holds a Lease. As client-go does it: a holder that is alive renews, one
// that could not renew in time gives up before its lease can be taken over, and one that stops hands it on at once.
// Clocks of different machines are never compared: a foreign lease has expired when this process has seen it unchanged
// for its duration. It is no lock (a process may be frozen past its deadline); what is written has to be safe anyway.
import { pause, systemClock, type Clock } from './clock.ts';
import { Limit } from './limit.ts';
import { recordOf, textOf } from './json.ts';
import { isKubeError, type Kube } from './kube.ts';
import type { Log } from './log.ts';
import type { KubeObject, ResourceType } from './object.ts';

export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  namespaced: true,
};

export interface LeaseTimes {
  /** How long others have to leave an unrenewed lease alone. @default 15000 */
  readonly leaseDurationMs: number;
  /** A holder that has not renewed for so long stops acting. @default 10000 */
  readonly renewDeadlineMs: number;
  /** Pause between attempts. @default 2000 */
  readonly retryPeriodMs: number;
}

export interface LeaderElectionOptions {
  readonly kube: Kube;
  readonly namespace: string;
  readonly name: string;
  /** Who this process is; unique among all that want the lease. */
  readonly identity: string;
  readonly log: Log;
  /**
   * Called once this process holds the lease; the signal fires when it no longer does, or is stopped. The lease is kept
   * until what is returned has settled, as long as that is within the renew deadline; a failure gives it up.
   */
  readonly onStarted: (leading: AbortSignal) => void | Promise<void>;
  /** Called when the lease was lost; what acts has to have stopped by then, or stop at once. */
  readonly onLost?: () => void;
  readonly clock?: Clock;
  readonly times?: Partial<LeaseTimes>;
}

/** `lost`: the lease went to somebody else or could not be renewed. `stopped`: the signal fired. */
export type LeaseEnd = 'lost' | 'stopped';

const TIMES: LeaseTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

interface Observed {
  readonly lease: KubeObject;
  readonly atMs: number;
}

export class LeaderElection {
  private readonly options: LeaderElectionOptions;
  private readonly clock: Clock;
  private readonly times: LeaseTimes;
  private observed: Observed | undefined;
  private renewedAtMs = 0;
  /** Whether this process holds the lease, as far as it knows. */
  leading = false;

  constructor(options: LeaderElectionOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.times = { ...TIMES, ...options.times };
  }

  /** Who holds the lease as last seen; undefined before, and where nobody does. */
  get holder(): string | undefined {
    return this.observed === undefined ? undefined : holderOf(this.observed.lease);
  }

  /** Whether this process holds the lease, and has renewed it so lately that nobody else may have taken it over. */
  get isCertain(): boolean {
    return this.leading && this.clock.monotonicMs() < this.renewedAtMs + this.times.renewDeadlineMs;
  }

  /** Waits for the lease, holds it, and resolves when it is lost or the signal fires. Never rejects. */
  async run(signal: AbortSignal): Promise<LeaseEnd> {
    while (!signal.aborted && !(await this.attempt(signal))) await pause(this.retryMs(), signal);
    if (!this.leading) return 'stopped';
    this.options.log.info(
      { lease: this.options.name, identity: this.options.identity },
      'This replica leads now.',
    );
    const leadership = new AbortController();
    const work = this.work(leadership);
    const lost = await this.hold(leadership.signal, signal);
    leadership.abort();
    if (lost) {
      this.leading = false;
      this.options.log.warn(
        { lease: this.options.name, holder: this.holder },
        'This replica has lost the lease.',
      );
      this.options.onLost?.();
      return 'lost';
    }
    await this.settled(work);
    await this.release();
    return signal.aborted ? 'stopped' : 'lost';
  }

  /** Ends the leadership when the work fails: who holds the lease and does nothing is worse than nobody. */
  private async work(leadership: AbortController): Promise<void> {
    try {
      await this.options.onStarted(leadership.signal);
    } catch (error) {
      if (leadership.signal.aborted) return;
      this.options.log.error(
        { lease: this.options.name, error },
        'What the leader does has failed; giving the lease up.',
      );
      leadership.abort();
    }
  }

  /** Renews; resolves to true where the lease is lost, to false where one of the signals has fired. */
  private async hold(leadership: AbortSignal, signal: AbortSignal): Promise<boolean> {
    const both = AbortSignal.any([leadership, signal]);
    for (;;) {
      await pause(this.times.retryPeriodMs, both);
      if (both.aborted) return false;
      const leftMs = this.renewedAtMs + this.times.renewDeadlineMs - this.clock.monotonicMs();
      if (leftMs <= 0) return true;
      const limit = new Limit(leftMs, both);
      const renewed = await this.attempt(limit.signal);
      limit.clear();
      // Whoever else holds it now may already act, however long ago that was.
      if (!renewed && this.holder !== undefined && this.holder !== this.options.identity) return true;
    }
  }

  /** One try to get or renew the lease. */
  private async attempt(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.acquire(signal);
    } catch (error) {
      if (signal.aborted) return false;
      const fields = { lease: this.options.name, error };
      // Somebody else was faster: that is what the lease is for.
      const expected = isKubeError(error, 'conflict', 'already_exists');
      if (expected) {
        this.options.log.debug(fields, 'Another replica wrote the lease first.');
        await this.look(signal).catch(() => undefined);
      } else this.options.log.warn(fields, 'The lease could not be read or written; trying again.');
      return false;
    }
  }

  private async acquire(signal: AbortSignal): Promise<boolean> {
    const startMs = this.clock.monotonicMs();
    const { kube } = this.options;
    // While leading, what was written last is what is there, or the write fails.
    const lease = this.leading ? this.observed?.lease : await this.look(signal);
    if (lease === undefined) {
      return this.won(await kube.create(LEASES, this.fresh(), signal), startMs);
    }
    if (this.isTaken()) return false;
    try {
      return this.won(await kube.replace(LEASES, this.claimed(lease), signal), startMs);
    } catch (error) {
      if (isKubeError(error, 'not_found')) this.observed = undefined;
      throw error;
    }
  }

  private won(lease: KubeObject, startMs: number): boolean {
    this.observed = { lease, atMs: startMs };
    // From before the request: others count from when the server has it, which is later.
    this.renewedAtMs = startMs;
    this.leading = true;
    return true;
  }

  private async look(signal: AbortSignal): Promise<KubeObject | undefined> {
    const { kube, namespace, name } = this.options;
    const lease = await kube.get(LEASES, { namespace, name }, signal);
    const known = this.observed?.lease.metadata;
    if (lease === undefined) this.observed = undefined;
    else if (lease.metadata.resourceVersion !== known?.resourceVersion || lease.metadata.uid !== known?.uid) {
      this.observed = { lease, atMs: this.clock.monotonicMs() };
    }
    return lease;
  }

  /** Whether somebody else holds it, and has not been silent for its duration. */
  private isTaken(): boolean {
    if (this.observed === undefined) return false;
    const { lease, atMs } = this.observed;
    const holder = holderOf(lease);
    if (holder === undefined || holder === this.options.identity) return false;
    const seconds = recordOf(lease.spec).leaseDurationSeconds;
    const durationMs = typeof seconds === 'number' ? seconds * 1000 : this.times.leaseDurationMs;
    return this.clock.monotonicMs() < atMs + durationMs;
  }

  private fresh(): KubeObject {
    const { namespace, name } = this.options;
    const now = microTime(this.clock.nowMs());
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name },
      spec: { ...this.holding(now), acquireTime: now, leaseTransitions: 0 },
    };
  }

  private claimed(lease: KubeObject): KubeObject {
    const spec = recordOf(lease.spec);
    const now = microTime(this.clock.nowMs());
    if (holderOf(lease) === this.options.identity)
      return { ...lease, spec: { ...spec, ...this.holding(now) } };
    const transitions = typeof spec.leaseTransitions === 'number' ? spec.leaseTransitions : 0;
    return {
      ...lease,
      spec: { ...spec, ...this.holding(now), acquireTime: now, leaseTransitions: transitions + 1 },
    };
  }

  private holding(now: string) {
    return {
      holderIdentity: this.options.identity,
      leaseDurationSeconds: Math.ceil(this.times.leaseDurationMs / 1000),
      renewTime: now,
    };
  }

  private async release(): Promise<void> {
    this.leading = false;
    const limit = new Limit(this.times.renewDeadlineMs, undefined);
    try {
      // What was written last may not be known: a renewal that was cut off may have been done all the same.
      const lease = await this.look(limit.signal);
      if (lease === undefined || holderOf(lease) !== this.options.identity) return;
      const renewTime = microTime(this.clock.nowMs());
      const spec = { ...recordOf(lease.spec), holderIdentity: '', leaseDurationSeconds: 1, renewTime };
      const released = await this.options.kube.replace(LEASES, { ...lease, spec }, limit.signal);
      this.observed = { lease: released, atMs: this.clock.monotonicMs() };
    } catch (error) {
      const fields = { lease: this.options.name, error };
      this.options.log.warn(fields, 'The lease could not be handed on; others wait until it expires.');
    } finally {
      limit.clear();
    }
  }

  /** Waits for the work to end, no longer than the lease is certain. */
  private async settled(work: Promise<void>): Promise<void> {
    const ended = new AbortController();
    const leftMs = this.renewedAtMs + this.times.renewDeadlineMs - this.clock.monotonicMs();
    await Promise.race([work, pause(Math.max(0, leftMs), ended.signal)]);
    ended.abort();
  }

  /** With jitter, so that those who wait don't come together. */
  private retryMs(): number {
    return this.times.retryPeriodMs * (1 + 0.2 * Math.random());
  }
}

function holderOf({ spec }: KubeObject): string | undefined {
  return textOf(recordOf(spec).holderIdentity);
}

/** As `MicroTime` is written. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
