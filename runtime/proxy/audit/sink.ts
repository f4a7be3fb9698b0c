// Where the proxy's audit events go: numbered, chained, and in batches to the spool. It never waits for the network
// and never blocks a request, unless the request has to be on record before it is forwarded.
import { hash } from 'node:crypto';
import { FIRST_PREV_HASH, type AuditPayload } from '#api/audit-event.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { EventTexts, type TextKeeper } from './event-text.ts';
import { LineBuffer } from './line-buffer.ts';
import type { Spool } from './spool.ts';

/** What a request adds to an event; the sink adds the rest of the envelope. */
export interface AuditRecord {
  readonly id: string;
  readonly traceId: string | undefined;
  readonly payload: AuditPayload;
  /** Whose request it is, where that is known. */
  readonly caller?: TextKeeper | undefined;
}

export interface AuditIdentity {
  readonly source: string;
  readonly eventType: string;
  readonly instance: string;
}

export interface AuditSinkOptions {
  readonly spool: Spool;
  readonly identity: AuditIdentity;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when events reached the spool. */
  readonly onAppended: () => void;
}

export interface AuditCounts {
  recorded: number;
  /** Events that found no room or could not be written. */
  lost: number;
}

/** Longest time an event waits in memory, most events that do. */
export const AUDIT_WINDOW = { ms: 50, events: 200 } as const;

/** Memory for events while the disk is slow; beyond it they are lost, and counted. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const LOSS_LOG_INTERVAL_MS = 10_000;

/** Told whether the event is on disk. */
export type OnCommitted = (stored: boolean) => void;

interface Batch {
  readonly lines: Buffer;
  readonly count: number;
  readonly waiting: readonly OnCommitted[];
}

export class AuditSink {
  readonly counts: AuditCounts = { recorded: 0, lost: 0 };
  private readonly options: AuditSinkOptions;
  private readonly envelope: string;
  private readonly texts = new EventTexts();
  private readonly lines = new LineBuffer();
  private waiting: OnCommitted[] = [];
  private flushing: Promise<void> | undefined;
  private flushingBytes = 0;
  private overdue = false;
  private timer: NodeJS.Timeout | undefined;
  private seq = 0;
  private prevHash = FIRST_PREV_HASH;
  private lossLoggedMs = -Infinity;
  private lostLast = false;

  constructor(options: AuditSinkOptions) {
    this.options = options;
    const { source, eventType, instance } = options.identity;
    const { bootEpoch } = options.spool;
    const shared = { source, event_type: eventType, instance, boot_epoch: bootEpoch };
    this.envelope = JSON.stringify(shared).slice(1, -1);
  }

  /** Whether what came last found no room or could not be written. */
  get losing(): boolean {
    return this.lostLast;
  }

  /** Records an event; it is on disk within the window, or counted as lost. */
  record(record: AuditRecord): boolean {
    if (!this.admit(record)) return false;
    if (this.lines.count >= AUDIT_WINDOW.events) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), AUDIT_WINDOW.ms);
    return true;
  }

  /** Records an event and says when it is on disk. Calls that come together share one write. */
  commit(record: AuditRecord, onCommitted: OnCommitted): void {
    if (!this.admit(record)) {
      onCommitted(false);
      return;
    }
    this.waiting.push(onCommitted);
    if (this.waiting.length === 1) setImmediate(() => this.flush());
  }

  /** Writes what waits in memory. */
  async close(): Promise<void> {
    this.flush();
    while (this.flushing !== undefined) await this.flushing;
  }

  private admit(record: AuditRecord): boolean {
    this.seq += 1;
    const before = this.lines.byteLength;
    // Encoded once: what is hashed, kept and sent are these bytes.
    const line = this.write(record);
    const pending = this.lines.byteLength + this.flushingBytes;
    if (pending > MAX_PENDING_BYTES || !this.options.spool.hasRoomFor(pending)) {
      this.lines.takeBack(before);
      this.lose(1, 'the spool is full; events are delivered too slowly or not at all');
      return false;
    }
    // The chain goes on from what was kept, and the gap in `seq` shows what was not.
    this.prevHash = hash('sha256', line, 'hex');
    this.counts.recorded += 1;
    return true;
  }

  private write({ id, traceId, payload, caller }: AuditRecord): Buffer {
    const { lines } = this;
    const timestamp = this.texts.timestamp(this.options.clock.nowMs());
    const trace = traceId === undefined ? '' : `"trace_id":"${traceId}",`;
    lines.begin();
    lines.put(`{"id":"${id}","timestamp":"${timestamp}",${trace}`);
    lines.put(this.envelope);
    lines.put(`,"seq":${this.seq},"prev_hash":"${this.prevHash}","payload":`);
    this.texts.put(lines, payload, caller);
    lines.put('}');
    return lines.finish();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.flushing !== undefined) {
      // The window of these events has passed while others were being written: they go next.
      this.overdue = true;
      return;
    }
    const { count } = this.lines;
    if (count === 0) return;
    const batch = { count, lines: this.lines.take(), waiting: this.waiting };
    this.waiting = [];
    this.flushingBytes = batch.lines.length;
    this.flushing = this.store(batch).finally(() => {
      this.flushing = undefined;
      this.flushingBytes = 0;
      if (!this.overdue) return;
      this.overdue = false;
      this.flush();
    });
  }

  private async store({ lines, count, waiting }: Batch): Promise<void> {
    const { spool, onAppended } = this.options;
    let stored = true;
    try {
      await spool.append(lines, waiting.length > 0);
    } catch (error) {
      stored = false;
      this.counts.recorded -= count;
      this.lose(count, error instanceof Error ? error.message : String(error));
    }
    for (const onCommitted of waiting) onCommitted(stored);
    if (!stored) return;
    this.lostLast = false;
    onAppended();
  }

  private lose(events: number, why: string): void {
    this.counts.lost += events;
    this.lostLast = true;
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.lossLoggedMs < LOSS_LOG_INTERVAL_MS) return;
    this.lossLoggedMs = nowMs;
    this.options.log.error(
      { lost: this.counts.lost, why },
      'Audit events are being lost. Check that ANALYTICS_INGEST_URL answers and that STATE_DIR has room.',
    );
  }
}
