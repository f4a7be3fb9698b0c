import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { linesOf, LineTooLongError } from '#runtime/kube/json-lines.ts';

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (let n = 0; from < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    await Promise.resolve();
    from += size;
  }
}

async function read(bytes: Buffer, sizes: readonly number[], max = 1_000): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunksOf(bytes, sizes), max)) lines.push(line);
  return lines;
}

describe('lines of a stream', () => {
  it('are the same however the stream is cut into chunks, inside of characters too', async () => {
    const lines = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n')),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(lines, sizes, async (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(await read(bytes, cuts)).toEqual(texts);
      }),
    );
  });

  it('leave out blank lines, and one that was cut off', async () => {
    expect(await read(Buffer.from('{"a":1}\n\n\n{"b":2}\n{"c"'), [3])).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('have a bound, in one chunk and over many', async () => {
    const long = Buffer.from(`${'x'.repeat(101)}\n`);
    await expect(read(long, [500], 100)).rejects.toThrow(LineTooLongError);
    await expect(read(long, [7], 100)).rejects.toThrow(LineTooLongError);
    expect(await read(Buffer.from(`${'x'.repeat(100)}\n`), [7], 100)).toHaveLength(1);
  });
});
