// The audit queue on disk: append-only files of one event a line. What was appended survives the process; what was
// appended with `sync` survives the machine. It never rewrites a line and never holds more than its bound.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { CursorFile, type Position } from './cursor-file.ts';
import { EventLines } from './event-lines.ts';
import type { Room } from './room.ts';
import { RecentLines } from './recent-lines.ts';

export interface SpoolOptions {
  readonly folder: string;
  /** Bytes of all files together. */
  readonly maxBytes: number;
}

export interface SpoolBatch {
  /** Events as they were appended, in the room they were read to. */
  readonly events: EventLines;
  /** Where the spool goes on after them. */
  readonly next: Position;
}

interface Segment {
  readonly number: number;
  bytes: number;
}

interface OpenSegment {
  readonly file: fsp.FileHandle;
  readonly segment: Segment;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
const EPOCH_FILE = 'boot-epoch';
const SEGMENT_NAME = /^audit-(\d{10})\.ndjson$/;
const LINE_FEED = 0x0a;

export class Spool {
  /** Counts the starts of this folder's proxies, from 1. */
  readonly bootEpoch: number;
  private readonly folder: string;
  private readonly maxBytes: number;
  private readonly segmentBytes: number;
  private readonly segments: Segment[];
  private readonly recent = new RecentLines();
  private readonly cursorFile: CursorFile;
  private cursor: Position;
  private file: fsp.FileHandle | undefined;
  private writing: Promise<void> = Promise.resolve();

  /** Opens the folder, making it where it is missing. Throws where it can't be written. */
  constructor(options: SpoolOptions) {
    this.folder = options.folder;
    this.maxBytes = options.maxBytes;
    this.segmentBytes = Math.min(SEGMENT_BYTES, Math.max(1024, Math.floor(options.maxBytes / 8)));
    fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.bootEpoch = countBoot(path.join(this.folder, EPOCH_FILE));
    this.segments = findSegments(this.folder);
    for (const segment of this.segments) repair(this.pathOf(segment.number), segment);
    this.segments.push({ number: (this.segments.at(-1)?.number ?? 0) + 1, bytes: 0 });
    this.cursorFile = new CursorFile(this.folder);
    this.cursor = this.lastCursor();
  }

  get usedBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Whether so many more bytes fit. */
  hasRoomFor(bytes: number): boolean {
    return this.usedBytes + bytes <= this.maxBytes;
  }

  /**
   * Appends whole lines. Resolves once they are with the operating system, or with `sync` on the disk; until then they must
   * not change.
   */
  append(lines: Buffer, sync: boolean): Promise<void> {
    const written = this.writing.then(() => this.write(lines, sync));
    this.writing = written.catch(() => undefined);
    return written;
  }

  /** The oldest events not yet acknowledged; undefined where there are none. */
  async read(maxEvents: number, maxBytes: number, room: Room): Promise<SpoolBatch | undefined> {
    for (;;) {
      const segment = this.segments.find(({ number }) => number >= this.cursor.segment);
      if (segment === undefined) return undefined;
      if (segment.number > this.cursor.segment) this.cursor = { segment: segment.number, offset: 0 };
      const left = segment.bytes - this.cursor.offset;
      // A line longer than what is read at once must not hold up the rest.
      for (let bytes = Math.min(left, maxBytes); bytes > 0; bytes = Math.min(left, bytes * 2)) {
        const batch = await this.readLines(segment, bytes, maxEvents, room);
        if (batch !== undefined || bytes === left) return batch;
      }
      if (segment === this.segments.at(-1)) return undefined;
      await this.remove(segment);
    }
  }

  /** Says that a batch needn't be read again, now or after a restart. */
  acknowledge(batch: SpoolBatch): void {
    this.cursor = batch.next;
    this.recent.dropBefore(batch.next.segment, batch.next.offset);
    this.cursorFile.keep(this.cursor);
  }

  async close(): Promise<void> {
    await this.writing;
    await this.cursorFile.close();
    await this.file?.close();
    this.file = undefined;
  }

  private async write(lines: Buffer, sync: boolean): Promise<void> {
    const segment = await this.openSegment();
    const { file } = segment;
    try {
      await file.appendFile(lines);
    } catch (error) {
      await this.undo(segment);
      throw error;
    }
    this.recent.add(segment.segment.number, segment.segment.bytes, lines);
    segment.segment.bytes += lines.length;
    if (sync) await file.datasync();
  }

  /** A full disk takes part of a line: that has to go, or the next line would be none. */
  private async undo({ file, segment }: OpenSegment): Promise<void> {
    try {
      await file.truncate(segment.bytes);
    } catch {
      // What comes next goes elsewhere, and nobody reads on behind what was whole here.
      this.segments.push({ number: segment.number + 1, bytes: 0 });
      this.file = undefined;
      await file.close().catch(() => undefined);
    }
  }

  private async openSegment(): Promise<OpenSegment> {
    let segment = this.segments.at(-1);
    if (segment === undefined || segment.bytes >= this.segmentBytes) {
      await this.file?.close();
      this.file = undefined;
      segment = { number: (segment?.number ?? 0) + 1, bytes: 0 };
      this.segments.push(segment);
    }
    this.file ??= await fsp.open(this.pathOf(segment.number), 'a', 0o600);
    return { file: this.file, segment };
  }

  private async readLines(
    segment: Segment,
    bytes: number,
    maxEvents: number,
    room: Room,
  ): Promise<SpoolBatch | undefined> {
    const { number } = segment;
    const { offset } = this.cursor;
    // Copied in the same turn: the next lines may take its place.
    const recent = this.recent.at(number, offset, bytes);
    const events = EventLines.of(recent ?? (await this.readBytes(number, offset, bytes)), maxEvents, room);
    return events && { events, next: { segment: number, offset: offset + events.byteLength } };
  }

  private async readBytes(segment: number, offset: number, bytes: number): Promise<Buffer> {
    const file = await fsp.open(this.pathOf(segment), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  private async remove(segment: Segment): Promise<void> {
    this.segments.splice(this.segments.indexOf(segment), 1);
    await fsp.rm(this.pathOf(segment.number), { force: true });
  }

  private lastCursor(): Position {
    const kept = this.cursorFile.read();
    const segment = this.segments.find(({ number }) => number === kept?.segment);
    if (kept !== undefined && segment !== undefined && kept.offset <= segment.bytes) return kept;
    return { segment: this.segments[0]?.number ?? 1, offset: 0 };
  }

  private pathOf(number: number): string {
    return path.join(this.folder, `audit-${String(number).padStart(10, '0')}.ndjson`);
  }
}

function findSegments(folder: string): Segment[] {
  return fs
    .readdirSync(folder)
    .flatMap((name) => {
      const number = SEGMENT_NAME.exec(name)?.[1];
      if (number === undefined) return [];
      return [{ number: Number(number), bytes: fs.statSync(path.join(folder, name)).size }];
    })
    .sort((a, b) => a.number - b.number);
}

/** Cuts a line that a dying process left unfinished: nobody was told that it was written. */
function repair(file: string, segment: Segment): void {
  const bytes = fs.readFileSync(file);
  const whole = bytes.lastIndexOf(LINE_FEED) + 1;
  if (whole === bytes.length) return;
  fs.truncateSync(file, whole);
  segment.bytes = whole;
}

function countBoot(file: string): number {
  let last = 0;
  try {
    last = Number(fs.readFileSync(file, 'utf8'));
  } catch {
    // The first start in this folder.
  }
  const next = Number.isSafeInteger(last) && last >= 0 ? last + 1 : 1;
  try {
    writeSynced(`${file}.new`, 'w', String(next));
    fs.renameSync(`${file}.new`, file);
  } catch (error) {
    // On a full disk there is no room for a second file, but there is for what is there already; a proxy that could
    // not start would serve nobody, not even those whose calls need no record.
    if (last === 0) throw error;
    writeSynced(file, 'r+', String(next));
  }
  return next;
}

function writeSynced(file: string, flags: 'w' | 'r+', text: string): void {
  const handle = fs.openSync(file, flags, 0o600);
  try {
    fs.writeSync(handle, text);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
