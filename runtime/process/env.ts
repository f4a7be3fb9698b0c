// A program's configuration is its environment, parsed once at the start by one zod schema. A mistake is told with
// the variable's name, what was found and what the variable is for; a secret's value is never repeated.
import { z } from 'zod';

export type Env = Readonly<Record<string, string | undefined>>;

export interface EnvProblem {
  readonly variable: string;
  /** One sentence: what is wrong, and what the variable has to hold. */
  readonly message: string;
}

export type EnvResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly EnvProblem[] };

/** Marks a variable whose value must not be shown; comes last: `z.string().optional().register(SECRET, …)`. */
export const SECRET = z.registry<{ readonly shown: false }>();

/** A whole number within bounds. */
export function envInteger(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

/** `true` or `false`, nothing else. */
export function envFlag(): z.ZodType<boolean, string> {
  return z.enum(['true', 'false'], { error: 'expected true or false' }).transform((text) => text === 'true');
}

/** Words separated by commas; spaces around them are ignored, empty ones dropped. */
export function envList(): z.ZodType<readonly string[], string> {
  return z.string().transform((text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  );
}

/** An absolute http or https URL without credentials. */
export function envHttpUrl(): z.ZodType<URL, string> {
  return z
    .string()
    .refine(isHttpUrl, { error: 'expected an absolute http:// or https:// URL without user or password' })
    .transform((text) => new URL(text));
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === ''
  );
}

/** Reads the variables that `schema` names. An empty variable counts as absent, as Kubernetes and shells leave it. */
export function readEnv<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Env,
): EnvResult<z.output<z.ZodObject<Shape>>> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problems: parsed.error.issues.map((issue) => problemOf(schema, issue, given)) };
}

/** As a person gave it, without the password that a URL may hold. */
function shown(value: string): string {
  return JSON.stringify(value.replaceAll(/\/\/[^/\s]*@/g, '//…@'));
}

function problemOf(
  schema: z.ZodObject,
  issue: z.core.$ZodIssue,
  given: Readonly<Record<string, string>>,
): EnvProblem {
  const variable = String(issue.path[0] ?? '');
  const field: unknown = schema.shape[variable];
  const value = given[variable];
  const purpose = field instanceof z.ZodType ? field.description : undefined;
  const secret = field instanceof z.ZodType && SECRET.has(field);
  const found = value === undefined ? 'is not set' : secret ? 'is not valid' : `is ${shown(value)}`;
  const expected = value === undefined ? '' : `, ${issue.message}`;
  return {
    variable,
    message: `${variable} ${found}${expected}.${purpose === undefined ? '' : ` It is ${purpose}.`}`,
  };
}
