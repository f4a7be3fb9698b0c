import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withoutStacks } from '#render/pulumi/without-stacks.ts';

const framesOf = ({ stack = '' }: Error) => stack.split('\n').filter((line) => /^\s+at /.test(line)).length;

describe('withoutStacks', () => {
  const before = Error.stackTraceLimit;
  beforeEach(() => {
    Error.stackTraceLimit = 7;
  });
  afterEach(() => {
    Error.stackTraceLimit = before;
  });

  it('lets errors note no frames, and as many as before afterwards', () => {
    expect(framesOf(withoutStacks(() => new Error('within')))).toBe(0);
    expect(framesOf(new Error('after'))).toBeGreaterThan(0);
    expect(Error.stackTraceLimit).toBe(7);
  });

  it('puts it back where the work throws, and passes on what was thrown', () => {
    const refuse = () => {
      throw new TypeError('no such thing');
    };
    expect(() => withoutStacks(refuse)).toThrow(new TypeError('no such thing'));
    expect(Error.stackTraceLimit).toBe(7);
  });
});
