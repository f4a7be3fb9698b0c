import { describe, expect, it } from '@jest/globals';
import { Places } from '#runtime/proxy/state/places.ts';

describe('Places', () => {
  it('counts by subject and in all, and has room again for what is given back', () => {
    const places = new Places({ maxConcurrent: 3, maxConcurrentPerSubject: 2 });
    const [a, b, c] = [places.of('a'), places.of('b'), places.of('c')];
    expect([places.take(a), places.take(a), places.take(a)]).toEqual(['taken', 'taken', 'too_many_requests']);
    expect([places.take(b), places.take(c)]).toEqual(['taken', 'overloaded']);
    places.give(a);
    expect([places.inUse, places.take(a)]).toEqual([2, 'taken']);
  });

  it('forgets only those with nothing in progress', () => {
    const places = new Places({ maxConcurrent: 10, maxConcurrentPerSubject: 1 });
    const busy = places.of('busy');
    places.take(busy);
    for (let at = 0; at < 100; at += 1) {
      const passing = places.of(`subject-${at}`);
      places.take(passing);
      places.give(passing);
    }
    places.forgetIdle();
    expect([places.subjects, places.inUse]).toEqual([1, 1]);
    expect(places.of('busy')).toBe(busy);
    expect([places.take(places.of('busy')), places.take(places.of('subject-0'))]).toEqual([
      'too_many_requests',
      'taken',
    ]);
  });
});
