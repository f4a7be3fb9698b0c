// Values of a JSON schema, most of them good, some odd in every way a field can be: of the wrong type, at the edge of
// its bounds and past it, of the wrong form, twice in a list, unknown. One generator for all kinds, so that a new field
// is tried without a word here.
import fc from 'fast-check';
import { z } from 'zod';

type Arbitrary = fc.Arbitrary<unknown>;
type Schema = z.core.JSONSchema.BaseSchema;

interface Place {
  readonly depth: number;
  /** Arbitraries by pattern: they take long to make. */
  readonly patterns: Map<string, fc.Arbitrary<string>>;
}

const deeper = ({ depth, patterns }: Place): Place => ({ depth: depth + 1, patterns });

/** How many good values there are to an odd one, in a field. */
const GOOD_TO_ODD = 16;

/** Values of the spec of a kind, as authors might write it. */
export function specArbitrary(spec: z.ZodType): Arbitrary {
  return valueOf(z.toJSONSchema(spec, { io: 'input' }), { depth: 0, patterns: new Map() });
}

function valueOf(schema: Schema | boolean | undefined, at: Place): Arbitrary {
  if (typeof schema !== 'object') return fc.constant({});
  const usual = good(schema, at);
  const wrong = schema.format === 'date-time' ? wrongTypesOfTimes : wrongTypes;
  return fc.oneof(
    { weight: GOOD_TO_ODD, arbitrary: usual },
    { weight: 1, arbitrary: fc.oneof(wrong, ofItsType(schema, usual)) },
  );
}

const scalars = ['text', 1, 1.5, -1, true, {}, null, ''] as const;
const wrongTypes = fc.constantFrom<unknown>(...scalars, [], ['a']);
/** The API server takes a list for a text that has a format. Reading refuses it, so such a session gives nothing. */
const wrongTypesOfTimes = fc.constantFrom<unknown>(...scalars);

function good(schema: Schema, at: Place): Arbitrary {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true)
    return fc.constantFrom({}, { a: 1 }, { nested: { list: [1, 'a', null] } });
  if (schema.enum !== undefined) return fc.constantFrom<unknown>(...schema.enum);
  switch (schema.type) {
    case 'string':
      return goodText(schema, at);
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 1000, 70_000) });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valueOf(itemsOf(schema), deeper(at)), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    default:
      return objectOf(schema, at);
  }
}

function itemsOf(schema: Schema): Schema | boolean | undefined {
  return Array.isArray(schema.items) ? undefined : schema.items;
}

function objectOf(schema: Schema, at: Place): Arbitrary {
  const { properties, additionalProperties, required = [] } = schema;
  if (properties === undefined) {
    const key = fc.stringMatching(/^[a-z]{1,6}$/);
    return fc.dictionary(key, valueOf(additionalProperties, deeper(at)), { maxKeys: 3 });
  }
  const names = Object.keys(properties);
  const optional = names.filter((name) => !required.includes(name));
  // Few fields at a time: with all of them at once nearly every object would be odd somewhere.
  const maxLength = Math.min(optional.length, at.depth === 0 ? 5 : 3);
  // Made once, not at each draw.
  const values = new Map(names.map((name) => [name, valueOf(properties[name], deeper(at))]));
  return fc.subarray(optional, { maxLength }).chain((chosen) => {
    const present = [...required, ...chosen];
    return fc.record(Object.fromEntries(present.map((name) => [name, values.get(name) ?? fc.constant({})])));
  });
}

const times = fc.constantFrom(
  '2027-01-31T23:59:59Z',
  '2027-01-31T23:59:59.123456789Z',
  '2028-02-29T00:00:00+05:30',
  '2027-01-31T00:00:00-11:00',
);

function goodText(schema: Schema, { patterns }: Place): Arbitrary {
  if (schema.format === 'date-time') return times;
  const { pattern, minLength = 0, maxLength = 64 } = schema;
  if (pattern !== undefined) {
    const known = patterns.get(pattern);
    const matching = known ?? fc.stringMatching(new RegExp(pattern));
    patterns.set(pattern, matching);
    return matching.filter((text) => text.length <= maxLength);
  }
  return fc.string({ minLength, maxLength: Math.min(maxLength, 24) });
}

/** Wrong, but of the right type; or only unusual. Made of usual values, so that none has to be made twice. */
function ofItsType(schema: Schema, usual: Arbitrary): Arbitrary {
  switch (schema.type) {
    case 'string':
      return oddText(schema);
    case 'integer':
    case 'number':
      return fc.constantFrom<unknown>(
        ...[schema.minimum, schema.maximum].flatMap((bound) =>
          bound === undefined || Math.abs(bound) > 2 ** 31 ? [] : [bound - 1, bound, bound + 1],
        ),
        0,
        2 ** 31,
        -(2 ** 31) - 1,
        0.5,
        '1',
      );
    case 'array':
      return oddList(schema, usual);
    default:
      return usual.map((value) => withUnknown(schema, value));
  }
}

const oddTimes = [
  '2027-01-31t23:59:59z',
  '2027-01-31T23:59:59z',
  '2027-01-31 23:59:59Z',
  '2027-01-31T23:59Z',
  '2027-01-31',
  '2027-02-29T00:00:00Z',
  '2027-02-30T00:00:00Z',
  '2027-13-01T00:00:00Z',
  '2027-01-31T24:00:00Z',
  '2027-01-31T23:60:00Z',
  '2027-01-31T23:59:60Z',
  '2027-01-31T23:59:59',
  '2027-01-31T23:59:59.Z',
  '2027-01-31T23:59:59,5Z',
  '2027-01-31T23:59:59x5Z',
  '2027-01-31T23:59:59+24:00',
  '2027-01-31T23:59:59+05:60',
  '2027-01-31T23:59:59+0530',
  '2027-01-31T23:59:59Z\n',
  ' 2027-01-31T23:59:59Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '12027-01-31T23:59:59Z',
  '2027-01-31T23:59:59Zt',
];

const oddTexts = [
  '',
  ' ',
  'a ',
  ' a',
  'a\n',
  '\u00a0',
  'a\u00a0',
  '\u2028',
  'Ä',
  '😀',
  'A',
  '-',
  'a-',
  '.',
  'a..b',
  '/',
  '%',
  '25%',
  '1.5.1',
  'http://',
  'https://a b',
  '\u0000',
];

function oddText(schema: Schema): Arbitrary {
  if (schema.format === 'date-time') return fc.constantFrom(...oddTimes);
  const bound = schema.maxLength ?? 64;
  const atTheEdge =
    bound > 5000 ? [] : ['a'.repeat(bound), 'a'.repeat(bound + 1), '😀'.repeat(bound), 'ä'.repeat(bound)];
  return fc.oneof(fc.constantFrom(...oddTexts, ...atTheEdge), fc.string({ maxLength: 12, unit: 'binary' }));
}

function oddList({ maxItems = 3 }: Schema, usual: Arbitrary): Arbitrary {
  const lists = usual.map((value) => z.array(z.unknown()).catch([]).parse(value));
  const twice = lists.map((list) => [...list, ...list]);
  const full = fc
    .tuple(lists, fc.constantFrom(0, 1))
    .map(([list, more]) => Array.from({ length: maxItems + more }, (_, index) => withNumber(list[0], index)));
  return fc.oneof(twice, maxItems > 64 ? twice : full, fc.constant([]), fc.constant([null]));
}

/** The item of a list as one that differs from its neighbours. */
function withNumber(item: unknown, index: number): unknown {
  if (typeof item === 'string') return `${item}${index}`;
  const named = z.looseObject({ name: z.string() }).safeParse(item);
  return named.success ? { ...named.data, name: `${named.data.name}${index}` } : (item ?? 'a');
}

/** A member that nobody knows, where the schema says that there may be none; elsewhere it would only be dropped. */
function withUnknown(schema: Schema, value: unknown): unknown {
  if (schema.additionalProperties !== false || typeof value !== 'object') return value;
  return { ...value, unheardOf: 1 };
}
