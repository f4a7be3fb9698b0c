// What becomes of the keys of a server, by their age and by what is stored.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gatewayKeys, sealingKey, type GatewayKeys } from '#api/gateway-keys.ts';
import { firstKeys, makeKey, planKeys, readKeys, type HeldKeys } from '#runtime/operator/keys/keys-plan.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2030-01-31T12:00:00Z');
const clock = (nowMs = NOW) => ({ nowMs, rotateAfterMs: 30 * DAY_MS });

/** Bytes that differ each time, so that a test can tell keys apart. */
function countingBytes() {
  let next = 0;
  return (size: number) => Buffer.alloc(size, (next += 1));
}

const held = (...agesMs: readonly number[]): Extract<HeldKeys, { kind: 'keys' }> => {
  const random = countingBytes();
  const keys = agesMs.map((ageMs) => makeKey(NOW - ageMs, random));
  return { kind: 'keys', keys: { schemaVersion: 1, keys } };
};

const idsOf = ({ keys }: GatewayKeys) => keys.map(({ id }) => id);

const fresh = (size: number) => Buffer.alloc(size, 99);

describe('the keys of a server', () => {
  it('are one where there are none', () => {
    expect(gatewayKeys.parse(firstKeys(NOW, fresh)).keys).toEqual([
      { id: '63'.repeat(8), secret: fresh(32).toString('base64url'), madeAt: '2030-01-31T12:00:00.000Z' },
    ]);
  });

  it('stay until the newest is thirty days old', () => {
    const [one, two] = [held(30 * DAY_MS - 5), held(90 * DAY_MS, DAY_MS)];
    expect(planKeys(one, clock(), fresh)).toEqual({ kind: 'keep', keys: one.keys, dueMs: 5 });
    expect(planKeys(two, clock(), fresh)).toEqual({ kind: 'keep', keys: two.keys, dueMs: 29 * DAY_MS });
  });

  it('get a successor then, and of two the older goes', () => {
    const one = held(30 * DAY_MS);
    const first = planKeys(one, clock(), fresh);
    if (first.kind !== 'rotate') throw new Error(first.kind);
    expect(idsOf(first.keys)).toEqual([...idsOf(one.keys), '63'.repeat(8)]);
    const two = held(60 * DAY_MS, 30 * DAY_MS);
    const second = planKeys(two, clock(), fresh);
    if (second.kind !== 'rotate') throw new Error(second.kind);
    expect(idsOf(second.keys)).toEqual([...idsOf(two.keys).slice(1), '63'.repeat(8)]);
  });

  it('are others where what is stored is none', () => {
    const plan = planKeys({ kind: 'spoilt', why: 'did not hold keys' }, clock(), fresh);
    expect(plan).toMatchObject({ kind: 'replace', why: 'did not hold keys', keys: { keys: [{}] } });
  });

  it('are always such as proxies read, and of those that are sealed with at any time none is dropped', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 45 * DAY_MS }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, (pauses) => {
        const random = countingBytes();
        let state: HeldKeys = { kind: 'keys', keys: firstKeys(NOW, random) };
        let nowMs = NOW;
        for (const pauseMs of pauses) {
          const plan = planKeys(state, clock(nowMs), random);
          if (plan.kind !== 'keep') {
            const text = JSON.stringify(gatewayKeys.parse(plan.keys));
            if (state.kind === 'keys') expect(text).toContain(sealingKey(state.keys, nowMs).id);
            state = readKeys(text, nowMs);
          }
          nowMs += pauseMs;
        }
        expect(state.kind).toBe('keys');
      }),
    );
  });
});

describe('what is stored as keys', () => {
  const [key] = held(DAY_MS).keys.keys;
  const text = (value: unknown) => JSON.stringify(value);

  it('is read as such', () => {
    const { keys } = held(2 * DAY_MS, DAY_MS);
    expect(readKeys(text(keys), NOW)).toEqual({ kind: 'keys', keys });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"schemaVersion":1,'],
    ['no key', text({ schemaVersion: 1, keys: [] })],
    ['a short secret', text({ schemaVersion: 1, keys: [{ ...key, secret: 'c2hvcnQ' }] })],
    ['another version', text({ schemaVersion: 2, keys: [key] })],
    ['the same key twice', text({ schemaVersion: 1, keys: [key, key] })],
    ['a key from the future', text(held(-2 * 3_600_000).keys)],
  ])('is spoilt where it is %s, which is said without what it holds', (_what, stored) => {
    const read = readKeys(stored, NOW);
    if (read.kind !== 'spoilt') throw new Error(read.kind);
    expect(read.why).toMatch(/^(did not hold keys|held a key from the future)$/);
  });
});
