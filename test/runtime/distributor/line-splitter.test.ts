import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from '#runtime/distributor/line-splitter.ts';

function split(chunks: readonly Buffer[], maxBytes = 100) {
  const lines: string[] = [];
  const splitter = new LineSplitter(maxBytes, (line) => lines.push(line));
  const isWell = chunks.every((chunk) => splitter.take(chunk));
  return { lines, isWell };
}

describe('lines', () => {
  it('are the same, wherever their bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', ''));
    const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(line), cuts, (lines, sizes) => {
        const all = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(all.subarray(at, at + size));
          at += size;
        }
        expect(split(chunks, 1_000).lines).toEqual(lines.filter((each) => each !== ''));
      }),
    );
  });

  it('have a bound, whether they end or not', () => {
    const fits = 'x'.repeat(100);
    expect(split([Buffer.from(`${fits}\n`)])).toEqual({ lines: [fits], isWell: true });
    expect(split([Buffer.from(`${fits}x\n`)]).isWell).toBe(false);
    expect(split([Buffer.from(fits), Buffer.from('xx')]).isWell).toBe(false);
    expect(split([Buffer.from(`a\n${fits}x`)])).toEqual({ lines: ['a'], isWell: false });
  });

  it('that were begun are none before they end', () => {
    expect(split([Buffer.from('a\nb')]).lines).toEqual(['a']);
  });
});
