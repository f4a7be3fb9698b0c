import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { yamlText } from '#render/yaml-text.ts';

/** Text that YAML reads in ways of its own. */
const awkward = fc.constantFrom(
  ...[
    '',
    ' ',
    'yes',
    'No',
    'ON',
    'n',
    'null',
    '~',
    '1e3',
    'e0',
    '.E-5',
    '0x1f',
    '0o17',
    '12:30',
    '1_000',
    '.inf',
    '=',
    '<<',
    '-',
  ],
  ...[
    'a: b',
    'a:',
    ': a',
    'a #b',
    '#a',
    '- a',
    '? a',
    '"a"',
    "'a'",
    "it's",
    '[a]',
    '{a}',
    '&a',
    '*a',
    '!a',
    '|',
    '>',
  ],
  ...[
    '%a',
    '@a',
    '`a',
    'a\nb',
    'a\tb',
    '\ta',
    'a ',
    '2020-01-01',
    '9999-12-31T23:59:59Z',
    'http://x.example:80/a',
  ],
  ...[
    '\u0085',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\u007f',
    '\u00a0',
    'é',
    '日本',
    '😀',
    '---',
    '...',
    '/a',
    '_',
    'NaN',
  ],
);
const text = fc.oneof(awkward, fc.string({ unit: 'binary' }), fc.string());
const data = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    tie('value'),
    { maxKeys: 4, noNullPrototype: true },
  ),
})).object;

describe('yamlText', () => {
  it.each(['1.1', '1.2'] as const)('is read back as what it was by a reader of YAML %s', (version) => {
    fc.assert(
      fc.property(data, (value) => {
        const read: unknown = parse(yamlText(value), { version, merge: version === '1.1' });
        expect(read).toEqual(value);
      }),
      { numRuns: 400 },
    );
  });

  it('writes lists and objects as people do', () => {
    const value = { kind: 'A', list: [{ name: 'a', on: true }, ['b', 1], {}, []], none: {}, size: 'yes' };
    expect(yamlText(value)).toMatchInlineSnapshot(`
     "kind: A
     list:
       - name: a
         "on": true
       - - b
         - 1
       - {}
       - []
     none: {}
     size: "yes"
     "
    `);
  });

  it('leaves out members that are undefined', () => {
    expect(yamlText({ a: undefined, b: 1 })).toBe('b: 1\n');
  });
});
