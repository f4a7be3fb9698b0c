import { describe, expect, it } from '@jest/globals';
import { compileCel, toCel } from '#api/cel.ts';

function evaluate(expression: string, self: unknown) {
  const compiled = compileCel(expression, ['self']);
  return compiled.ok ? compiled.value.evaluate({ self: toCel(self) }) : compiled;
}

const codeOf = (expression: string, self: unknown = {}) => {
  const outcome = evaluate(expression, self);
  return outcome.ok ? outcome.value : outcome.error.code;
};

describe('CEL', () => {
  it('sees whole numbers as ints, as Kubernetes does', () => {
    expect(codeOf('self.port / 2 == 4', { port: 9 })).toBe(true);
    expect(codeOf('type(self.port) == int', { port: 9 })).toBe(true);
    expect(toCel({ a: [1, 1.5, 'x', { b: 2 }], gone: undefined })).toEqual({ a: [1n, 1.5, 'x', { b: 2n }] });
  });

  it('sees absent members as absent', () => {
    expect(codeOf('has(self.a)', { a: undefined })).toBe(false);
    expect(codeOf('has(self.a) && self.a > 1', {})).toBe(false);
  });

  it('compares objects by content, whatever the order of members', () => {
    expect(codeOf('self.a == self.b', { a: { x: 1, y: 2 }, b: { y: 2, x: 1 } })).toBe(true);
    expect(codeOf('self.a == self.b', { a: { x: 1 }, b: { x: 1, y: 2 } })).toBe(false);
  });

  it.each([
    ['cel_invalid', 'self..', {}],
    ['cel_invalid', 'other.a', {}],
    ['cel_invalid', 'self.a &&', {}],
    ['cel_not_boolean', '1 + 1', {}],
    ['cel_not_boolean', 'self.a', { a: 'x' }],
    ['cel_failed', 'self.a.b > 1', {}],
    ['cel_failed', "self.a > 'x'", { a: 1 }],
  ])('fails as a value: %s for %s', (code, expression, self) => {
    expect(codeOf(expression, self)).toBe(code);
  });

  it('says in one line what is wrong', () => {
    const compiled = compileCel('other.a', ['self']);
    expect(compiled).toEqual({
      ok: false,
      error: { code: 'cel_invalid', expression: 'other.a', message: 'Unknown variable: other' },
    });
  });
});
