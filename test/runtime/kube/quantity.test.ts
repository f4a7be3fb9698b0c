import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { equalQuantities } from '#runtime/kube/quantity.ts';

describe('quantities', () => {
  it.each([
    ['1000m', '1'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['1024Mi', '1Gi'],
    ['0.5Gi', '512Mi'],
    ['1e3', '1k'],
    ['1E3', '1000'],
    ['1e-3', '1m'],
    ['1000000n', '1m'],
    ['-1', '-1000m'],
    [0.25, '250m'],
    [2, '2'],
    ['0', '0Gi'],
    ['9007199254740993', '9007199254740993000m'],
  ])('%p is %p', (one, other) => {
    expect(equalQuantities(one, other)).toBe(true);
    expect(equalQuantities(other, one)).toBe(true);
  });

  it.each([
    ['1', '2'],
    ['1G', '1Gi'],
    ['1m', '1M'],
    ['9007199254740993', '9007199254740992'],
    ['abc', 'abc'],
    ['', ''],
    ['.', '0'],
    ['1 ', '1'],
    [undefined, undefined],
    [null, '0'],
    [true, '1'],
  ])('%p is not %p', (one, other) => {
    expect(equalQuantities(one, other)).toBe(false);
  });

  it('are equal in whatever unit, and only then', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (a, b) => {
        expect(equalQuantities(`${a}Ki`, String(b * 1024))).toBe(a === b);
        expect(equalQuantities(`${a}k`, `${b}000000m`)).toBe(a === b);
      }),
    );
  });
});
