import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { nearest, suggestion } from '#api/nearest.ts';
import { milliOf, quantityText } from '#api/quantity.ts';

describe('a quantity', () => {
  it.each([
    ['50m', 50],
    ['2', 2000],
    [3, 3000],
    ['0.5', 500],
    ['64Mi', 64 * 2 ** 20 * 1000],
    ['1k', 1e6],
    ['x', undefined],
    ['1Xi', undefined],
    ['', undefined],
  ])('%j is %j thousandths', (quantity, milli) => {
    expect(milliOf(quantity)).toBe(milli);
  });

  it('is written so that it means at least as much', () => {
    expect(quantityText(1500, 'cpu')).toBe('1500m');
    expect(quantityText(2000, 'count')).toBe('2');
    expect(quantityText(1000 * 2 ** 20, 'memory')).toBe('1Mi');
    expect(quantityText(1000 * 2 ** 20 + 1, 'memory')).toBe('2Mi');
  });
});

describe('the nearest name', () => {
  it.each([
    ['destory', ['look', 'destroy'], 'destroy'],
    ['Notes', ['notes', 'nodes'], 'notes'],
    ['prodution', ['laptop', 'team', 'production'], 'production'],
    ['xyz', ['laptop', 'team'], undefined],
    ['a', [], undefined],
  ])('to %j among %j is %j', (name, candidates, meant) => {
    expect(nearest(name, candidates)).toBe(meant);
  });

  it('is the name itself where it is there, and is told as a question', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.array(fc.string()), (name, others) => {
        expect(nearest(name, [...others, name])?.toLowerCase()).toBe(name.toLowerCase());
      }),
    );
    expect(suggestion('nots', ['notes'])).toBe('; did you mean "notes"?');
    expect(suggestion('x'.repeat(65), ['x'.repeat(65)])).toBe('');
  });
});
