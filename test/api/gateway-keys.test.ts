import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { KEY_SETTLES_MS, parseGatewayKeys, sealingKey } from '#api/gateway-keys.ts';

const MADE = Date.parse('2026-01-01T00:00:00Z');
const secret = () => randomBytes(32).toString('base64url');
const key = (id: string, madeMs = MADE) => ({ id, secret: secret(), madeAt: new Date(madeMs).toISOString() });
const file = (...keys: unknown[]) => JSON.stringify({ schemaVersion: 1, keys });
const parse = (text: string) => parseGatewayKeys(text, 'keys.json of notes');

describe('a keys file', () => {
  it('holds one key, or two with the oldest first', () => {
    const [old, young] = [key('a1'), key('b2', MADE + 1)];
    expect(parse(file(old)).keys).toEqual([old]);
    expect(parse(file(old, young)).keys).toEqual([old, young]);
  });

  it('takes every secret of 32 bytes', () => {
    for (let n = 0; n < 256; n += 1) {
      const bytes = Buffer.alloc(32, n);
      const [read] = parse(file({ ...key('a'), secret: bytes.toString('base64url') })).keys;
      expect(Buffer.from(read?.secret ?? '', 'base64url')).toEqual(bytes);
    }
  });

  it.each([
    ['no JSON', '{"keys": hunter2', /is not JSON/],
    ['no key', file(), /keys:/],
    ['three keys', file(key('a'), key('b'), key('c')), /keys:/],
    ['one id twice', file(key('a'), key('a')), /ids must differ/],
    ['the youngest first', file(key('a', MADE + 1), key('b')), /oldest first/],
    ['a short secret', file({ ...key('a'), secret: 'hunter2' }), /keys\.0\.secret: must be 32 bytes/],
    ['a padded secret', file({ ...key('a'), secret: `${secret()}=` }), /keys\.0\.secret/],
    ['an id that is none', file(key('a.b')), /keys\.0\.id: must be 1 to 16/],
    ['a day for a time', file({ ...key('a'), madeAt: '2026-01-01' }), /keys\.0\.madeAt/],
    ['another version', file(key('a')).replace('1', '2'), /schemaVersion/],
  ])('with %s is refused, and the error says where and what to do', (_, text, what) => {
    expect(() => parse(text)).toThrow(what);
    expect(() => parse(text)).toThrow(/^keys\.json of notes: .*; delete it/);
    expect(() => parse(text)).not.toThrow(/hunter2/);
  });
});

describe('the sealing key', () => {
  const keys = parse(file(key('old'), key('new', MADE + 60_000)));

  it('is the newest once it has had time to reach everybody', () => {
    expect(sealingKey(keys, MADE + 60_000 + KEY_SETTLES_MS).id).toBe('new');
  });

  it('is the older one before', () => {
    expect(sealingKey(keys, MADE + 60_000 + KEY_SETTLES_MS - 1).id).toBe('old');
  });

  it('is the oldest while none is settled', () => {
    expect(sealingKey(keys, MADE).id).toBe('old');
  });
});
