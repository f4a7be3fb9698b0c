// When authorities come and go: as properties of any history of looks, because nobody remembers anything in between.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDue, planTrust, type Aged } from '#runtime/operator/trust/trust-plan.ts';

const HOUR = 3_600_000;
const times = {
  rotateAfterMs: 100 * HOUR,
  overlapMs: 10 * HOUR,
  authorityValidMs: 200 * HOUR,
  servingValidMs: 30 * HOUR,
};

const madeAt = (madeAtMs: number): Aged => ({ madeAtMs, endsAtMs: madeAtMs + times.authorityValidMs });
const plan = (authorities: readonly Aged[], nowMs: number) => planTrust(authorities, times, nowMs);

describe('a plan of trust', () => {
  it('makes the first authority at once, and signs with it at once', () => {
    expect(plan([], 5)).toMatchObject({ signer: undefined, makeAnother: true });
    const first = madeAt(5);
    expect(plan([first], 5)).toMatchObject({ signer: first, makeAnother: false, trusted: [first] });
  });

  it('has the successor known for the whole overlap before it signs, and its predecessor trusted as long after', () => {
    const [old, next] = [madeAt(0), madeAt(100 * HOUR)];
    const at = (hours: number) => plan([old, next], hours * HOUR);
    expect(plan([old], 100 * HOUR).makeAnother).toBe(true);
    expect(at(109)).toMatchObject({ signer: old, trusted: [old, next] });
    expect(at(110)).toMatchObject({ signer: next, trusted: [old, next] });
    expect(at(119)).toMatchObject({ signer: next, trusted: [old, next] });
    expect(at(120)).toMatchObject({ signer: next, trusted: [next] });
  });

  it('forgets what has ended, and goes on with the newest where nobody looked for long', () => {
    const [old, next] = [madeAt(0), madeAt(150 * HOUR)];
    expect(plan([old, next], 205 * HOUR)).toMatchObject({ signer: next, trusted: [next] });
    expect(plan([old], 205 * HOUR)).toMatchObject({ signer: undefined, makeAnother: true });
  });

  it('never signs with what nobody was told of, unless there is no other, whenever it is looked at', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 }), (steps) => {
        let [nowMs, known]: [number, readonly Aged[]] = [0, []];
        /** What a proxy trusts that read the ConfigMap one overlap ago. */
        let history: readonly { readonly atMs: number; readonly trusted: readonly Aged[] }[] = [];
        for (const step of steps) {
          nowMs += step * HOUR;
          let now = plan(known, nowMs);
          if (now.makeAnother) now = plan([...now.trusted, madeAt(nowMs)], nowMs);
          known = now.trusted;
          history = [...history, { atMs: nowMs, trusted: known }];
          expect(now.signer).toBeDefined();
          expect(now.trusted).toContain(now.signer);
          const seen = history.filter(({ atMs }) => atMs <= nowMs - times.overlapMs).at(-1);
          const alternatives = seen?.trusted.filter(({ endsAtMs }) => endsAtMs > nowMs) ?? [];
          if (alternatives.length > 0 && now.signer !== undefined)
            expect(seen?.trusted.map(({ madeAtMs }) => madeAtMs)).toContain(now.signer.madeAtMs);
        }
      }),
    );
  });

  it('replaces a certificate when two thirds of its life are over', () => {
    const certificate = { madeAtMs: 0, endsAtMs: 30 * HOUR };
    expect(isDue(certificate, 20 * HOUR - 1)).toBe(false);
    expect(isDue(certificate, 20 * HOUR)).toBe(true);
  });
});
