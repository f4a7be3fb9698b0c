import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { terminationOf } from '#constructs/server/workload/termination.ts';

describe('the end of a pod', () => {
  it('keeps its order however short it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), (grace) => {
        const end = terminationOf(grace);
        const proxyIsDone = end.proxySleepSeconds + end.proxyDrainMs / 1000;
        expect(end.graceSeconds).toBe(grace);
        expect(end.proxySleepSeconds).toBeGreaterThanOrEqual(0);
        expect(end.proxyDrainMs).toBeGreaterThanOrEqual(0);
        expect(proxyIsDone).toBeLessThanOrEqual(end.serverSleepSeconds);
        expect(end.serverSleepSeconds).toBeLessThan(grace);
      }),
    );
  });

  it('gives open calls most of the time', () => {
    expect(terminationOf()).toEqual({
      graceSeconds: 45,
      proxySleepSeconds: 5,
      proxyDrainMs: 34_000,
      serverSleepSeconds: 40,
    });
  });
});
