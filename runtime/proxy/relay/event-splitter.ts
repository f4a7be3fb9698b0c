// Cuts a server-sent event stream into events as they arrive. It holds back nothing but the event that is not yet
// complete, and of that no more than a bound.
import { GatheredBytes } from '../gathered-bytes.ts';

export interface StreamEvent {
  /** Its bytes, with the blank line that ends it. */
  readonly bytes: Buffer;
  /** The value of its `data` lines; empty where it has none. */
  readonly data: Buffer;
  /** Whether it may have an `id` line. */
  readonly hasId: boolean;
}

export interface SplitResult {
  /** Whole ones, in front of the problem, where there is one. */
  readonly events: readonly StreamEvent[];
  readonly problem: 'byte_order_mark' | 'too_large' | undefined;
}

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;
const LETTER_I = 0x69;
const DATA = Buffer.from('data');
const EMPTY = Buffer.alloc(0);
const NEW_LINE = Buffer.from('\n');

export class EventSplitter {
  private readonly held: GatheredBytes;
  private lineIsEmpty = true;
  private afterCr = false;
  private started = false;
  private readonly maxEventBytes: number;

  /** @param ownsChunks whether nobody else has what is pushed: what lies whole in one event is freed once it is joined */
  constructor(maxEventBytes: number, ownsChunks: boolean) {
    this.maxEventBytes = maxEventBytes;
    this.held = new GatheredBytes(ownsChunks);
  }

  /** Bytes of the event that is not yet complete. */
  get heldBytes(): number {
    return this.held.byteLength;
  }

  push(chunk: Buffer): SplitResult {
    // A reader skips a byte order mark, and would so see another first field than a proxy that doesn't.
    if (!this.started && chunk[0] === 0xef) return { events: [], problem: 'byte_order_mark' };
    this.started ||= chunk.length > 0;
    const events: StreamEvent[] = [];
    const ends = new LineEnds(chunk);
    // A chunk that was joined with others may be freed.
    const { length } = chunk;
    let start = 0;
    let at = 0;
    while (at < length) {
      const end = ends.from(at);
      if (end > at) {
        this.lineIsEmpty = false;
        this.afterCr = false;
      }
      if (end === length) break;
      at = end + 1;
      const byte = chunk[end];
      const second = byte === LF && this.afterCr;
      this.afterCr = byte === CR;
      if (second) continue;
      if (!this.lineIsEmpty) {
        this.lineIsEmpty = true;
        continue;
      }
      if (byte === CR && chunk[at] === LF) {
        at += 1;
        this.afterCr = false;
      }
      events.push(this.cut(chunk.subarray(start, at)));
      start = at;
    }
    if (start < length) this.held.push(chunk.subarray(start));
    return { events, problem: this.held.byteLength > this.maxEventBytes ? 'too_large' : undefined };
  }

  private cut(last: Buffer): StreamEvent {
    this.held.push(last);
    const bytes = this.held.take();
    return { bytes, ...fieldsOf(bytes) };
  }
}

/** Where lines end, found without looking at each byte: a line may be a megabyte long, and most bytes have no carriage return. */
class LineEnds {
  private readonly bytes: Buffer;
  private nextCr: number;
  private nextLf: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.nextCr = this.find(CR, 0);
    this.nextLf = this.find(LF, 0);
  }

  /** The first carriage return or line feed from there on; the length where there is none. Never asked to go back. */
  from(at: number): number {
    if (this.nextCr < at) this.nextCr = this.find(CR, at);
    if (this.nextLf < at) this.nextLf = this.find(LF, at);
    return Math.min(this.nextCr, this.nextLf);
  }

  private find(byte: number, at: number): number {
    const found = this.bytes.indexOf(byte, at);
    return found === -1 ? this.bytes.length : found;
  }
}

/** The values of the `data` lines, joined by line feeds, and whether a line may be an `id`. */
function fieldsOf(bytes: Buffer): Pick<StreamEvent, 'data' | 'hasId'> {
  const parts: Buffer[] = [];
  const ends = new LineEnds(bytes);
  let hasId = false;
  let start = 0;
  while (start < bytes.length) {
    const end = ends.from(start);
    const value = dataValue(bytes, start, end);
    if (value !== undefined) parts.push(value);
    else hasId ||= bytes[start] === LETTER_I;
    start = end + 1;
  }
  return { data: joined(parts), hasId };
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  if (first === undefined) return EMPTY;
  if (parts.length === 1) return first;
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [NEW_LINE, part])));
}

function dataValue(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const nameEnd = start + DATA.length;
  if (end < nameEnd) return undefined;
  for (let at = 0; at < DATA.length; at += 1) if (bytes[start + at] !== DATA[at]) return undefined;
  if (end === nameEnd) return EMPTY;
  if (bytes[nameEnd] !== COLON) return undefined;
  const from = bytes[nameEnd + 1] === SPACE ? nameEnd + 2 : nameEnd + 1;
  return bytes.subarray(Math.min(from, end), end);
}

/** The event with other data: its other lines stay as they are. */
export function withData(event: StreamEvent, data: Buffer): Buffer {
  const lines = event.bytes
    .toString('latin1')
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== '' && line !== 'data' && !line.startsWith('data:'));
  const head = lines.map((line) => `${line}\n`).join('');
  const body = data
    .toString('latin1')
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('');
  return Buffer.from(`${head}${body}\n`, 'latin1');
}

/** An event with other ids, in Latin-1. An empty id stays: it takes the last one back. */
export function withIds(bytes: Buffer, idFor: (id: string) => string): Buffer {
  const text = bytes.toString('latin1').replace(/^id:(.*)$/gm, (line, value: string) => {
    const id = value.startsWith(' ') ? value.slice(1) : value;
    return id === '' ? line : `id: ${idFor(id)}`;
  });
  return Buffer.from(text, 'latin1');
}

/** An event that carries one message. */
export function eventOf(message: string): Buffer {
  return Buffer.from(`event: message\ndata: ${message}\n\n`);
}
