import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { expiryOf, renewalMs } from '#runtime/proxy/policy/stream-identity.ts';
import { testToken } from '../harness/distributor.ts';

const MINUTE_MS = 60_000;

describe('the end of a token', () => {
  it('is read from it, and unknown of what is no such token', () => {
    expect(expiryOf(testToken('a', 1_800_000_000_000))).toBe(1_800_000_000_000);
    for (const odd of ['', 'a.b.c', 'a', `x.${Buffer.from('{"exp":"soon"}').toString('base64url')}.y`]) {
      expect(expiryOf(odd)).toBeUndefined();
    }
  });

  it('of an hour is met six to nine minutes before, when the kubelet has replaced it', () => {
    expect(renewalMs(60 * MINUTE_MS, 0, 0)).toBe(54 * MINUTE_MS);
    expect(renewalMs(60 * MINUTE_MS, 0, 0.999)).toBeGreaterThan(50.9 * MINUTE_MS);
  });

  it('is always met before it comes, and never by a loop of streams that last for moments', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (leftMs, chance) => {
          const waitMs = renewalMs(leftMs, 0, chance);
          if (leftMs <= 5_000) expect(waitMs).toBeUndefined();
          else expect(waitMs).toBeLessThanOrEqual(leftMs - 5_000);
        },
      ),
    );
    // One stream after the other with a token that nobody replaces.
    let leftMs = 3_600_000;
    let streams = 0;
    for (let waitMs = renewalMs(leftMs, 0); waitMs !== undefined; waitMs = renewalMs(leftMs, 0)) {
      leftMs -= waitMs;
      streams += 1;
    }
    expect(streams).toBeLessThan(10);
    expect(renewalMs(undefined, 0)).toBeUndefined();
  });
});
