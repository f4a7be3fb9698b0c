// The embedded event stream: an append-only log in a folder of segment files. Concurrent batches share one fsync;
// an append resolves after it. It keeps what the reader has not committed, refuses to grow past its bound, and never
// pretends: a batch that may not be on disk is rejected. One process at a time may open a folder (see folder-lock).
import type { Log } from '#runtime/process/log.ts';
import type {
  EventBatch,
  EventStream,
  ReadLimits,
  StreamBatch,
  StreamSlice,
  StreamStats,
} from './event-stream.ts';
import { StreamError } from './event-stream.ts';
import { encodeFrame, FRAME_HEADER_BYTES } from './frame.ts';
import type { LogFiles } from './log-files.ts';
import { recoverLog, COMMITTED_FILE } from './recover-log.ts';
import type { Segment } from './segment.ts';
import { readFrames, segmentName } from './segment.ts';
import { errorMessage } from '../errors.ts';

export interface EmbeddedLogOptions {
  readonly files: LogFiles;
  readonly log: Log;
  /** Bound of everything on disk. @default 2 GiB */
  readonly maxBytes?: number;
  /** A segment that is larger is followed by a new one. @default 32 MiB */
  readonly segmentBytes?: number;
  /** Bound of what waits in memory for the disk. @default 64 MiB */
  readonly queueBytes?: number;
}

/** Batches of one fsync; more would only make the first of them wait. */
const GROUP_BATCHES = 512;

interface Waiting {
  readonly batch: EventBatch;
  readonly resolve: () => void;
  readonly reject: (error: StreamError) => void;
}

/** Opens the log and brings it to a clean end: a torn tail is cut, everything acknowledged is there. */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventStream> {
  const recovered = await recoverLog(options.files, options.log);
  return new EmbeddedLog(options, recovered);
}

class EmbeddedLog implements EventStream {
  private readonly files: LogFiles;
  private readonly log: Log;
  private readonly maxBytes: number;
  private readonly segmentBytes: number;
  private readonly queueBytes: number;
  private readonly segments: Segment[];
  private readonly listeners = new Set<(batch: EventBatch) => void>();
  private queue: Waiting[] = [];
  private queued = 0;
  private flushing: Promise<void> | undefined;
  private appendable: boolean;
  private end: number;
  private lost: number;
  private problem: string | undefined;
  private closed = false;
  /** Where the last read ended, so that the next one needn't search. */
  private cursor = { offset: -1, position: 0 };
  committed: number;

  constructor(options: EmbeddedLogOptions, recovered: Awaited<ReturnType<typeof recoverLog>>) {
    this.files = options.files;
    this.log = options.log;
    this.maxBytes = options.maxBytes ?? 2 * 1024 ** 3;
    this.segmentBytes = options.segmentBytes ?? 32 * 1024 ** 2;
    this.queueBytes = options.queueBytes ?? 64 * 1024 ** 2;
    this.segments = [...recovered.segments];
    this.end = recovered.end;
    this.lost = recovered.lost;
    this.committed = recovered.committed;
    this.appendable = this.segments.length > 0;
  }

  async append(batch: EventBatch): Promise<void> {
    if (batch.count === 0) return;
    if (this.closed) throw new StreamError('closed', 'The sentinel is shutting down.');
    const bytes = batch.lines.length + FRAME_HEADER_BYTES;
    if (this.queued + bytes > this.queueBytes) {
      throw new StreamError('busy', 'More events are waiting for the disk than memory allows.');
    }
    if (this.diskBytes() + this.queued + bytes > this.maxBytes) {
      throw new StreamError(
        'full',
        `The log has reached its bound of ${this.maxBytes} bytes; the store lags.`,
      );
    }
    this.queued += bytes;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.queue.push({ batch, resolve: () => resolve(undefined), reject });
    this.flushing ??= this.flush();
    await promise;
  }

  async read(offset: number, limits: ReadLimits): Promise<StreamSlice> {
    const batches: StreamBatch[] = [];
    let next = offset;
    let events = 0;
    let bytes = 0;
    for (const segment of this.segments) {
      // An append may grow both while this reads; together they are what is durable now.
      const { size, end } = segment;
      if (end <= next) continue;
      next = Math.max(next, segment.base);
      for await (const placed of readFrames(segment.file, this.positionOf(segment, next), size)) {
        if (placed.batch.offset + placed.batch.count <= next) continue;
        batches.push(placed.batch);
        next = placed.batch.offset + placed.batch.count;
        this.cursor = { offset: next, position: placed.next };
        events += placed.batch.count;
        bytes += placed.batch.lines.length;
        if (events >= limits.events || bytes >= limits.bytes || next >= end) break;
      }
      if (events >= limits.events || bytes >= limits.bytes) break;
      if (next < end) next = this.skipDamage(segment.base, next, end);
    }
    return { batches, next };
  }

  async commit(offset: number): Promise<void> {
    if (offset <= this.committed) return;
    this.committed = Math.min(offset, this.end);
    try {
      await this.files.writeText(COMMITTED_FILE, `${this.committed}\n`);
    } catch (error) {
      // Not being able to remember only means that the store sees some events again, and it knows them.
      this.log.warn({ error }, 'The position of the writer could not be saved.');
    }
    await this.removeConsumed();
  }

  subscribe(listener: (batch: EventBatch) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  stats(): StreamStats {
    return {
      pending: this.end - this.committed,
      bytes: this.diskBytes(),
      lost: this.lost,
      problem: this.problem,
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.flushing;
    for (const segment of this.segments) await segment.file.close();
    this.segments.length = 0;
  }

  private diskBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  private positionOf(segment: Segment, offset: number): number {
    return this.cursor.offset === offset && offset > segment.base ? this.cursor.position : 0;
  }

  private skipDamage(base: number, from: number, end: number): number {
    this.lost += end - from;
    this.log.error(
      { segment: segmentName(base), offset: from, events: end - from },
      'A part of the log is damaged and can not be read: these acknowledged events are lost. Check the disk.',
    );
    return end;
  }

  private async flush(): Promise<void> {
    while (this.queue.length > 0) {
      const group = this.queue.slice(0, GROUP_BATCHES);
      this.queue = this.queue.slice(GROUP_BATCHES);
      const failure = await this.write(group);
      for (const waiting of group) {
        this.queued -= waiting.batch.lines.length + FRAME_HEADER_BYTES;
        if (failure === undefined) waiting.resolve();
        else waiting.reject(failure);
      }
      if (failure === undefined) this.announce(group);
    }
    this.flushing = undefined;
  }

  private async write(group: readonly Waiting[]): Promise<StreamError | undefined> {
    try {
      const segment = await this.appendableSegment();
      let { end } = this;
      const buffers = group.flatMap(({ batch }) => {
        const frame = encodeFrame(batch, end);
        end += batch.count;
        return frame;
      });
      await segment.file.write(buffers, segment.size);
      await segment.file.sync();
      segment.size += buffers.reduce((sum, buffer) => sum + buffer.length, 0);
      segment.end = end;
      this.end = end;
      if (this.problem !== undefined) this.log.info({}, 'The log can be written again.');
      this.problem = undefined;
      return undefined;
    } catch (error) {
      return this.abandon(error);
    }
  }

  /**
   * After a failed write or fsync nobody knows what the file holds behind its last good frame, so nothing is ever
   * appended there: the tail is cut if that is possible, and the next append starts a new segment.
   */
  private async abandon(error: unknown): Promise<StreamError> {
    const active = this.appendable ? this.segments.at(-1) : undefined;
    this.appendable = false;
    const reason = errorMessage(error);
    if (this.problem === undefined)
      this.log.error({ error }, 'The log can not be written; events are refused.');
    this.problem = `The log can not be written: ${reason}`;
    await active?.file.truncate(active.size).catch(() => undefined);
    return new StreamError('unavailable', this.problem, { cause: error });
  }

  private async appendableSegment(): Promise<Segment> {
    const last = this.segments.at(-1);
    if (last !== undefined && this.appendable && last.size < this.segmentBytes) return last;
    this.appendable = false;
    // A segment that got nothing durable has the new one's name, and nothing in it that counts.
    if (last !== undefined && last.base === this.end) {
      this.segments.pop();
      await last.file.close();
    }
    const file = await this.files.open(segmentName(this.end), { create: true });
    const segment = { base: this.end, file, size: 0, end: this.end };
    this.segments.push(segment);
    this.appendable = true;
    return segment;
  }

  private announce(group: readonly Waiting[]): void {
    for (const { batch } of group) {
      for (const listener of this.listeners) listener(batch);
    }
  }

  /** The last segment stays, consumed or not: it is the one that is written. */
  private async removeConsumed(): Promise<void> {
    for (let first = this.segments[0]; this.segments.length > 1; first = this.segments[0]) {
      if (first === undefined || first.end > this.committed) return;
      this.segments.shift();
      await first.file.close();
      await this.files.remove(segmentName(first.base)).catch((error: unknown) => {
        this.log.warn(
          { error, segment: segmentName(first.base) },
          'A consumed segment could not be removed.',
        );
      });
    }
  }
}
