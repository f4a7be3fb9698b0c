// One file of the log: frames one after another, from the offset in its name. It is written at its end only; once
// the next segment exists it doesn't change any more.
import type { StreamBatch } from './event-stream.ts';
import { decodeFrame, FRAME_HEADER_BYTES } from './frame.ts';
import type { LogFile } from './log-files.ts';

const READ_BYTES = 1024 * 1024;
const NAME = /^(\d{16})\.log$/;

export function segmentName(base: number): string {
  return `${String(base).padStart(16, '0')}.log`;
}

/** The offset in a segment's name; `undefined` where the name is another file's. */
export function segmentBase(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export interface Segment {
  readonly base: number;
  readonly file: LogFile;
  /** Bytes of whole, durable frames. What may lie behind them doesn't count. */
  size: number;
  /** Offset of the first event after this segment's last. */
  end: number;
}

export interface Placed {
  readonly batch: StreamBatch;
  /** Position of the frame behind this one. */
  readonly next: number;
}

/** Reads frames from `position` up to `limit` bytes of the file; ends at the first that isn't whole and right. */
export async function* readFrames(file: LogFile, position: number, limit: number): AsyncGenerator<Placed> {
  let from = position;
  let needed = FRAME_HEADER_BYTES;
  while (from + needed <= limit) {
    const bytes = await file.read(from, Math.min(Math.max(needed, READ_BYTES), limit - from));
    if (bytes.length < needed) return;
    let at = 0;
    let frame = decodeFrame(bytes, at);
    for (; frame.kind === 'batch'; frame = decodeFrame(bytes, at)) {
      at += frame.bytes;
      yield { batch: frame.batch, next: from + at };
    }
    if (frame.kind === 'damaged') return;
    from += at;
    needed = frame.needed;
  }
}

/** Finds out what of a file counts: frames that follow each other from `base` on, below `ceiling`. */
export async function scanSegment(file: LogFile, base: number, ceiling: number): Promise<Segment> {
  const segment = { base, file, size: 0, end: base };
  for await (const { batch, next } of readFrames(file, 0, await file.size())) {
    if (batch.offset !== segment.end || batch.offset + batch.count > ceiling) break;
    segment.size = next;
    segment.end = batch.offset + batch.count;
  }
  return segment;
}
