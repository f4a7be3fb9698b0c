// What is wrong with an environment, in sentences: where, what stands there, what may stand there, and what was
// probably meant.
import { z } from 'zod';
import { suggestion } from '#api/nearest.ts';
import { formatPath, problemsOf, show } from '#api/sentences.ts';
import type { Problem } from '#api/result.ts';
import { environmentSchema } from './environment-schema.ts';

/** A problem with the place as a list of keys, so that a file can be asked where that is. */
export interface EnvironmentProblem {
  readonly segments: readonly PropertyKey[];
  readonly message: string;
}

const node = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  oneOf: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
});

/** The keys that an environment may have at a place; of several shapes, all of theirs. */
function keysAt(schema: unknown, segments: readonly PropertyKey[]): readonly string[] {
  const read = node.safeParse(schema);
  if (!read.success) return [];
  const { properties = {}, items, additionalProperties, oneOf = [], anyOf = [] } = read.data;
  const shapes = [...oneOf, ...anyOf].flatMap((each) => keysAt(each, segments));
  const [first, ...rest] = segments;
  if (first === undefined) return [...Object.keys(properties), ...shapes];
  const below = typeof first === 'number' ? items : (properties[String(first)] ?? additionalProperties);
  return [...keysAt(below, rest), ...shapes];
}

/** The schema as plain data; only what people write counts. */
export function environmentJsonSchema(): unknown {
  return z.toJSONSchema(environmentSchema, { io: 'input', unrepresentable: 'any' });
}

function discriminatorSentence(issue: z.core.$ZodIssueInvalidUnion): string | undefined {
  const key = issue.path.at(-1);
  const options = z.array(z.string()).safeParse('options' in issue ? issue.options : undefined);
  if (!options.success || key === undefined) return undefined;
  const input = z.looseObject({}).safeParse(issue.input).data?.[String(key)];
  const known = options.data.join(', ');
  if (input === undefined) return `is required: one of ${known}`;
  return `must be one of ${known}, not ${show(input)}${typeof input === 'string' ? suggestion(input, options.data) : ''}`;
}

function explainIssue(issue: z.core.$ZodIssue): readonly EnvironmentProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(environmentJsonSchema(), issue.path);
    return issue.keys.map((key) => ({
      segments: [...issue.path, key],
      message: `is no value here${suggestion(key, known)}`,
    }));
  }
  const union = issue.code === 'invalid_union' ? discriminatorSentence(issue) : undefined;
  if (union !== undefined) return [{ segments: issue.path, message: union }];
  const problems: readonly Problem[] = problemsOf([], new z.ZodError([issue]));
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const meant = typeof issue.input === 'string' ? suggestion(issue.input, options) : '';
  return problems.map(({ message }) => ({ segments: issue.path, message: `${message}${meant}` }));
}

/** Every problem that the schema found, the first of each place. */
export function explain(error: z.core.$ZodError): readonly EnvironmentProblem[] {
  const byPath = new Map<string, EnvironmentProblem>();
  for (const problem of error.issues.flatMap(explainIssue)) {
    const path = formatPath(problem.segments);
    if (!byPath.has(path)) byPath.set(path, problem);
  }
  return [...byPath.values()];
}
