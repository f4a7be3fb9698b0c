// Problems as sentences: what a schema found is said with the value that stands there and what is allowed instead.
// A value is repeated only where its form is wrong; of a value of the wrong type only the type is named.
import type { z } from 'zod';
import type { Problem } from './result.ts';

/** `spec`, `tools`, `2`, `a/b` becomes `spec.tools[2]["a/b"]`. */
export function formatPath(segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number') return `${path}[${segment}]`;
    const name = String(segment);
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return `${path}[${show(name)}]`;
    return path === '' ? name : `${path}.${name}`;
  }, '');
}

const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** A value by its type only. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return Number.isInteger(value) ? 'a number' : 'a fraction';
    case 'bigint':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
}

/** A value as a message repeats it: short, on one line. */
export function show(value: unknown): string {
  if (typeof value !== 'string')
    return ['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : typeOf(value);
  const json = JSON.stringify(value);
  return json.length <= 80 ? json : `${json.slice(0, 80)}…`;
}

/** `3 characters`, `1 item`: what the bound of an issue counts; a plain number for numbers. */
function amount(origin: string, bound: number | bigint): string {
  const unit: Readonly<Record<string, string>> = {
    string: 'character',
    array: 'item',
    set: 'item',
    record: 'entry',
  };
  const noun = unit[origin];
  if (noun === undefined) return String(bound);
  if (Number(bound) === 1) return `1 ${noun}`;
  return `${bound.toString()} ${noun === 'entry' ? 'entries' : `${noun}s`}`;
}

function sizeOf(value: unknown): string {
  if (typeof value === 'string') return `, has ${amount('string', value.length)}`;
  if (Array.isArray(value)) return `, has ${amount('array', value.length)}`;
  return `, not ${show(value)}`;
}

function boundSentence(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  const [word, bound] = issue.code === 'too_big' ? ['at most', issue.maximum] : ['at least', issue.minimum];
  if (issue.origin === 'string' && issue.code === 'too_small' && issue.input === '')
    return 'must not be empty';
  const verb = issue.origin === 'number' || issue.origin === 'int' ? 'be' : 'have';
  return `must ${verb} ${word} ${amount(issue.origin, bound)}${sizeOf(issue.input)}`;
}

/** What an issue says, without its place. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      if (issue.input === undefined) return 'is required';
      return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${typeOf(issue.input)}`;
    }
    case 'invalid_value': {
      if (issue.input === undefined) return `is required: one of ${issue.values.map(String).join(', ')}`;
      return `must be one of ${issue.values.map(String).join(', ')}, not ${show(issue.input)}`;
    }
    case 'too_big':
    case 'too_small':
      return boundSentence(issue);
    case 'invalid_format':
      return issue.input?.trim() === '' ? issue.message : `${issue.message}, not ${show(issue.input)}`;
    case 'invalid_key':
      return `is no valid key: ${issue.issues.map(sentenceOf).join(', ')}`;
    default:
      return issue.message;
  }
}

/** One problem for an issue; one for each name where names are unknown. */
function problemsOfIssue(at: readonly PropertyKey[], issue: z.core.$ZodIssue): Problem[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: 'may not be set here' }));
  }
  return [{ path: formatPath(path), message: sentenceOf(issue) }];
}

/**
 * The problems that a schema found, one for each field: of several for one field the last is kept, as schemas check
 * the widest bound first.
 * @param at where the parsed value stands in the object
 * @param error of a parse with `reportInput: true`
 */
export function problemsOf(at: readonly PropertyKey[], error: z.core.$ZodError): readonly Problem[] {
  const byPath = new Map<string, Problem>();
  for (const issue of error.issues) {
    for (const problem of problemsOfIssue(at, issue)) byPath.set(problem.path, problem);
  }
  return [...byPath.values()];
}
