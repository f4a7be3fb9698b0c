import { describe, expect, it } from '@jest/globals';
import { Places } from '#runtime/proxy/state/places.ts';

const MANY = 5_000;

describe('Places', () => {
  it('counts by subject and in all, and has room again for what is given back', () => {
    const places = new Places({ maxConcurrent: 3, maxConcurrentPerSubject: 2 });
    expect([places.take('a'), places.take('a'), places.take('a')]).toEqual([
      'taken',
      'taken',
      'too_many_requests',
    ]);
    expect([places.take('b'), places.take('c')]).toEqual(['taken', 'overloaded']);
    places.give('a');
    expect([places.inUse, places.take('a')]).toEqual([2, 'taken']);
  });

  it('still knows who is busy after many others came and went', () => {
    const places = new Places({ maxConcurrent: MANY, maxConcurrentPerSubject: 1 });
    expect(places.take('busy')).toBe('taken');
    for (let at = 0; at < MANY; at += 1) {
      expect(places.take(`subject-${at}`)).toBe('taken');
      places.give(`subject-${at}`);
    }
    expect([places.take('busy'), places.inUse, places.take('subject-0')]).toEqual([
      'too_many_requests',
      1,
      'taken',
    ]);
  });
});
