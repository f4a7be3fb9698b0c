import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalDigest, canonicalJson } from '#policy/canonical-json.ts';

/** The same value with the members of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(members.reverse().map(([name, member]) => [name, reversed(member)]));
}

describe('canonicalJson', () => {
  it('is JSON of the same value, whatever the order of its members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });

  it('puts names into code-point order, and leaves out what is undefined', () => {
    const value = { b: [1, undefined, 'é'], a: undefined, Z: {}, 10: [], 9: null };
    expect(canonicalJson(value)).toBe('{"10":[],"9":null,"Z":{},"b":[1,null,"é"]}');
  });

  it('has the digest of its text, which may be longer than a piece of it', () => {
    const text = fc.array(fc.string({ size: 'max', maxLength: 4_000, unit: 'binary' }), { maxLength: 20 });
    fc.assert(
      fc.property(text, (value) => {
        const whole = createHash('sha256').update(canonicalJson(value)).digest('hex');
        expect(canonicalDigest(value)).toBe(whole);
      }),
      { numRuns: 30 },
    );
  });
});
