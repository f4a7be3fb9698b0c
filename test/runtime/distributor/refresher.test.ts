import { describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Refresher } from '#runtime/distributor/stream/refresher.ts';

/** Caches whose lists take some time. */
function place(listMs = 0) {
  const lists: string[] = [];
  const refreshed: string[] = [];
  const cache = (name: string) => ({
    refresh: async () => {
      lists.push(name);
      await delay(listMs);
    },
  });
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const refresher = new Refresher({
    caches: { grants: cache('grants'), sessions: cache('sessions') },
    clock,
    onRefreshed: (name) => refreshed.push(name),
  });
  return { refresher, lists, refreshed };
}

describe('a cache that is to be read again', () => {
  it('is listed at once, once for all who ask, and apart from the others', async () => {
    const { refresher, lists, refreshed } = place(20);
    await Promise.all([
      refresher.refresh('grants'),
      refresher.refresh('grants'),
      refresher.refresh('sessions'),
    ]);
    expect(lists).toEqual(['grants', 'sessions']);
    expect(refreshed.toSorted()).toEqual(['grants', 'sessions']);
  });

  it('rests for several times what its list took', async () => {
    const { refresher } = place(30);
    await refresher.refresh('grants');
    const startMs = performance.now();
    await refresher.refresh('grants');
    expect(performance.now() - startMs).toBeGreaterThan(250);
  });

  it('is let alone when the program ends', async () => {
    const { refresher, lists } = place(200);
    await refresher.refresh('grants');
    const waiting = refresher.refresh('grants');
    refresher.stop();
    await waiting;
    expect(lists).toEqual(['grants']);
  });
});
