import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedMap } from '#runtime/proxy/state/bounded-map.ts';

const SIZE = 8;

describe('BoundedMap', () => {
  it('never holds more than its size, and always what was set or renewed last', () => {
    const does = fc.constantFrom('set', 'renew', 'remove');
    const step = fc.record({ key: fc.nat(20).map(String), does });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const map = new BoundedMap<number>(SIZE);
        const recent = new Map<string, number>();
        steps.forEach(({ key, does }, at) => {
          const known = map.get(key);
          recent.delete(key);
          if (does === 'remove') map.delete(key);
          else if (does === 'set') map.set(key, at);
          else expect(map.renew(key)).toBe(known);
          const now = { remove: undefined, set: at, renew: known }[does];
          expect(map.get(key)).toBe(now);
          if (now !== undefined) recent.set(key, now);
          expect([...map.values()].length).toBeLessThanOrEqual(SIZE);
          for (const [known, value] of [...recent].slice(-SIZE / 2)) expect(map.get(known)).toBe(value);
        });
      }),
    );
  });

  it('holds a key once, however often it is set', () => {
    const map = new BoundedMap<number>(SIZE);
    for (let at = 0; at < 100; at += 1) map.set(`key-${at % 6}`, at);
    expect([...map.values()].sort((a, b) => a - b)).toEqual([94, 95, 96, 97, 98, 99]);
  });
});
