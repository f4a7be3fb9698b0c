import { describe, expect, it } from '@jest/globals';
import { measure, measureTable, median, table } from '#bench/report.ts';

describe('a measure', () => {
  it('meets a goal that it is exactly at, from either side', () => {
    expect(measure('proxy.vs_envoy', 1)).toEqual({
      id: 'proxy.vs_envoy',
      value: 1,
      unit: 'ratio',
      goal: '≥ 1',
      met: true,
    });
    expect(measure('proxy.start_ms', 300)).toMatchObject({ goal: '≤ 300', met: true });
  });

  it('misses a goal that it is beyond', () => {
    expect(measure('proxy.vs_envoy', 0.99).met).toBe(false);
    expect(measure('proxy.start_ms', 301).met).toBe(false);
  });

  it('is judged by the value that is shown', () => {
    expect(measure('policy.decide_us', 2.00004)).toMatchObject({ value: 2, met: true });
  });

  it('that could not be taken meets nothing', () => {
    expect(measure('policy.decide_us', NaN).met).toBe(false);
  });
});

describe('the median', () => {
  it('is the middle of an odd number of values and the mean of two of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('of nothing is no number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('a table', () => {
  it('aligns words to the left and numbers to the right', () => {
    const text = table(
      ['name', 'value'],
      [
        ['a', 1],
        ['longer', 123.456],
      ],
    );
    expect(text.split('\n')).toEqual(['name    value', 'a           1', 'longer  123.5']);
  });

  it('of measures says which goals are missed', () => {
    const text = measureTable([measure('proxy.start_ms', 120), measure('proxy.vs_nginx', 0.1)]);
    expect(text).toMatch(/^proxy\.start_ms +120 +ms +≤ 300 +met$/m);
    expect(text).toMatch(/^proxy\.vs_nginx +0\.1 +ratio +≥ 0\.4 +MISSED$/m);
  });
});
