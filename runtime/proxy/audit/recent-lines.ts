// What was appended to the spool last, still in memory: it is nearly always delivered a moment later, and reading it back
// from the disk would cost more than writing it did. Nothing depends on it: whatever isn't here is in its file.

interface Block {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Bounds of what is held. Of many small blocks each may keep a piece of memory that is larger than itself. */
const MAX_BYTES = 1024 * 1024;
const MAX_BLOCKS = 128;

export class RecentLines {
  private readonly blocks: Block[] = [];
  private heldBytes = 0;

  /** Holds whole lines that stand at a place in a segment; they must not change afterwards. */
  add(segment: number, offset: number, bytes: Buffer): void {
    this.blocks.push({ segment, offset, bytes });
    this.heldBytes += bytes.length;
    while (this.blocks.length > MAX_BLOCKS || this.heldBytes > MAX_BYTES) this.dropOldest();
  }

  /** What stands at a place, at most so many bytes; undefined where its beginning isn't held. */
  at(segment: number, offset: number, maxBytes: number): Buffer | undefined {
    const found: Buffer[] = [];
    let end = offset;
    for (const block of this.blocks) {
      const from = end - block.offset;
      if (block.segment !== segment || from < 0 || from >= block.bytes.length) continue;
      found.push(block.bytes.subarray(from, from + maxBytes - (end - offset)));
      end = block.offset + block.bytes.length;
      if (end - offset >= maxBytes) break;
    }
    const [first] = found;
    return found.length > 1 ? Buffer.concat(found) : first;
  }

  /** Lets go of what stands before a place. */
  dropBefore(segment: number, offset: number): void {
    for (let [block] = this.blocks; block !== undefined; [block] = this.blocks) {
      const isBefore = block.segment === segment && block.offset + block.bytes.length <= offset;
      if (block.segment >= segment && !isBefore) return;
      this.dropOldest();
    }
  }

  private dropOldest(): void {
    this.heldBytes -= this.blocks.shift()?.bytes.length ?? 0;
  }
}
