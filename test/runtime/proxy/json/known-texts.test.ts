import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KnownTexts } from '#runtime/proxy/json/known-texts.ts';

describe('KnownTexts', () => {
  it('reads what the bytes say, whatever it read before', () => {
    const known = new KnownTexts();
    // Few letters, so that texts share places and differ in what their place does not depend on.
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\u{1f600}'), maxLength: 6 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 60, maxLength: 70 }),
    );
    fc.assert(
      fc.property(text, fc.nat(3), (value, before) => {
        const bytes = Buffer.from('x'.repeat(before) + value);
        expect(known.read(bytes, before, bytes.length)).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells texts apart that share a place', () => {
    const known = new KnownTexts();
    for (const text of ['abcde', 'aXcYe', 'abcde', '']) {
      const bytes = Buffer.from(text);
      expect(known.read(bytes, 0, bytes.length)).toBe(text);
    }
  });
});
