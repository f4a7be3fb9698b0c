import { describe, expect, it } from '@jest/globals';
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
    recent.add(2, 0, Buffer.from('cd\n'));
    expect(textAt(recent, 1, 3)).toBeUndefined();
    expect(textAt(recent, 3, 0)).toBeUndefined();
    expect(textAt(recent, 1, 0)).toBe('ab\n');
    expect(textAt(recent, 2, 0)).toBe('cd\n');
  });

  it('lets go of whole blocks that stand before a place', () => {
    const recent = holding(1, 'ab\n', 'cd\n');
    recent.dropBefore(1, 4);
    expect(textAt(recent, 1, 0)).toBeUndefined();
    expect(textAt(recent, 1, 3)).toBe('cd\n');
    recent.add(2, 0, Buffer.from('ef\n'));
    recent.dropBefore(2, 0);
    expect(textAt(recent, 1, 3)).toBeUndefined();
    expect(textAt(recent, 2, 0)).toBe('ef\n');
  });

  it('holds neither more than a mebibyte nor more than 128 blocks, the newest', () => {
    const large = holding(1, ...Array.from({ length: 5 }, () => 'x'.repeat(300 * 1024)));
    const held = large.at(1, 2 * 300 * 1024, Infinity)?.length;
    expect([large.at(1, 0, 1), large.at(1, 300 * 1024, 1), held]).toEqual([undefined, undefined, 900 * 1024]);
    const many = holding(1, ...Array.from({ length: 200 }, (_, at) => `${at % 10}\n`));
    expect([many.at(1, 2 * 71, 2), textAt(many, 1, 2 * 72, 2)]).toEqual([undefined, '2\n']);
  });

  it('keeps nothing of a block that is larger than all it may hold', () => {
    const recent = holding(1, 'x'.repeat(2 * 1024 * 1024));
    expect(recent.at(1, 0, 1)).toBeUndefined();
  });
});
