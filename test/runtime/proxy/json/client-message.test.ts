import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { ClientMessageReader } from '#runtime/proxy/json/client-message.ts';
import { idKey } from '#runtime/proxy/json/rpc-id.ts';
import { jsonText, requestText, stringLiteral } from './arbitraries.ts';
import { readReference } from './reference.ts';

const reader = new ClientMessageReader();
const read = (text: string | Buffer) => reader.read(typeof text === 'string' ? Buffer.from(text) : text);

function problemOf(text: string | Buffer): string {
  const result = read(text);
  return result.ok ? 'accepted' : result.problem;
}

const call = (params: string): string => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
const inArguments = (text: string): string => call(`{"name":"t","arguments":{"x":${text}}}`);

const parsedMessage = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.looseObject({ name: z.string().optional() }).optional(),
});

/** What JSON.parse says about a text that the reader accepted has to be the same. */
function expectAgreement(text: string): void {
  const result = read(text);
  if (!result.ok) return;
  const parsed = parsedMessage.parse(JSON.parse(text));
  expect(parsed.method).toBe(result.message.method);
  expect(parsed.params?.name).toBe(result.message.name);
  expect(parsed.id === undefined ? undefined : JSON.stringify(parsed.id)).toBe(
    result.message.id === undefined ? undefined : idKey(result.message.id),
  );
  const reference = readReference(text);
  expect(reference.duplicate).toBe(false);
  expect(reference.depth).toBeLessThanOrEqual(64);
}

describe('ClientMessageReader on well-formed messages', () => {
  it('reads request, notification and response', () => {
    expect(read('{"jsonrpc":"2.0","id":7,"method":"ping"}')).toMatchObject({
      ok: true,
      message: { kind: 'request', id: '7', method: 'ping' },
    });
    expect(read('{"jsonrpc":"2.0","method":"notifications/initialized"}')).toMatchObject({
      message: { kind: 'notification', id: undefined },
    });
    expect(read('{"jsonrpc":"2.0","id":"a","result":{}}')).toMatchObject({
      message: { kind: 'response', id: '"a"', method: undefined },
    });
    expect(read('{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"no"}}')).toMatchObject({
      message: { kind: 'response', id: '0' },
    });
  });

  it('finds tool, arguments, version and client of a modern call', () => {
    const text = call(
      '{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","title":"C","version":"1"}},"name":"w\\u0072ite","arguments":{"a":[1]}}',
    );
    const result = read(text);
    if (!result.ok) throw new Error(result.problem);
    const { message } = result;
    expect(message).toMatchObject({
      name: 'write',
      protocolVersion: '2026-07-28',
      modern: true,
      client: 'c/1',
    });
    const span = message.arguments ?? { start: 0, end: 0 };
    expect(Buffer.from(text).toString('utf8', span.start, span.end)).toBe('{"a":[1]}');
  });

  it('reads version and client of a legacy initialize', () => {
    const params = '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c"}}';
    expect(read(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":${params}}`)).toMatchObject({
      message: { protocolVersion: '2025-11-25', modern: false, client: 'c' },
    });
  });

  it('keeps huge numbers, __proto__ and constructor in arguments as they are', () => {
    const text = inArguments(
      '{"__proto__":{"polluted":1},"constructor":1e999,"n":123456789012345678901234567890}',
    );
    expect(problemOf(text)).toBe('accepted');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('ClientMessageReader on what is refused', () => {
  it.each<[string, string]>([
    ['', 'body_required'],
    [' \n', 'body_required'],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 'batch_not_supported'],
    ['[]', 'batch_not_supported'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping"', 'invalid_json'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}}', 'invalid_json'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}x', 'invalid_json'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping",}', 'invalid_json'],
    ["{'jsonrpc':'2.0'}", 'invalid_json'],
    [inArguments('01'), 'invalid_json'],
    [inArguments('1.'), 'invalid_json'],
    [inArguments('+1'), 'invalid_json'],
    [inArguments('NaN'), 'invalid_json'],
    [inArguments('"\n"'), 'invalid_json'],
    [inArguments('"\\x41"'), 'invalid_json'],
    [inArguments('"\\u12g4"'), 'invalid_json'],
    [inArguments('{"\\u0000":1}'), 'invalid_json'],
    [inArguments('"\\ud800"'), 'invalid_utf8'],
    [inArguments('"\\udc00\\ud800"'), 'invalid_utf8'],
    [inArguments('{"a":1,"b":{"c":1,"c":2}}'), 'duplicate_key'],
    [inArguments('{"a":1,"\\u0061":2}'), 'duplicate_key'],
    [call('{"name":"read","name":"write"}'), 'duplicate_key'],
    [call('{"name":"read","n\\u0061me":"write"}'), 'duplicate_key'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', 'duplicate_key'],
    [call('{"name":"read","Name":"write"}'), 'case_variant_key'],
    [call('{"name":"read","argument\u017f":{}}'), 'case_variant_key'],
    [call('{"name":"read","_META":{}}'), 'case_variant_key'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', 'case_variant_key'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}', 'case_variant_key'],
    [call('{"_meta":{"IO.modelcontextprotocol/protocolVersion":"2026-07-28"}}'), 'case_variant_key'],
    ['1', 'invalid_envelope'],
    ['null', 'invalid_envelope'],
    ['{}', 'invalid_envelope'],
    ['{"id":1,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":2.0,"id":1,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1e3,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping\\u0000"}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1,"method":5}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1,"method":""}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","result":{}}', 'invalid_envelope'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', 'invalid_envelope'],
    [call('{"name":1}'), 'invalid_envelope'],
    [call('{"name":"t","arguments":"x"}'), 'invalid_envelope'],
    [call('{"name":"t","_meta":1}'), 'invalid_envelope'],
  ])('refuses %s as %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it('refuses a byte order mark and broken UTF-8', () => {
    expect(problemOf(Buffer.from('\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}'))).toBe('invalid_json');
    const broken = Buffer.from(inArguments('"abc"'));
    broken[broken.indexOf('abc')] = 0xff;
    expect(problemOf(broken)).toBe('invalid_utf8');
  });

  it('accepts 64 containers inside each other and refuses 65', () => {
    const nested = (levels: number): string => inArguments('['.repeat(levels) + ']'.repeat(levels));
    expect(problemOf(nested(61))).toBe('accepted');
    expect(problemOf(nested(62))).toBe('json_too_deep');
    expect(problemOf('{"a":'.repeat(200_000))).toBe('json_too_deep');
  });

  it('echoes the id of a wrong envelope and never that of an ambiguous body', () => {
    expect(read('{"jsonrpc":"2.0","id":"x","method":5}')).toMatchObject({ ok: false, id: '"x"' });
    expect(read('{"jsonrpc":"2.0","id":"x","id":"y","method":"ping"}')).toMatchObject({
      ok: false,
      id: undefined,
    });
  });

  it('tells keys apart that are alike in length, first, middle and last character', () => {
    const keys = Array.from({ length: 12 }, (_, at) => `"a${at % 10}${at}b${at}c"`);
    const alike = ['"a1b2c"', '"a2b2c"', '"a1b1c"', '"a2b1c"'];
    for (const few of [alike, [...alike, ...keys]]) {
      const members = few.map((key) => `${key}:0`);
      expect(problemOf(inArguments(`{${members.join(',')}}`))).toBe('accepted');
      for (const key of few) {
        expect(problemOf(inArguments(`{${members.join(',')},${key}:0}`))).toBe('duplicate_key');
      }
    }
  });

  it('finds a duplicate among many keys without comparing every pair', () => {
    const keys = Array.from({ length: 50_000 }, (_, at) => `"k${at}":0`);
    expect(problemOf(inArguments(`{${keys.join(',')}}`))).toBe('accepted');
    expect(problemOf(inArguments(`{${keys.join(',')},"\\u006b7":0}`))).toBe('duplicate_key');
  });

  it('sees what a long string may not hold at whatever byte it stands', () => {
    // Up to where it is looked at byte by byte, and around where a run of plain text counts as long.
    const lengths = [...Array(100).keys(), ...Array.from({ length: 60 }, (_, at) => 1_030 + at)];
    for (const before of lengths) {
      const long = (piece: string): string => inArguments(`"${'x'.repeat(before)}${piece}${'y'.repeat(40)}"`);
      expect([before, problemOf(long('\u001f'))]).toEqual([before, 'invalid_json']);
      expect([before, problemOf(long('\\x'))]).toEqual([before, 'invalid_json']);
      expect([before, problemOf(long('"'))]).toEqual([before, 'invalid_json']);
      for (const fine of ['é', '\u007f', '\\"', '!', '#', '[', ']', '\u{1f600}']) {
        expect([before, fine, problemOf(long(fine))]).toEqual([before, fine, 'accepted']);
      }
      expect(problemOf(inArguments(`"${'x'.repeat(before)}`).slice(0, -3))).toBe('invalid_json');
    }
  });

  it('forgets everything between two bodies', () => {
    expect(problemOf(inArguments('{"a":1,"a":2}'))).toBe('duplicate_key');
    expect(problemOf(inArguments('{"a":1}'))).toBe('accepted');
    expect(read('{"jsonrpc":"2.0","id":1,"method":"ping"}')).toMatchObject({ message: { name: undefined } });
  });
});

describe('ClientMessageReader against JSON.parse', () => {
  it('accepts any well-formed arguments without duplicates, and refuses all others', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const message = inArguments(text);
        const reference = readReference(message);
        const nul = /\\u0000(?:[^"\\]|\\.)*"\s*:/.test(text);
        const expected = reference.duplicate ? 'duplicate_key' : 'accepted';
        if (!nul) expect(problemOf(message)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads the same id, method and name however they are written', () => {
    fc.assert(
      fc.property(requestText, (text) => {
        expectAgreement(text);
        if (!readReference(text).duplicate && !text.includes('\\u0000'))
          expect(problemOf(text)).toBe('accepted');
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees on, or refuses, whatever mutation makes of a message', () => {
    const mutation = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 3 }),
      insert: fc.oneof(
        fc.constantFrom(
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\u0061',
          '"name":',
          '"id":2,',
          ' ',
          '\ufeff',
          '0',
          '-',
        ),
        fc.string({ maxLength: 3 }),
      ),
    });
    fc.assert(
      fc.property(requestText, fc.array(mutation, { minLength: 1, maxLength: 3 }), (text, mutations) => {
        const mutated = mutations.reduce((current, { at, remove, insert }) => {
          const position = at % (current.length + 1);
          return current.slice(0, position) + insert + current.slice(position + remove);
        }, text);
        // What the reader gets is what is sent: bytes. A cut surrogate pair becomes the replacement character.
        expectAgreement(Buffer.from(mutated).toString());
      }),
      { numRuns: 5000 },
    );
  });

  it('agrees on, or refuses, whatever flipped bytes make of a message', () => {
    fc.assert(
      fc.property(requestText, fc.nat(), fc.nat({ max: 255 }), (text, at, byte) => {
        const bytes = Buffer.from(text);
        bytes[at % bytes.length] = byte;
        if (!read(bytes).ok) return;
        expectAgreement(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it('sees the same key in every spelling', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }).filter((key) => !key.includes('\0')),
        fc.array(fc.constantFrom(0, 1), { minLength: 1 }),
        (key, choices) => {
          const text = inArguments(`{${JSON.stringify(key)}:1,${stringLiteral(key, choices)}:2}`);
          expect(problemOf(text)).toBe('duplicate_key');
        },
      ),
    );
  });
});
