// Lines of a stream, one by one as their bytes come, with a bound on each.

export class LineSplitter {
  private readonly maxBytes: number;
  private readonly onLine: (line: string) => void;
  private rest: Buffer | undefined;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.maxBytes = maxBytes;
    this.onLine = onLine;
  }

  /** False where a line is too long; nothing after that is a line. */
  take(chunk: Buffer): boolean {
    const bytes = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
      if (end - from > this.maxBytes) return false;
      // Whole lines are decoded at once: a character never falls between two chunks.
      if (end > from) this.onLine(bytes.toString('utf8', from, end));
      from = end + 1;
    }
    // A copy, so that a few bytes don't keep the whole chunk.
    this.rest = from === bytes.length ? undefined : Buffer.from(bytes.subarray(from));
    return bytes.length - from <= this.maxBytes;
  }
}
