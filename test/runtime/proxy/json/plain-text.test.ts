// That the end of plain text is where it is, whatever stands there and however far it is.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PlainText } from '#runtime/proxy/json/plain-text.ts';

function endOf(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && !isSpecial(bytes[at] ?? 0)) at += 1;
  return at;
}

function made(): PlainText {
  const text = PlainText.make();
  if (text === undefined) throw new Error('this Node has no WebAssembly');
  return text;
}

const isSpecial = (byte: number): boolean => byte === 0x22 || byte === 0x5c || byte < 0x20;

describe('PlainText', () => {
  it('ends at each byte that is special, and at no other', () => {
    const text = made();
    for (let byte = 0; byte < 256; byte += 1) {
      for (const before of [0, 1, 15, 16, 17, 40]) {
        const bytes = Buffer.alloc(before + 20, 'a');
        bytes[before] = byte;
        expect([byte, before, text.endOf(bytes, 0)]).toEqual([
          byte,
          before,
          isSpecial(byte) ? before : bytes.length,
        ]);
      }
    }
  });

  it('is found around the bounds of windows, from any start', () => {
    const text = made();
    const bounds = [1_024, 5_120, 21_504, 87_040, 152_576];
    const length = fc.oneof(
      fc.nat(200),
      fc.constantFrom(...bounds).chain((bound) => fc.integer({ min: bound - 20, max: bound + 20 })),
    );
    const special = fc.constantFrom(0x22, 0x5c, 0x00, 0x1f, 0x20, 0x7f, 0x80, 0xff);
    fc.assert(
      fc.property(length, fc.nat(40), special, fc.nat(40), (plain, start, byte, behind) => {
        // What was there before a shorter text must not count.
        const bytes = Buffer.alloc(start + plain + 1 + behind, 'a');
        bytes.fill('"', 0, start);
        bytes[start + plain] = byte;
        bytes.fill('\\', start + plain + 1);
        expect(text.endOf(bytes, start)).toBe(endOf(bytes, start));
        expect(text.endOf(bytes.subarray(0, start + plain), start)).toBe(start + plain);
      }),
      { numRuns: 500 },
    );
  });
});
