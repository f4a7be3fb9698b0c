// Brings events from the stream into the store: read, insert, commit, in that order, so that a crash between any
// two repeats events and never loses one. The store may be away; then this tries again, ever more slowly, and
// the log keeps the events.
import type { Log } from '#runtime/process/log.ts';
import { errorMessage } from '../errors.ts';
import type { EventStore } from '../store/event-store.ts';
import type { EventStream } from '../stream/event-stream.ts';

export interface WriterDeps {
  readonly stream: EventStream;
  /** Opens the store; rejects with an error that says what to do. */
  readonly openStore: () => Promise<EventStore>;
  readonly log: Log;
}

/** One insert. Larger ones cost memory, smaller ones make ClickHouse merge more. */
const INSERT_LIMITS = { events: 5_000, bytes: 5 * 1024 * 1024 };
/** Events gather for this long between two inserts, unless there are already enough. */
const GATHER_MS = 200;
const ENOUGH_EVENTS = 2_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 15_000;

export class Writer {
  private readonly deps: WriterDeps;
  private readonly stopping = new AbortController();
  private opened: EventStore | undefined;
  private running: Promise<void> | undefined;
  private retryMs = FIRST_RETRY_MS;
  private wake: (() => void) | undefined;
  /** Settled when neither an insert nor what has to be between two of them is under way. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Events inserted since the start; repeated ones count again. */
  written = 0;
  /** Why the store does not take events; absent while it does. */
  problem: string | undefined = 'The store is not open yet.';

  constructor(deps: WriterDeps) {
    this.deps = deps;
  }

  /** The store, once it is open. */
  get store(): EventStore | undefined {
    return this.opened;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Runs `work` while nothing is inserted; inserts wait for it. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return await done;
  }

  /** Writes what is there, as far as the store takes it and `signal` allows, and closes the store. */
  async stop(signal: AbortSignal): Promise<void> {
    this.stopping.abort();
    this.wake?.();
    await this.running;
    try {
      while (this.opened !== undefined && !signal.aborted && (await this.writeSome(this.opened)));
    } catch (error) {
      this.deps.log.warn({ error }, 'The last events stay in the log until the next start.');
    }
    await this.opened?.close();
    this.opened = undefined;
  }

  private async run(): Promise<void> {
    const unsubscribe = this.deps.stream.subscribe(() => this.wake?.());
    while (!this.stopping.signal.aborted) {
      try {
        this.opened ??= await this.deps.openStore();
        const wrote = await this.writeSome(this.opened);
        this.succeeded();
        if (!wrote) await this.pause(undefined);
        else if (this.deps.stream.stats().pending < ENOUGH_EVENTS) await this.pause(GATHER_MS);
      } catch (error) {
        this.failed(error);
        await this.pause(this.retryMs);
        this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
      }
    }
    unsubscribe();
  }

  /** Resolves to whether there was anything to write. */
  private async writeSome(store: EventStore): Promise<boolean> {
    const { stream } = this.deps;
    const { batches, next } = await stream.read(stream.committed, INSERT_LIMITS);
    if (next === stream.committed) return false;
    await this.between(() => store.insert(batches));
    await stream.commit(next);
    this.written += batches.reduce((sum, { count }) => sum + count, 0);
    return true;
  }

  private succeeded(): void {
    if (this.problem !== undefined) this.deps.log.info({}, 'The store takes events.');
    this.problem = undefined;
    this.retryMs = FIRST_RETRY_MS;
  }

  private failed(error: unknown): void {
    const problem = errorMessage(error);
    if (problem !== this.problem) {
      this.deps.log.error({ problem }, 'The store does not take events; they stay in the log meanwhile.');
    }
    this.problem = problem;
  }

  /** Waits for `ms`; without it, for the next event. Ends at once when stopping. */
  private async pause(ms: number | undefined): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done = (): void => resolve(undefined);
    const timer = ms === undefined ? undefined : setTimeout(done, ms);
    if (ms === undefined) this.wake = done;
    this.stopping.signal.addEventListener('abort', done, { once: true });
    // What came between the last read and now woke nobody.
    if (ms === undefined && this.deps.stream.stats().pending > 0) done();
    await promise;
    this.stopping.signal.removeEventListener('abort', done);
    clearTimeout(timer);
    this.wake = undefined;
  }
}
