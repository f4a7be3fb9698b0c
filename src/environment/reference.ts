// Every value of an environment, for docs/environment.md: from the schema, so that none is missing and none is wrong.
import { z } from 'zod';
import { environmentJsonSchema } from './explain.ts';

interface Row {
  readonly path: string;
  readonly takes: string;
  readonly fallback: string;
  readonly description: string;
  /** Values of the members that decide the shape, `class: gateway`; empty where there is one shape. */
  readonly shape: string;
}

const node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  oneOf: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
});

type Node = z.output<typeof node>;

const isWhole = (type: Node['type']) => type === 'integer' || type === 'number';

function takesOf({ type, enum: values, const: only, minimum, maximum }: Node): string {
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (only !== undefined) return `\`${only}\``;
  if (isWhole(type)) return minimum === undefined ? 'a number' : `${minimum} to ${String(maximum)}`;
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'array') return 'a list';
  if (type === 'object') return 'an object';
  return 'text';
}

const isPlain = (value: unknown) =>
  value !== undefined && (typeof value !== 'object' || Array.isArray(value));

/** The member that tells shapes apart, as `class: gateway`. */
function shapeOf(shape: Node): string {
  const decided = Object.entries(shape.properties ?? {}).flatMap(([name, member]) => {
    const { const: only, enum: values } = node.parse(member);
    if (only !== undefined) return [`${name}: ${only}`];
    return name === 'kind' && values !== undefined ? [`${name}: ${values.map(String).join(' or ')}`] : [];
  });
  return decided[0] ?? '';
}

function rowsOf(schema: unknown, path: string, shape: string): readonly Row[] {
  const read = node.parse(schema);
  const { properties, items, additionalProperties, oneOf = [], anyOf = [], description = '' } = read;
  const fallback = isPlain(read.default) ? `\`${JSON.stringify(read.default)}\`` : '';
  const own = path === '' ? [] : [{ path, takes: takesOf(read), fallback, description, shape }];
  const shapes = [...oneOf, ...anyOf].map((each) => node.parse(each));
  const isUnion = shapes.some((each) => each.properties !== undefined);
  if (isUnion) {
    const below = shapes.flatMap((each) =>
      membersOf(each, path, [shape, shapeOf(each)].filter(Boolean).join(', ')),
    );
    return [...own.map((row) => ({ ...row, takes: 'an object' })), ...below];
  }
  if (properties !== undefined) return [...own, ...membersOf(read, path, shape)];
  if (items !== undefined) return [...own, ...below(items, `${path}[]`, shape)];
  if (typeof additionalProperties === 'object')
    return [...own, ...below(additionalProperties, `${path}.<id>`, shape)];
  return own;
}

/** What stands in a list or under free names: its members, and itself only where it has none. */
function below(schema: unknown, path: string, shape: string): readonly Row[] {
  return rowsOf(schema, path, shape).filter(({ path: at }) => at !== path);
}

function membersOf({ properties = {} }: Node, path: string, shape: string): readonly Row[] {
  return Object.entries(properties).flatMap(([name, member]) =>
    rowsOf(member, path === '' ? name : `${path}.${name}`, shape),
  );
}

/** Rows that differ in their shape alone are one row with all of the shapes. */
function merged(rows: readonly Row[]): readonly Row[] {
  const byContent = new Map<string, Row>();
  for (const row of rows) {
    const key = [row.path, row.takes, row.fallback, row.description].join('\n');
    const earlier = byContent.get(key);
    byContent.set(key, earlier === undefined ? row : { ...row, shape: `${earlier.shape}; ${row.shape}` });
  }
  return [...byContent.values()];
}

/** All values, in the order of the schema. */
export function environmentRows(): readonly Row[] {
  return merged(rowsOf(environmentJsonSchema(), '', ''));
}

/** The table of docs/environment.md. */
export function environmentTable(): string {
  const lines = environmentRows().map(
    ({ path, takes, fallback, description, shape }) =>
      `| \`${path}\` | ${takes} | ${fallback} | ${description}${shape === '' ? '' : ` (with ${shape})`} |`,
  );
  return ['| value | takes | default | is |', '| --- | --- | --- | --- |', ...lines].join('\n');
}
