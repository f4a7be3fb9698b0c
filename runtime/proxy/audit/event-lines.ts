// Whole events as they stand in the spool, one a line, made into what ingest takes. They stay bytes from the spool to the wire:
// at thousands of events a second, turning them into text and back would cost more than deciding the calls they record.
import { Room } from './room.ts';

const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const OPENING = 0x5b;
const CLOSING = 0x5d;

export class EventLines {
  /** A JSON array of the events. */
  readonly json: Buffer;
  /** Where in it each event ends. */
  private readonly ends: readonly number[];

  private constructor(json: Buffer, ends: readonly number[]) {
    this.json = json;
    this.ends = ends;
  }

  /**
   * The first whole lines of a buffer, at most so many; undefined where it holds none.
   *
   * @param room where they are put, which holds until something else is put there
   */
  static of(lines: Buffer, maxEvents: number, room: Room): EventLines | undefined {
    const ends: number[] = [];
    for (let at = lines.indexOf(LINE_FEED); at !== -1; at = lines.indexOf(LINE_FEED, at + 1)) {
      // One further on, behind the bracket.
      ends.push(at + 1);
      if (ends.length === maxEvents) break;
    }
    const last = ends.at(-1);
    return last === undefined ? undefined : new EventLines(arrayOf(lines, 0, last, ends, room), ends);
  }

  get count(): number {
    return this.ends.length;
  }

  /** Of the lines. */
  get byteLength(): number {
    return this.json.length - 1;
  }

  /** The first half, rounded up, and the rest, in memory of their own. Of a single event there is no rest. */
  halves(): readonly [EventLines, EventLines | undefined] {
    const middle = Math.ceil(this.count / 2);
    return [this.part(0, middle), middle === this.count ? undefined : this.part(middle, this.count)];
  }

  /** The events, one a line. */
  toString(): string {
    return this.ends.map((end, at) => `${this.json.toString('utf8', this.startOf(at), end)}\n`).join('');
  }

  private part(from: number, to: number): EventLines {
    const start = this.startOf(from);
    const ends = this.ends.slice(from, to).map((end) => end - start + 1);
    return new EventLines(arrayOf(this.json, start, ends.at(-1) ?? 1, ends, new Room()), ends);
  }

  private startOf(at: number): number {
    return at === 0 ? 1 : (this.ends[at - 1] ?? 0) + 1;
  }
}

/** A bracket, bytes from `start` on, and another bracket at the end of the last event. */
function arrayOf(bytes: Buffer, start: number, last: number, ends: readonly number[], room: Room): Buffer {
  const json = room.take(last + 1);
  json[0] = OPENING;
  bytes.copy(json, 1, start, start + last - 1);
  for (const end of ends) json[end] = COMMA;
  json[last] = CLOSING;
  return json;
}
