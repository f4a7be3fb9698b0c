// Lines that are on their way to the spool, as bytes. They are written one after the other into room that is used again:
// a buffer for each of them lives too long to be cheap, for it is moved twice by the garbage collector and then kept. There
// are two such rooms: lines are put into one while those in the other are written out.

const INITIAL_BYTES = 64 * 1024;
/** Room beyond this is given back once it is empty. */
const KEPT_BYTES = 1024 * 1024;
/** Of UTF-8, for each unit of UTF-16. */
const MAX_BYTES_PER_UNIT = 3;
const LINE_FEED = 0x0a;
const COMMA = 0x2c;
/** Of an object without members. */
const EMPTY_LENGTH = '{}'.length;

export class LineBuffer {
  /** Lines in it. */
  count = 0;
  /** Of all lines, with their ends. */
  byteLength = 0;
  private room = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  private otherRoom = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  /** Of the line that is being written, and where it ends by now. */
  private start = 0;
  private end = 0;

  /** Begins a line: what is put follows, until it is ended. */
  begin(): void {
    this.start = this.byteLength;
    this.end = this.start;
  }

  /** Puts a piece of the line. In pieces it costs less than in one, which would have to be joined first. */
  put(text: string): void {
    this.reserve(this.end + text.length * MAX_BYTES_PER_UNIT + 1);
    this.end += this.room.write(text, this.end);
  }

  /** Puts an object, as JSON, in one with the object that stands there: the braces between them become a comma. */
  join(object: string): void {
    if (object.length === EMPTY_LENGTH) return;
    const at = this.end - 1;
    this.end = at;
    this.put(object);
    this.room[at] = COMMA;
  }

  /** @returns the bytes of the line, without its end, which hold until the next one begins */
  finish(): Buffer {
    const { start, end } = this;
    this.room[end] = LINE_FEED;
    this.byteLength = end + 1;
    this.count += 1;
    return this.room.subarray(start, end);
  }

  /** Takes back the line that was added last. @param byteLength of all lines before it was */
  takeBack(byteLength: number): void {
    this.byteLength = byteLength;
    this.count -= 1;
  }

  /** @returns all lines, which hold until the next are taken; none are left */
  take(): Buffer {
    const { room, otherRoom } = this;
    const taken = room.subarray(0, this.byteLength);
    this.byteLength = 0;
    this.count = 0;
    this.room = otherRoom;
    this.otherRoom = room.length > KEPT_BYTES ? Buffer.allocUnsafeSlow(INITIAL_BYTES) : room;
    return taken;
  }

  private reserve(bytes: number): void {
    if (bytes <= this.room.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.room.length));
    this.room.copy(larger, 0, 0, this.end);
    this.room = larger;
  }
}
