// That lines come out as they went in, whatever room they needed and whatever was taken back.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineBuffer } from '#runtime/proxy/audit/line-buffer.ts';

describe('lines on their way to the spool', () => {
  it('come out in order, as UTF-8, but for those that were taken back', () => {
    const lines = new LineBuffer();
    const step = fc.record({ text: fc.string({ unit: 'binary', maxLength: 3_000 }), stays: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        for (const { text, stays } of steps) {
          const before = lines.byteLength;
          expect(lines.add(text).toString()).toBe(text.toWellFormed());
          if (!stays) lines.takeBack(before);
        }
        const kept = steps.filter(({ stays }) => stays).map(({ text }) => `${text.toWellFormed()}\n`);
        expect(lines.count).toBe(kept.length);
        const taken = lines.take();
        expect(taken.toString()).toBe(kept.join(''));
        expect([lines.count, lines.byteLength]).toEqual([0, 0]);
      }),
    );
  });

  it('are not changed by those that come after them', () => {
    const lines = new LineBuffer();
    lines.add('first');
    const taken = lines.take();
    lines.add('other');
    expect(taken.toString()).toBe('first\n');
  });
});
