// A fast yes to values that a zod schema accepts, derived from the schema itself, so that there is one source of
// what an event is. It never explains: what it refuses goes to zod, which says why. Schemas it doesn't fully
// understand are an error when it is made, not a wrong answer later.
import { z } from 'zod';

export type Check = (value: unknown) => boolean;

interface Member {
  readonly check: Check;
  readonly required: boolean;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface CompileOptions {
  /** Decides about members that an object's schema doesn't name. */
  readonly extension: Check;
  /** Numbers have to be at most this, whatever the schema allows. */
  readonly maxNumber: number;
}

export function compileCheck(schema: z.core.$ZodType, options: CompileOptions): Check {
  if (schema instanceof z.ZodObject) return objectCheck(schema, options);
  if (schema instanceof z.ZodOptional) return compileCheck(schema.unwrap(), options);
  if (schema instanceof z.ZodEnum) return enumCheck(schema);
  if (schema instanceof z.ZodNumber) return numberCheck(schema, options);
  if (schema instanceof z.ZodString || schema instanceof z.ZodISODateTime) return stringCheck(schema);
  throw new Error(`There is no fast check for a schema of type ${schema._zod.def.type}.`);
}

function objectCheck(schema: z.ZodObject, options: CompileOptions): Check {
  for (const check of schema.def.checks ?? []) throw unknownCheck(check);
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const members = new Map<string, Member>();
  for (const [key, member] of Object.entries(shape)) {
    members.set(key, {
      check: compileCheck(member, options),
      required: !(member instanceof z.ZodOptional),
    });
  }
  const required = [...members.values()].filter((member) => member.required).length;
  return (value) => {
    if (!isJsonObject(value)) return false;
    let seen = 0;
    for (const key in value) {
      const member = members.get(key);
      if (member === undefined) {
        if (!options.extension(value[key])) return false;
      } else {
        if (!member.check(value[key])) return false;
        if (member.required) seen += 1;
      }
    }
    return seen === required;
  };
}

function enumCheck(schema: z.ZodEnum): Check {
  const options = new Set<unknown>(schema.options);
  return (value) => options.has(value);
}

function numberCheck(schema: z.ZodNumber, options: CompileOptions): Check {
  let min = -options.maxNumber;
  let max = options.maxNumber;
  let whole = false;
  for (const check of schema.def.checks ?? []) {
    if (check instanceof z.core.$ZodCheckNumberFormat && check._zod.def.format === 'safeint') whole = true;
    else if (check instanceof z.core.$ZodCheckGreaterThan && check._zod.def.inclusive) {
      min = Math.max(min, Number(check._zod.def.value));
    } else if (check instanceof z.core.$ZodCheckLessThan && check._zod.def.inclusive) {
      max = Math.min(max, Number(check._zod.def.value));
    } else throw unknownCheck(check);
  }
  return (value) =>
    typeof value === 'number' && value >= min && value <= max && (!whole || Number.isSafeInteger(value));
}

function stringCheck(schema: z.ZodString | z.ZodISODateTime): Check {
  let min = 0;
  let max = Infinity;
  const patterns: RegExp[] = [];
  if (schema instanceof z.ZodISODateTime && schema.def.pattern !== undefined)
    patterns.push(schema.def.pattern);
  for (const check of schema.def.checks ?? []) {
    if (check instanceof z.core.$ZodCheckMinLength) min = Math.max(min, check._zod.def.minimum);
    else if (check instanceof z.core.$ZodCheckMaxLength) max = Math.min(max, check._zod.def.maximum);
    else if (check instanceof z.core.$ZodCheckRegex) patterns.push(check._zod.def.pattern);
    else throw unknownCheck(check);
  }
  return (value) =>
    typeof value === 'string' &&
    value.length >= min &&
    value.length <= max &&
    patterns.every((pattern) => pattern.test(value));
}

/** A check (a refinement, say) that isn't among the known ones would be passed over in silence. */
function unknownCheck(check: z.core.$ZodCheck): Error {
  return new Error(`There is no fast check for '${check._zod.def.check}'.`);
}
