// What was appended to the spool last, still in memory: it is nearly always delivered a moment later, and reading it back
// from the disk would cost more than writing it did. Nothing depends on it: whatever isn't here is in its file.

const INITIAL_BYTES = 64 * 1024;
const MAX_BYTES = 1024 * 1024;

export class RecentLines {
  /** Grows, and is used again: see `Room`. */
  private memory = Buffer.alloc(0);
  /** What is held stands from `start` to `end`. */
  private start = 0;
  private end = 0;
  /** Where in the spool it stands: its segment, and the offset there of what is at `start`. */
  private segment = 0;
  private offset = 0;

  /** Holds a copy of whole lines that stand at a place in a segment; of what doesn't end there, nothing any more. */
  add(segment: number, offset: number, lines: Buffer): void {
    const held = this.end - this.start;
    if (segment !== this.segment || offset !== this.offset + held || held + lines.length > MAX_BYTES) {
      this.segment = segment;
      this.offset = offset;
      this.start = this.end = 0;
    }
    if (lines.length > MAX_BYTES) {
      this.offset += lines.length;
      return;
    }
    this.reserve(lines.length);
    lines.copy(this.memory, this.end);
    this.end += lines.length;
  }

  /**
   * What stands at a place, at most so many bytes, which hold until something is added; undefined where its beginning isn't
   * held.
   */
  at(segment: number, offset: number, maxBytes: number): Buffer | undefined {
    const from = this.start + offset - this.offset;
    if (segment !== this.segment || from < this.start || from >= this.end) return undefined;
    return this.memory.subarray(from, Math.min(this.end, from + maxBytes));
  }

  /** Lets go of what stands before a place. */
  dropBefore(segment: number, offset: number): void {
    if (segment < this.segment) return;
    const held = this.end - this.start;
    const dropped = segment > this.segment ? held : Math.min(held, Math.max(0, offset - this.offset));
    this.start += dropped;
    this.offset += dropped;
    if (this.start === this.end) this.start = this.end = 0;
  }

  /** Makes room behind what is held. */
  private reserve(bytes: number): void {
    const { memory, start, end } = this;
    if (end + bytes <= memory.length) return;
    const needed = end - start + bytes;
    let room = Math.max(INITIAL_BYTES, memory.length);
    while (room < needed) room *= 2;
    if (room > memory.length) this.memory = Buffer.allocUnsafeSlow(room);
    memory.copy(this.memory, 0, start, end);
    this.start = 0;
    this.end = end - start;
  }
}
