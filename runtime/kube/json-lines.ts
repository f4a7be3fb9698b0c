// A stream of JSON objects, one a line, as a watch sends them. A line has a bound, so that a server gone wrong can't
// fill the memory.

export class LineTooLongError extends Error {
  constructor(maxBytes: number) {
    super(`A line of the stream is longer than ${maxBytes} bytes.`);
    this.name = 'LineTooLongError';
  }
}

/** The lines of the stream, without their ends. What is left without an end when the stream ends was cut off: dropped. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      const last = chunk.subarray(from, end);
      if (bytes + last.length > maxBytes) throw new LineTooLongError(maxBytes);
      // Whole lines are decoded at once: a character never falls between two chunks.
      const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
      parts = [];
      bytes = 0;
      from = end + 1;
      if (line.length > 0) yield line.toString('utf8');
    }
    if (from === chunk.length) continue;
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > maxBytes) throw new LineTooLongError(maxBytes);
  }
}
