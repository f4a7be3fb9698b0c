// That what leaves together leaves in order, at the end of the turn in which it was ready.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Departures } from '#runtime/proxy/departures.ts';

describe('departures', () => {
  it('leave in their order, and not before the turn ends', async () => {
    const departures = new Departures();
    const left: string[] = [];
    for (const name of ['a', 'b']) departures.add({ depart: () => left.push(name) });
    await Promise.resolve();
    expect(left).toEqual([]);
    await nextTurn();
    expect(left).toEqual(['a', 'b']);
  });

  it('have departed, all of them, before any does what follows', async () => {
    const departures = new Departures();
    const done: string[] = [];
    for (const name of ['a', 'b']) {
      departures.add({ depart: () => done.push(name), departed: () => done.push(`after ${name}`) });
    }
    await nextTurn();
    expect(done).toEqual(['a', 'b', 'after a', 'after b']);
  });

  it('are prepared, all of them, before any leaves, and with them what that adds', async () => {
    const departures = new Departures();
    const done: string[] = [];
    const added = { prepare: () => done.push('prepare added'), depart: () => done.push('added') };
    departures.add({
      prepare: () => {
        done.push('prepare a');
        departures.add(added);
      },
      depart: () => done.push('a'),
    });
    departures.add({ prepare: () => done.push('prepare b') });
    await nextTurn();
    expect(done).toEqual(['prepare a', 'prepare b', 'prepare added', 'a', 'added']);
  });

  it('leave with the next turn where they are added while others leave', async () => {
    const departures = new Departures();
    const left: string[] = [];
    departures.add({
      depart: () => {
        left.push('first');
        departures.add({ depart: () => left.push('second') });
      },
    });
    await nextTurn();
    expect(left).toEqual(['first']);
    await nextTurn();
    expect(left).toEqual(['first', 'second']);
  });
});
