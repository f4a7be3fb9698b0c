// Decisions as they happen, for everybody who is watching. A watcher that can't follow misses decisions and is told
// how many; nothing here grows with the traffic, and nothing is parsed while nobody watches.
import type { DecisionRecord, LiveDecisions, StreamQuery } from '#api/sentinel-api.ts';
import { storedEvent } from '#api/sentinel-api.ts';
import type { EventBatch, EventStream } from '../stream/event-stream.ts';
import { decisionRecordOf, isDecision } from './decision-record.ts';

const MAX_WATCHERS = 64;
/** The latest decisions that wait for one watcher. */
const MAX_WAITING = 200;

export type LiveMessage =
  | { readonly kind: 'decisions'; readonly data: LiveDecisions }
  | { readonly kind: 'inventory' }
  | { readonly kind: 'heartbeat' };

export class LiveFeed {
  private readonly stream: EventStream;
  private readonly watchers = new Set<Watcher>();
  private unsubscribe: (() => void) | undefined;

  constructor(stream: EventStream) {
    this.stream = stream;
  }

  /** `undefined` where too many are watching already. */
  watch(query: StreamQuery): Watcher | undefined {
    if (this.watchers.size >= MAX_WATCHERS) return undefined;
    const watcher = new Watcher(query, () => this.leave(watcher));
    this.watchers.add(watcher);
    this.unsubscribe ??= this.stream.subscribe((batch) => this.publish(batch));
    return watcher;
  }

  /** Tells every watcher that servers, grants or sessions are other ones now. */
  inventoryChanged(): void {
    for (const watcher of this.watchers) watcher.offerInventory();
  }

  get size(): number {
    return this.watchers.size;
  }

  close(): void {
    for (const watcher of this.watchers) watcher.close();
  }

  private leave(watcher: Watcher): void {
    this.watchers.delete(watcher);
    if (this.watchers.size > 0) return;
    this.unsubscribe?.();
    this.unsubscribe = undefined;
  }

  private publish(batch: EventBatch): void {
    const lines = batch.lines.toString('utf8').split('\n').slice(0, -1);
    // More than a watcher may have waiting can't be shown; parsing them would only cost.
    const skipped = Math.max(0, lines.length - MAX_WAITING);
    const decisions = lines.slice(skipped).flatMap((line) => {
      const parsed = storedEvent.safeParse(JSON.parse(line));
      return parsed.success && isDecision(parsed.data) ? [decisionRecordOf(parsed.data)] : [];
    });
    for (const watcher of this.watchers) watcher.offer(decisions, skipped);
  }
}

export class Watcher {
  private readonly query: StreamQuery;
  private readonly onClose: () => void;
  private decisions: readonly DecisionRecord[] = [];
  private skipped = 0;
  private inventory = false;
  private closed = false;
  private wake: (() => void) | undefined;

  constructor(query: StreamQuery, onClose: () => void) {
    this.query = query;
    this.onClose = onClose;
  }

  offer(decisions: readonly DecisionRecord[], skipped: number): void {
    const all = [...this.decisions, ...decisions.filter((decision) => this.wants(decision))];
    const left = Math.max(0, all.length - MAX_WAITING);
    this.decisions = all.slice(left);
    this.skipped += left + skipped;
    if (all.length > 0) this.wake?.();
  }

  offerInventory(): void {
    this.inventory = true;
    this.wake?.();
  }

  /** Waits for something to say, at most `heartbeatMs`; `undefined` once closed. */
  async next(heartbeatMs: number): Promise<LiveMessage | undefined> {
    if (!this.hasNews()) await this.news(heartbeatMs);
    if (this.closed) return undefined;
    if (this.inventory) {
      this.inventory = false;
      return { kind: 'inventory' };
    }
    if (this.decisions.length === 0) return { kind: 'heartbeat' };
    const data = { decisions: [...this.decisions], skipped: this.skipped };
    this.decisions = [];
    this.skipped = 0;
    return { kind: 'decisions', data };
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.wake?.();
    this.onClose();
  }

  private hasNews(): boolean {
    return this.closed || this.inventory || this.decisions.length > 0;
  }

  private async news(heartbeatMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.wake = () => resolve(undefined);
    const timer = setTimeout(this.wake, heartbeatMs);
    await promise;
    clearTimeout(timer);
    this.wake = undefined;
  }

  private wants(decision: DecisionRecord): boolean {
    const { namespace, server, decision: wanted } = this.query;
    return (
      (namespace === undefined || namespace === decision.namespace) &&
      (server === undefined || server === decision.server) &&
      (wanted === undefined || wanted === decision.decision)
    );
  }
}
