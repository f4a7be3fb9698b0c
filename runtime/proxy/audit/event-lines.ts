// Whole events as they stand in the spool, one a line. They stay bytes from the spool to the wire: at thousands of
// events a second, turning them into text and back would cost more than deciding the calls they record.

const LINE_FEED = 0x0a;
const COMMA = 0x2c;

export class EventLines {
  readonly count: number;
  private readonly bytes: Buffer;

  /** `bytes` are `count` lines, each with its line end. */
  constructor(bytes: Buffer, count: number) {
    this.bytes = bytes;
    this.count = count;
  }

  /** The first whole lines of a buffer, at most so many; undefined where it holds none. */
  static of(buffer: Buffer, maxEvents: number): EventLines | undefined {
    let end = 0;
    let count = 0;
    while (count < maxEvents) {
      const at = buffer.indexOf(LINE_FEED, end);
      if (at === -1) break;
      end = at + 1;
      count += 1;
    }
    return count === 0 ? undefined : new EventLines(buffer.subarray(0, end), count);
  }

  get byteLength(): number {
    return this.bytes.length;
  }

  /** A JSON array of the events. */
  toJson(): Buffer {
    const { bytes } = this;
    const json = Buffer.allocUnsafe(bytes.length + 1);
    json.write('[');
    bytes.copy(json, 1);
    for (let at = json.indexOf(LINE_FEED); at !== -1; at = json.indexOf(LINE_FEED, at + 1)) json[at] = COMMA;
    json.write(']', bytes.length);
    return json;
  }

  /** The first half, rounded up, and the rest. Of a single event there is no rest. */
  halves(): readonly [EventLines, EventLines | undefined] {
    const first = EventLines.of(this.bytes, Math.ceil(this.count / 2)) ?? this;
    const rest = this.count - first.count;
    const bytes = this.bytes.subarray(first.byteLength);
    return [first, rest === 0 ? undefined : new EventLines(bytes, rest)];
  }

  toString(): string {
    return this.bytes.toString();
  }
}
