// Generators of messages that try to be two things: a well-formed call, then anything a hostile caller may do to it.
import fc from 'fast-check';
import { stringLiteral } from '../json/arbitraries.ts';

/** Members as they stand: a key literal and a value's text, in order, twice where that is the attack. */
type Members = readonly (readonly [key: string, value: string])[];

const LEVELS = ['envelope', 'params', '_meta', 'arguments'] as const;
type Level = (typeof LEVELS)[number];
type Shape = Readonly<Record<Level, Members>>;

const ALLOWED = ['read_note', 'list_notes', 'delete_note'];
const DENIED = ['secret', 'add_note', 'unknown'];

const base = fc
  .record({
    method: fc.constantFrom('tools/call', 'tools/call', 'tools/call', 'tools/list', 'ping', 'resources/read'),
    name: fc.constantFrom(...ALLOWED, ...ALLOWED, ...DENIED),
    id: fc.constantFrom('1', '0', '-7', '"a"', '"\\u0061"', '9007199254740991'),
  })
  .map(({ method, name, id }): Shape => ({
    envelope: [
      ['"jsonrpc"', '"2.0"'],
      ['"id"', id],
      ['"method"', JSON.stringify(method)],
      ['"params"', '@params'],
    ],
    params: [
      ['"name"', JSON.stringify(name)],
      ['"arguments"', '@arguments'],
      ['"_meta"', '@_meta'],
    ],
    _meta: [['"progressToken"', '1']],
    arguments: [
      ['"a"', '1'],
      ['"b"', '{"c":[1,2]}'],
    ],
  }));

const hostileValue = fc.constantFrom(
  ...[...ALLOWED, ...DENIED, 'tools/call', 'tools/list', 'resources/read', 'ping'].map((text) =>
    JSON.stringify(text),
  ),
  ...[
    '"\\u0072ead_note"',
    '"read_note\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\ufeffread_note"',
    '"read_note "',
  ],
  ...[
    '1.0',
    '1e0',
    '01',
    '-0',
    '1e999',
    '123456789012345678901234567890',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    '[[]]',
  ],
  ...['{"name":"secret"}', '{"__proto__":{"name":"secret"}}', '{"a":1,"\\u0061":2}', '{"a":{"b":1,"b":2}}'],
  '['.repeat(70) + ']'.repeat(70),
  JSON.stringify('x'.repeat(70_000)),
);

const hostileKey = fc.constantFrom(
  ...[
    'id',
    'method',
    'params',
    'name',
    'arguments',
    '_meta',
    'result',
    'error',
    'jsonrpc',
    'uri',
    'requestId',
  ],
  ...[
    'Name',
    'METHOD',
    'param\u017f',
    '\u0130d',
    '_META',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '',
    'n\u0430me',
  ],
);

const choices = fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 4 });

const mutation = fc.record({
  level: fc.constantFrom(...LEVELS, '_meta', 'arguments'),
  kind: fc.constantFrom('add', 'repeat', 'respell', 'respell', 'revalue', 'remove', 'move', 'move'),
  at: fc.nat({ max: 5 }),
  key: hostileKey,
  value: hostileValue,
  choices,
});

type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutated(members: Members, { kind, at, key, value, choices: spelling }: Mutation): Members {
  const position = at % (members.length + 1);
  const index = at % Math.max(members.length, 1);
  const victim = members[index];
  const added = [stringLiteral(key, spelling), value] as const;
  if (kind === 'add' || victim === undefined) return members.toSpliced(position, 0, added);
  const name: unknown = JSON.parse(victim[0]);
  const respelled = stringLiteral(String(name), spelling);
  switch (kind) {
    case 'repeat':
      return members.toSpliced(position, 0, [respelled, value]);
    case 'respell':
      return members.with(index, [respelled, victim[1]]);
    case 'revalue':
      return members.with(index, [victim[0], value]);
    case 'remove':
      return members.toSpliced(index, 1);
    case 'move':
      return members.toSpliced(index, 1).toSpliced(position, 0, victim);
  }
}

function render(shape: Shape, level: Level, gap: string): string {
  const members = shape[level].map(([key, value]) => {
    const nested = LEVELS.find((name) => value === `@${name}`);
    return `${gap}${key}:${nested === undefined ? value : render(shape, nested, gap)}`;
  });
  return `{${members.join(',')}${gap}}`;
}

const around = fc.oneof(
  { arbitrary: fc.constant(''), weight: 12 },
  { arbitrary: fc.constantFrom(' \r\n\t', '\ufeff', '\0', '{}', '[', '//', '\u00a0', '\u2028'), weight: 1 },
);

/** A body: mutated members, odd ends, and now and then a byte that is another. */
export const hostileBody: fc.Arbitrary<Buffer> = fc
  .record({
    shape: base,
    mutations: fc.array(mutation, { maxLength: 2 }),
    gap: fc.constantFrom('', '', ' ', '\n', '\t'),
    before: around,
    after: around,
    flips: fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 1, size: 'small' }),
    batch: fc.nat({ max: 30 }),
  })
  .map(({ shape, mutations, gap, before, after, flips, batch }) => {
    const hostile = mutations.reduce<Shape>(
      (current, change) => ({ ...current, [change.level]: mutated(current[change.level], change) }),
      shape,
    );
    const text = render(hostile, 'envelope', gap);
    const bytes = Buffer.from(`${before}${batch === 30 ? `[${text}]` : text}${after}`);
    for (const [at, byte] of flips) if (byte % 4 === 0) bytes[at % bytes.length] = byte;
    return bytes;
  });
