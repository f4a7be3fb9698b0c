// The values of a chart with their schema, both read off the slots: a value is what the program says, and Helm refuses
// one that is misspelt or that the platform would refuse later.
import { byText } from '../rendered-file.ts';
import { memberAt, type Slot, type SlotKind } from './slot.ts';

export interface Values {
  readonly [name: string]: unknown;
}

const isTree = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function placed(tree: Values, [name, ...rest]: readonly string[], value: unknown): Values {
  if (name === undefined) return tree;
  const below = memberAt(tree, [name]);
  const own = rest.length === 0 ? value : placed(isTree(below) ? below : {}, rest, value);
  return { ...tree, [name]: own };
}

/** Sorted by their paths, so that the order of a program is of no account. */
const inOrder = (slots: readonly Slot[]) => slots.toSorted((a, b) => byText(a.at.join('/'), b.at.join('/')));

export function valuesOf(slots: readonly Slot[]): Values {
  return inOrder(slots).reduce<Values>((tree, { at, value }) => placed(tree, at, value), {});
}

const quantity = { type: ['string', 'number'] };
const quantities = { type: 'object', additionalProperties: quantity };

const SCHEMAS: Readonly<Record<SlotKind, object>> = {
  image: {
    description: 'An image with its version or digest; what is called latest may be another one tomorrow.',
    type: 'string',
    pattern: '^[^@\\s]+(:[^:/@\\s]+|@sha256:[0-9a-f]{64})$',
    not: { pattern: ':latest$' },
  },
  replicas: { description: 'How many pods.', type: 'integer', minimum: 0 },
  resources: {
    description: 'Requests and limits.',
    type: 'object',
    properties: { requests: quantities, limits: quantities },
    additionalProperties: false,
  },
  size: { description: 'Size of the volume; it can only grow later.', ...quantity },
  name: { type: 'string', pattern: '\\S' },
  host: { type: 'string', pattern: '^[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9])?$' },
};

/** JSON schema of a tree of values. */
function schemaOf(slots: readonly Slot[], depth: number): object {
  const names = [...new Set(slots.flatMap(({ at }) => at.slice(depth, depth + 1)))];
  const properties = names.map((name) => {
    const own = slots.filter(({ at }) => at[depth] === name);
    const leaf = own.find(({ at }) => at.length === depth + 1);
    return [name, leaf === undefined ? schemaOf(own, depth + 1) : SCHEMAS[leaf.kind]] as const;
  });
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}

export function valuesSchema(slots: readonly Slot[]): object {
  const { properties, ...rest }: { readonly properties?: object } = schemaOf(inOrder(slots), 0);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...rest,
    // Helm gives it to every chart that is part of another.
    properties: { global: { type: 'object' }, ...properties },
  };
}
