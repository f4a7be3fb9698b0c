import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Sharing } from '#runtime/kube/sharing.ts';

describe('objects that share their parts', () => {
  it('are equal to what they were, in any company', () => {
    const values = fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), (given, most) => {
        const sharing = new Sharing(most);
        expect(given.map((value) => sharing.share(value))).toEqual(given);
      }),
    );
  });

  it('have equal parts once, wherever these stand', () => {
    const sharing = new Sharing();
    const one = sharing.share({ name: 'a', probe: { port: 1, path: ['x', { y: null }] } });
    const two = sharing.share({ name: 'b', other: [{ port: 1, path: ['x', { y: null }] }] });
    expect(two.other[0]).toBe(one.probe);
    expect(sharing.share({ port: 1, path: ['x', { y: null }] })).toBe(one.probe);
  });

  it.each<[string, unknown, unknown]>([
    ['a list and an object', ['a'], { 0: 'a' }],
    ['a number and its text', { a: 1 }, { a: '1' }],
    ['names that hold what separates names', { 'a":1,"b': 1 }, { a: 1, b: 1 }],
    ['null and nothing', { a: null }, {}],
    ['a part and a text that looks like its mark', { a: {} }, { a: '#1' }],
    ['orders of members', { a: 1, b: 2 }, { b: 2, a: 1 }],
  ])('keep %s apart', (_what, one, two) => {
    const sharing = new Sharing();
    const [first, second] = [sharing.share(one), sharing.share(two)];
    expect(first).not.toBe(second);
    expect(JSON.stringify([first, second])).toBe(JSON.stringify([one, two]));
  });

  it('are forgotten only after a while in which nobody had them', () => {
    const sharing = new Sharing(4);
    const common = sharing.share({ c: 1 });
    for (let index = 0; index < 20; index += 1) {
      sharing.share({ index });
      expect(sharing.share({ c: 1 })).toBe(common);
    }
    for (let index = 0; index < 20; index += 1) sharing.share({ other: index });
    expect(sharing.share({ c: 1 })).not.toBe(common);
  });

  it('are right also when parts were forgotten meanwhile', () => {
    const sharing = new Sharing(2);
    const before = sharing.share({ a: { b: { c: 1 } } });
    for (let index = 0; index < 10; index += 1) sharing.share({ index, list: [index] });
    expect(sharing.share({ a: { b: { c: 1 } } })).toEqual(before);
    expect(sharing.share({ a: { b: { c: 2 } } })).toEqual({ a: { b: { c: 2 } } });
  });
});
