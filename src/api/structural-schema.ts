// From a zod schema to what a CustomResourceDefinition may hold: a structural OpenAPI v3 schema. Whatever zod can say
// and Kubernetes can't is refused here rather than dropped, except what the API server does by itself: it prunes
// unknown fields, and a time has a day of the calendar by its format.
import { z } from 'zod';

/** A node of a structural schema. Values are JSON. */
export interface StructuralSchema {
  readonly description?: string;
  readonly type: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: StructuralSchema;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-validations'?: readonly object[];
}

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Child = JsonSchema | boolean;

/** Said as they are, in this order. */
const COPIED = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-preserve-unknown-fields',
] as const;

/** Handled by the pass itself. */
const HANDLED = ['$schema', 'items', 'properties', 'additionalProperties', 'propertyNames'] as const;

const KNOWN: ReadonlySet<string> = new Set([...COPIED, ...HANDLED]);

function child(schema: Child, path: string): StructuralSchema {
  if (typeof schema === 'boolean') throw new TypeError(`${path}: a schema that allows anything`);
  return structural(schema, path);
}

/**
 * Integers say their width; the limits of 32 bits stay, because the API server checks no number by its format, and
 * those of JavaScript's integers go.
 */
function simplified(schema: JsonSchema): JsonSchema {
  if (schema.type !== 'integer') return schema;
  const { minimum, maximum } = schema;
  if (maximum !== Number.MAX_SAFE_INTEGER) return { ...schema, format: 'int32' };
  const lowest = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  return { ...schema, format: 'int64', minimum: lowest, maximum: undefined };
}

function membersOf(schema: JsonSchema, path: string): Partial<StructuralSchema> {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return {};
  const { properties, additionalProperties, items } = schema;
  if (Array.isArray(items)) throw new TypeError(`${path}: tuples are not structural`);
  const named = Object.entries(properties ?? {});
  return {
    ...(items !== undefined && { items: child(items, `${path}[]`) }),
    ...(named.length > 0 && {
      properties: Object.fromEntries(named.map(([name, of]) => [name, child(of, `${path}.${name}`)])),
    }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: child(additionalProperties, `${path}.*`),
    }),
  };
}

function structural(schema: JsonSchema, path: string): StructuralSchema {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.has(keyword));
  if (unknown.length > 0) throw new TypeError(`${path}: ${unknown.join(', ')} cannot be part of a CRD`);
  const { type } = schema;
  if (typeof type !== 'string') throw new TypeError(`${path}: a CRD needs one type for each field`);
  const simple = simplified(schema);
  const copied = COPIED.map((keyword) => [keyword, simple[keyword]] as const);
  return {
    type,
    ...Object.fromEntries(copied.filter(([, value]) => value !== undefined)),
    ...membersOf(schema, path),
  };
}

/**
 * The structural schema of what an author writes (defaulted fields may be left out).
 * @throws TypeError naming the field, where a schema says what a CRD cannot
 */
export function structuralSchema(schema: z.ZodType, path: string): StructuralSchema {
  return structural(z.toJSONSchema(schema, { io: 'input' }), path);
}
