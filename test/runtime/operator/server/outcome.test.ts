import { describe, expect, it } from '@jest/globals';
import { KubeError, type KubeErrorCode } from '#runtime/kube/kube.ts';
import { outcomeOf, type PassResult } from '#runtime/operator/server/outcome.ts';

const result = (changes: Partial<PassResult> = {}): PassResult => ({
  errors: [],
  isReady: true,
  unreadyForMs: 0,
  lookAgainMs: [],
  requeueMs: 10_000,
  ...changes,
});

const refusal = (code: KubeErrorCode) => new KubeError(code, { code });

describe('after a pass', () => {
  it('a server that is ready is left alone until something changes', () => {
    expect(outcomeOf(result())).toEqual({ kind: 'done' });
  });

  it('a server that is not ready is looked at again, more seldom the longer it lasts', () => {
    const pauses = [0, 9_000, 25_000, 3_600_000].map((unreadyForMs) =>
      outcomeOf(result({ isReady: false, unreadyForMs })),
    );
    expect(pauses).toEqual([10_000, 10_000, 25_000, 60_000].map((afterMs) => ({ kind: 'again', afterMs })));
    const seldom = result({ isReady: false, unreadyForMs: 3_600_000, requeueMs: 600_000 });
    expect(outcomeOf(seldom)).toEqual({ kind: 'again', afterMs: 600_000 });
  });

  it('the earliest time counts', () => {
    expect(outcomeOf(result({ isReady: false, lookAgainMs: [5000, undefined, 700] }))).toEqual({
      kind: 'again',
      afterMs: 700,
    });
  });

  it.each(['conflict', 'unavailable', 'timeout', 'too_many_requests'] as const)(
    '%s is tried again with growing pauses',
    (code) => {
      const error = refusal(code);
      expect(outcomeOf(result({ errors: [refusal('invalid'), error] }))).toEqual({ kind: 'retry', error });
    },
  );

  it('an error of our own is tried again too', () => {
    const error = new TypeError('broken');
    expect(outcomeOf(result({ errors: [error] }))).toEqual({ kind: 'retry', error });
  });

  it.each(['invalid', 'forbidden'] as const)(
    '%s waits for a person, the longer the longer it lasts',
    (code) => {
      const pauses = [0, 2_000, 9_000, 3_600_000].map((unreadyForMs) =>
        outcomeOf(result({ errors: [refusal(code)], isReady: false, unreadyForMs })),
      );
      expect(pauses).toEqual([5_000, 5_000, 9_000, 60_000].map((afterMs) => ({ kind: 'again', afterMs })));
    },
  );

  it('a namespace that ends is not fought', () => {
    const outcome = outcomeOf(result({ errors: [refusal('namespace_terminating')], isReady: false }));
    expect(outcome).toEqual({ kind: 'again', afterMs: 30_000 });
  });
});
