import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KEY_SETTLES_MS, type GatewayKeys } from '#api/gateway-keys.ts';
import { KeyRing } from '#runtime/proxy/keys/key-ring.ts';
import { SessionSeal } from '#runtime/proxy/sessions/session-seal.ts';

const NOTES = { namespace: 'team-a', name: 'notes' };
const MADE = Date.parse('2026-01-01T00:00:00Z');
const SESSION = { host: '10.0.0.7', port: 9104, podUid: 'uid-7', id: 'server-id' };

const key = (id: string, fill: number, madeMs = MADE) => ({
  id,
  secret: Buffer.alloc(32, fill).toString('base64url'),
  madeAt: new Date(madeMs).toISOString(),
});
const keys = (...list: GatewayKeys['keys']): GatewayKeys => ({ schemaVersion: 1, keys: list });
const ringOf = (file: GatewayKeys, nowMs = MADE) =>
  new KeyRing(file, { nowMs: () => nowMs, monotonicMs: () => 0 });
const sealWith = (ring: KeyRing, server = NOTES) => new SessionSeal(ring, server);
const sealed = (seal: SessionSeal, subject = 'ada') => seal.seal(SESSION, subject) ?? '';

describe('attack 11: a sealed session id', () => {
  const seal = sealWith(ringOf(keys(key('k1', 1))));

  it('opens for its caller, at every proxy with the key, also the second time', () => {
    const id = sealed(seal);
    const other = sealWith(ringOf(keys(key('k1', 1))));
    expect([other.open(id, 'ada'), other.open(id, 'ada')]).toEqual([SESSION, SESSION]);
  });

  it('is visible ASCII, and shows neither pod nor session', () => {
    expect(sealed(seal)).toMatch(/^k1\.[A-Za-z0-9_-]+$/);
    expect(sealed(seal)).not.toBe(sealed(seal));
    const bytes = Buffer.from(sealed(seal).slice(3), 'base64url').toString('latin1');
    for (const part of Object.values(SESSION)) expect(bytes).not.toContain(String(part));
  });

  it('opens for nobody else, also after it was opened', () => {
    const id = sealed(seal);
    expect(seal.open(id, 'ada')).toEqual(SESSION);
    expect(seal.open(id, 'eve')).toBeUndefined();
    expect(sealWith(ringOf(keys(key('k1', 1)))).open(id, 'eve')).toBeUndefined();
  });

  it.each([
    { ...NOTES, name: 'mail' },
    { ...NOTES, namespace: 'team-b' },
  ])('is none of server %j', (server) => {
    expect(sealWith(ringOf(keys(key('k1', 1))), server).open(sealed(seal), 'ada')).toBeUndefined();
  });

  it('does not open under another key of the same id', () => {
    expect(sealWith(ringOf(keys(key('k1', 2)))).open(sealed(seal), 'ada')).toBeUndefined();
  });

  it('does not open where a single character differs, or is more, or is less', () => {
    const id = sealed(seal);
    fc.assert(
      fc.property(
        fc.nat(id.length - 1),
        fc.constantFrom('', 'A', 'b', '.', '-', '=', '%', 'AA'),
        (at, by) => {
          const changed = id.slice(0, at) + by + id.slice(at + 1);
          return changed === id || seal.open(changed, 'ada') === undefined;
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });

  it.each(['', 'k1', 'k1.', 'k1.AAAA', `k1.${'A'.repeat(38)}`, `k1.${'A'.repeat(9_000)}`, '__proto__.x'])(
    'is not %j',
    (text) => expect(seal.open(text, 'ada')).toBeUndefined(),
  );

  it.each(['', 'a b', 'a\nb', 'ü', 'x'.repeat(1_025)])('is not made of the id %j', (id) => {
    expect(seal.seal({ ...SESSION, id }, 'ada')).toBeUndefined();
  });
});

describe('while a key is replaced', () => {
  const [old, young] = [key('old', 1), key('new', 2, MADE + 1)];

  it('the new one opens before anybody seals with it', () => {
    const early = sealWith(ringOf(keys(old, young), MADE + 2));
    const late = sealWith(ringOf(keys(old, young), MADE + 1 + KEY_SETTLES_MS));
    expect(sealed(early)).toMatch(/^old\./);
    expect(sealed(late)).toMatch(/^new\./);
    expect(early.open(sealed(late), 'ada')).toEqual(SESSION);
    expect(late.open(sealed(early), 'ada')).toEqual(SESSION);
  });

  it('an id ends with its key, also one that was opened before', () => {
    const ring = ringOf(keys(old));
    const seal = sealWith(ring);
    const id = sealed(seal);
    expect(seal.open(id, 'ada')).toEqual(SESSION);
    ring.replace(keys(old, young));
    expect(seal.open(id, 'ada')).toEqual(SESSION);
    ring.replace(keys(young));
    expect(seal.open(id, 'ada')).toBeUndefined();
  });
});
