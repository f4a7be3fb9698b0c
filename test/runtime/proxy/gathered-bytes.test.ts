import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatheredBytes } from '#runtime/proxy/gathered-bytes.ts';

/** With memory of its own, as pieces of a body have that come from a parser. */
function pieceOf(length: number, seed: number): Buffer {
  const piece = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; at += 1) piece[at] = (seed * 31 + at) % 251;
  return piece;
}

const sizes = fc.oneof(
  fc.array(fc.nat(40), { maxLength: 20 }),
  // More than are kept loose, several times over, with some that are large enough to be freed.
  fc
    .integer({ min: 250, max: 800 })
    .map((count) => Array.from({ length: count }, (_, at) => (at % 97 === 0 ? 5_000 : at % 7))),
);

describe('GatheredBytes', () => {
  it.each([
    ['that nobody else has', true],
    ['that somebody else has too', false],
  ])('are the pieces in their order, from pieces %s, time after time', (_what, ownsPieces) => {
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), (times) => {
        const gathered = new GatheredBytes(ownsPieces);
        for (const lengths of times) {
          const pieces = lengths.map(pieceOf);
          const whole = Buffer.concat(pieces);
          for (const piece of pieces) gathered.push(piece);
          expect(gathered.byteLength).toBe(whole.length);
          const taken = gathered.take();
          expect(taken.equals(whole)).toBe(true);
          expect(gathered.byteLength).toBe(0);
          const others = pieces.filter((piece, at) => piece !== taken && lengths[at] === 5_000);
          const freed = others.filter((piece) => piece.length === 0).length;
          expect(freed).toBe(ownsPieces ? others.length : 0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
