import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecentLines } from '#runtime/proxy/audit/recent-lines.ts';

/** Blocks of a segment, one behind the other. */
function holding(segment: number, ...texts: readonly string[]): RecentLines {
  const recent = new RecentLines();
  let offset = 0;
  for (const text of texts) {
    recent.add(segment, offset, Buffer.from(text));
    offset += text.length;
  }
  return recent;
}

const textAt = (recent: RecentLines, segment: number, offset: number, most = 1000): string | undefined =>
  recent.at(segment, offset, most)?.toString();

describe('RecentLines', () => {
  it('gives what stands at a place, over blocks, up to what is asked for', () => {
    const recent = holding(1, 'ab\n', 'cd\n', 'ef\n');
    expect(textAt(recent, 1, 0)).toBe('ab\ncd\nef\n');
    expect(textAt(recent, 1, 4)).toBe('d\nef\n');
    expect(textAt(recent, 1, 0, 4)).toBe('ab\nc');
    expect(textAt(recent, 1, 3, 3)).toBe('cd\n');
  });

  it('knows nothing of other places', () => {
    const recent = holding(1, 'ab\n');
    expect(textAt(recent, 1, 3)).toBeUndefined();
    expect(textAt(recent, 3, 0)).toBeUndefined();
    recent.add(2, 0, Buffer.from('cd\n'));
    expect(textAt(recent, 1, 0)).toBeUndefined();
    expect(textAt(recent, 2, 0)).toBe('cd\n');
    recent.add(2, 4, Buffer.from('ef\n'));
    expect(textAt(recent, 2, 0)).toBeUndefined();
    expect(textAt(recent, 2, 4)).toBe('ef\n');
  });

  it('lets go of what stands before a place', () => {
    const recent = holding(1, 'ab\n', 'cd\n');
    recent.dropBefore(1, 3);
    expect(textAt(recent, 1, 0)).toBeUndefined();
    expect(textAt(recent, 1, 3)).toBe('cd\n');
    recent.add(2, 0, Buffer.from('ef\n'));
    recent.dropBefore(1, 6);
    expect(textAt(recent, 2, 0)).toBe('ef\n');
    recent.dropBefore(3, 0);
    expect(textAt(recent, 2, 0)).toBeUndefined();
  });

  it('holds no more than a mebibyte: then it begins anew, with the newest', () => {
    const block = 300 * 1024;
    const recent = holding(1, ...Array.from({ length: 5 }, () => 'x'.repeat(block)));
    expect([0, 1, 2].map((at) => recent.at(1, at * block, 1))).toEqual([undefined, undefined, undefined]);
    expect(recent.at(1, 3 * block, Infinity)?.length).toBe(2 * block);
  });

  it('keeps nothing of a block that is larger than all it may hold, and goes on behind it', () => {
    const large = 2 * 1024 * 1024;
    const recent = holding(1, 'x'.repeat(large), 'ab\n');
    expect(recent.at(1, 0, 1)).toBeUndefined();
    expect(textAt(recent, 1, large)).toBe('ab\n');
  });

  it('gives the bytes of the place, however it was filled and emptied', () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat({ max: 200_000 }) }),
      fc.record({ drop: fc.nat({ max: 400_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const recent = new RecentLines();
        let written = 0;
        let dropped = 0;
        for (const each of steps) {
          if ('add' in each) {
            const offset = written;
            recent.add(
              1,
              offset,
              Buffer.from(Array.from({ length: each.add }, (_, at) => (offset + at) % 251)),
            );
            written += each.add;
          } else {
            dropped = Math.min(written, dropped + each.drop);
            recent.dropBefore(1, dropped);
          }
          for (const place of [0, dropped - 1, dropped, Math.floor((dropped + written) / 2), written - 1]) {
            const found = recent.at(1, place, 3);
            if (found === undefined) continue;
            expect(place).toBeGreaterThanOrEqual(dropped);
            expect([...found]).toEqual([0, 1, 2].slice(0, written - place).map((at) => (place + at) % 251));
          }
          // What came last is there, where it fits.
          if ('add' in each && each.add > 0) expect(recent.at(1, written - 1, 1)?.length).toBe(1);
        }
      }),
    );
  });
});
