// Brings things to where they should be, one key at a time. A reconcile is level-based: it gets a key, not an event,
// looks at how things are, does what is missing, and says what is next. It has to be idempotent, because it runs again
// after every change, every failure and every restart. A failure is retried with growing pauses, and a key that keeps
// failing is never worked on without a pause, whatever events it causes.
import { randomUUID } from 'node:crypto';
import { backoffMs, type Backoff } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';
import { isKubeError } from './kube.ts';
import type { Log } from './log.ts';
import { WorkQueue } from './work-queue.ts';

/**
 * `done`: nothing to do until something changes. `again`: look again after a time (a deadline, something that tells
 * nobody when it changes). `retry`: it failed; `afterMs` where it is known when it may succeed, else back-off.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'retry'; readonly error: unknown; readonly afterMs?: number | undefined };

export interface ReconcileContext {
  /** Fires when the controller stops. */
  readonly signal: AbortSignal;
  /** Every line bears the controller, the key and the reconcile. */
  readonly log: Log;
  readonly reconcileId: string;
}

/** Throwing is the same as `retry`. */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<Outcome>;

export interface ReconcileObservation {
  readonly controller: string;
  readonly outcome: Outcome['kind'];
  readonly ms: number;
}

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  /** Keys worked on at once. */
  readonly concurrency: number;
  readonly log: Log;
  readonly clock?: Clock;
  readonly observer?: (observation: ReconcileObservation) => void;
  /** @default 250 ms up to 5 minutes */
  readonly backoff?: Backoff;
}

const BACKOFF: Backoff = { firstMs: 250, maxMs: 300_000 };
/** Whoever asks to look again at once gets at least this pause, so that no mistake becomes a hot loop. */
const SHORTEST_AGAIN_MS = 100;
/** A change may help a key that failed, so it needn't wait out its back-off, but no less than this. */
const RUSHED_RETRY_MS = 1_000;

export class Controller {
  readonly name: string;

  private readonly options: ControllerOptions;
  private readonly clock: Clock;
  private readonly queue: WorkQueue;
  private readonly failures = new Map<string, number>();
  private readonly stopping = new AbortController();
  private readonly stopped = Promise.withResolvers<undefined>();
  private started = false;

  constructor(options: ControllerOptions) {
    this.options = options;
    this.name = options.name;
    this.clock = options.clock ?? systemClock;
    this.queue = new WorkQueue(() => this.pump());
  }

  /** Keys that wait for a free worker. */
  get depth(): number {
    return this.queue.depth;
  }

  /** Keys that are being worked on. */
  get active(): number {
    return this.queue.active;
  }

  /** Keys whose last reconcile failed. */
  get failing(): number {
    return this.failures.size;
  }

  /** Asks for a reconcile of the key as soon as may be; cheap, and may be called before `start`. */
  enqueue(key: string): void {
    if (this.failures.has(key)) this.queue.addAfter(key, RUSHED_RETRY_MS);
    else this.queue.add(key);
  }

  /** Asks for a reconcile after a time, or earlier where one is asked for earlier. */
  enqueueAfter(key: string, ms: number): void {
    this.queue.addAfter(key, Math.max(SHORTEST_AGAIN_MS, ms));
  }

  start(): void {
    this.started = true;
    this.pump();
  }

  /** Takes nothing more, lets what runs come to its end (its signal fires), and resolves then. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.queue.close();
    if (this.queue.active > 0) await this.stopped.promise;
  }

  private pump(): void {
    if (!this.started || this.stopping.signal.aborted) return;
    while (this.queue.active < this.options.concurrency) {
      const key = this.queue.take();
      if (key === undefined) return;
      void this.work(key);
    }
  }

  private async work(key: string): Promise<void> {
    const reconcileId = randomUUID();
    const log = logWith(this.options.log, { controller: this.name, key, reconcileId });
    const start = this.clock.monotonicMs();
    const outcome = await this.attempt(key, { signal: this.stopping.signal, log, reconcileId });
    const ms = this.clock.monotonicMs() - start;
    this.options.observer?.({ controller: this.name, outcome: outcome.kind, ms });
    this.settle(key, outcome, log);
    this.queue.done(key);
    if (this.stopping.signal.aborted && this.queue.active === 0) this.stopped.resolve(undefined);
    this.pump();
  }

  private async attempt(key: string, context: ReconcileContext): Promise<Outcome> {
    try {
      return await this.options.reconcile(key, context);
    } catch (error) {
      return { kind: 'retry', error };
    }
  }

  private settle(key: string, outcome: Outcome, log: Log): void {
    if (outcome.kind !== 'retry') {
      this.failures.delete(key);
      if (outcome.kind === 'again') this.enqueueAfter(key, outcome.afterMs);
      return;
    }
    if (this.stopping.signal.aborted) return;
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    const { error, afterMs } = outcome;
    const asked = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(
      asked,
      SHORTEST_AGAIN_MS,
      afterMs ?? backoffMs(this.options.backoff ?? BACKOFF, failures),
    );
    log.warn({ error, failures, waitMs }, 'A reconcile failed and will be tried again.');
    this.queue.addAfter(key, waitMs);
  }
}

/** The same log with fields on every line. */
function logWith(log: Log, more: Readonly<Record<string, unknown>>): Log {
  return {
    debug: (fields, message) => log.debug({ ...more, ...fields }, message),
    info: (fields, message) => log.info({ ...more, ...fields }, message),
    warn: (fields, message) => log.warn({ ...more, ...fields }, message),
    error: (fields, message) => log.error({ ...more, ...fields }, message),
  };
}
