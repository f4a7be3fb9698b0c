import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateMeter } from '#runtime/proxy/state/rate-meter.ts';

const RATE = { perMinute: 60, burst: 3 };
const SECOND = 1000;

describe('RateMeter', () => {
  it('gives a burst at once, then one for each that was earned, and says when the next one is', () => {
    const meter = new RateMeter();
    const take = (nowMs: number) => meter.take('a', RATE, nowMs);
    expect([take(0), take(0), take(0)]).toEqual([0, 0, 0]);
    expect(take(0)).toBe(SECOND);
    expect(take(500)).toBe(500);
    expect(take(SECOND)).toBe(0);
    expect(take(SECOND)).toBe(SECOND);
    expect([take(10 * SECOND), take(10 * SECOND), take(10 * SECOND)]).toEqual([0, 0, 0]);
    expect(take(10 * SECOND)).toBe(SECOND);
  });

  it('counts each caller alone', () => {
    const meter = new RateMeter();
    const once = { perMinute: 1, burst: 1 };
    expect(meter.take('a', once, 0)).toBe(0);
    expect(meter.take('b', once, 0)).toBe(0);
    expect(meter.take('a', once, 0)).toBeGreaterThan(0);
  });

  it('follows a rate that changes', () => {
    const meter = new RateMeter();
    expect(meter.take('a', { perMinute: 1, burst: 1 }, 0)).toBe(0);
    expect(meter.take('a', { perMinute: 1, burst: 1 }, 0)).toBe(60 * SECOND);
    expect(meter.take('a', { perMinute: 600, burst: 2 }, 0)).toBe(100);
    expect(meter.take('a', { perMinute: 600, burst: 2 }, 100)).toBe(0);
  });

  it('never gives more than the burst and what time earns, whoever asks when', () => {
    const rate = fc.record({
      perMinute: fc.integer({ min: 1, max: 6000 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 80 });
    fc.assert(
      fc.property(rate, gaps, ({ perMinute, burst }, waits) => {
        const meter = new RateMeter();
        const given: number[] = [];
        let nowMs = 0;
        for (const wait of waits) {
          nowMs += wait;
          const waitMs = meter.take('a', { perMinute, burst }, nowMs);
          if (waitMs === 0) given.push(nowMs);
          else expect(meter.take('a', { perMinute, burst }, nowMs)).toBeCloseTo(waitMs, 6);
        }
        for (const [first, from] of given.entries()) {
          for (const [last, to] of given.entries()) {
            if (last < first) continue;
            const earned = burst + ((to - from) * perMinute) / 60_000;
            expect(last - first + 1).toBeLessThanOrEqual(earned + 1e-6);
          }
        }
      }),
    );
  });

  it('forgets those who did nothing for longest, and is never larger than its bound', () => {
    const meter = new RateMeter(10);
    const once = { perMinute: 1, burst: 1 };
    for (let caller = 0; caller < 1000; caller += 1) {
      meter.take(`stranger ${caller}`, once, caller);
      expect(meter.take('regular', once, caller) === 0).toBe(caller === 0);
      expect(meter.size).toBeLessThanOrEqual(20);
    }
  });
});
