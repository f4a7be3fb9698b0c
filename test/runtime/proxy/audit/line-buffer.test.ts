// That lines come out as they went in, whatever room they needed and whatever was taken back.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineBuffer } from '#runtime/proxy/audit/line-buffer.ts';

function add(lines: LineBuffer, ...pieces: readonly string[]): Buffer {
  lines.begin();
  for (const piece of pieces) lines.put(piece);
  return lines.finish();
}

describe('lines on their way to the spool', () => {
  it('come out in order, as UTF-8, but for those that were taken back', () => {
    const lines = new LineBuffer();
    const step = fc.record({ text: fc.string({ unit: 'binary', maxLength: 3_000 }), stays: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        for (const { text, stays } of steps) {
          const before = lines.byteLength;
          expect(add(lines, text, text).toString()).toBe(text.toWellFormed().repeat(2));
          if (!stays) lines.takeBack(before);
        }
        const kept = steps
          .filter(({ stays }) => stays)
          .map(({ text }) => `${text.toWellFormed().repeat(2)}\n`);
        expect(lines.count).toBe(kept.length);
        const taken = lines.take();
        expect(taken.toString()).toBe(kept.join(''));
        expect([lines.count, lines.byteLength]).toEqual([0, 0]);
      }),
    );
  });

  it('join objects to one, whichever of them have no members', () => {
    const lines = new LineBuffer();
    const object = fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), {
      maxKeys: 3,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, fc.array(object, { maxLength: 4 }), (first, others) => {
        lines.begin();
        lines.put(JSON.stringify({ first, is: 'first' }));
        for (const [at, other] of others.entries()) {
          const numbered = Object.entries(other).map(([name, value]) => [`${at} ${name}`, value]);
          lines.join(JSON.stringify(Object.fromEntries(numbered)));
        }
        const joined = others.flatMap((other, at) =>
          Object.entries(other).map(([name, value]) => [`${at} ${name}`, value]),
        );
        const expected: unknown = JSON.parse(
          JSON.stringify({ first, is: 'first', ...Object.fromEntries(joined) }),
        );
        expect(JSON.parse(lines.finish().toString())).toEqual(expected);
      }),
    );
  });

  it('are not changed by those that come after them', () => {
    const lines = new LineBuffer();
    add(lines, 'first');
    const taken = lines.take();
    add(lines, 'other');
    expect(taken.toString()).toBe('first\n');
  });
});
