// Generators of JSON texts: every way to write a value, not only the one that JSON.stringify chooses.
import fc from 'fast-check';

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n', '  ');

/** A string literal in which characters may be escaped although they need not be. */
export function stringLiteral(value: string, choices: readonly number[]): string {
  const units = Array.from(value).map((character, at) => {
    const plain = JSON.stringify(character).slice(1, -1);
    const choice = choices[at % Math.max(choices.length, 1)] ?? 0;
    if (choice !== 1) return character === '/' && choice === 2 ? '\\/' : plain;
    return Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join('');
  });
  return `"${units.join('')}"`;
}

const literalOf = (values: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(values, fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 5 }))
    .map(([value, choices]) => stringLiteral(value, choices));

const word = fc.oneof(
  fc.constantFrom('a', 'b', 'name', 'method', 'id', '__proto__', 'constructor', 'ſ', '€', '😀', ''),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);

const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('0', '-0', '1e5', '1E+5', '0.10', '123456789012345678901234567890', '1e400'),
);

/** A JSON text, with white space anywhere, escapes anywhere and, now and then, the same key twice. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => {
  const member = fc
    .tuple(space, literalOf(word), space, space, tie('value'), space)
    .map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`);
  const element = fc.tuple(space, tie('value'), space).map((parts) => parts.join(''));
  const object = fc.array(member, { maxLength: 5 }).map((members) => `{${members.join(',')}}`);
  return {
    object,
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('true', 'false', 'null'),
      number,
      literalOf(word),
      object,
      fc.array(element, { maxLength: 4 }).map((elements) => `[${elements.join(',')}]`),
    ),
  };
}).value;

/** A JSON-RPC request with arguments of any shape. */
export const requestText: fc.Arbitrary<string> = fc
  .record({
    id: fc.oneof(fc.integer().map(String), literalOf(fc.string({ minLength: 1, maxLength: 6 }))),
    method: literalOf(fc.constantFrom('tools/call', 'tools/list', 'ping')),
    name: literalOf(fc.string({ minLength: 1, maxLength: 12 })),
    extra: jsonText,
    order: fc.shuffledSubarray(['jsonrpc', 'id', 'method', 'params'], { minLength: 4 }),
    gap: space,
  })
  .map(({ id, method, name, extra, order, gap }) => {
    const values: Readonly<Record<string, string>> = {
      jsonrpc: '"2.0"',
      id,
      method,
      params: `{"name":${gap}${name},"arguments":{"x":${extra}}}`,
    };
    return `${gap}{${order.map((key) => `"${key}"${gap}:${values[key] ?? ''}`).join(`${gap},`)}}${gap}`;
  });
