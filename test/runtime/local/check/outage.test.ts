import { describe, expect, it } from '@jest/globals';
import { isExcused } from '#runtime/local/check/outage.ts';

describe('a call around the death of the proxy, at 10 000,', () => {
  it.each([
    ['answered long before', 9_000, 9_010, false],
    ['answered in the last moment', 9_980, 9_990, true],
    ['answered in the last moment and read after it', 9_995, 10_400, true],
    ['begun before it and answered a while before', 9_000, 9_499, false],
    ['begun after it, so answered by the next proxy', 10_001, 10_400, false],
  ])('%s may be missing: %p to %p, %p', (_what, startedMs, readMs, excused) => {
    expect(isExcused({ startedMs, readMs }, 10_000)).toBe(excused);
  });

  it('may not be missing while no proxy was killed', () => {
    expect(isExcused({ startedMs: 1, readMs: 2 }, Infinity)).toBe(false);
  });
});
