// From an object of unknown origin (YAML, API server, a construct) to a resource of a kind, or to everything that is
// wrong with it. The same schema and rules as the API server's; what needs a second object is not decided here.
import { z } from 'zod';
import { API_VERSION, type Kind, type Resource } from './kind.ts';
import { err, ok, type Problem, type Result } from './result.ts';
import { checkSpec, checkTransition } from './rules.ts';
import { dnsLabel } from './schema.ts';
import { problemsOf, show } from './sentences.ts';

const unknownRecord = z.record(z.string(), z.unknown());

// The name is not in it, because what a name may be differs by kind and a schema is compiled when it is first used.
const metadata = z.object({
  namespace: dnsLabel.optional(),
  uid: z.string().optional(),
  generation: z.number().optional(),
  resourceVersion: z.string().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** Null members mean absent, as on the API server, where clients written in Go send `creationTimestamp: null`. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  );
}

function typeProblems(kind: Kind, object: Readonly<Record<string, unknown>>): readonly Problem[] {
  const expected = { apiVersion: API_VERSION, kind: kind.kind };
  return Object.entries(expected).flatMap(([path, value]) => {
    const found = object[path];
    if (found === value) return [];
    return [
      { path, message: found === undefined ? `must be ${value}` : `must be ${value}, not ${show(found)}` },
    ];
  });
}

function nameOf(meta: unknown): unknown {
  return typeof meta === 'object' && meta !== null && 'name' in meta ? meta.name : undefined;
}

/** Problems of a spec that its schema refuses: the schema's, and those of rules about the fields that are sound. */
function specProblems(kind: Kind, spec: unknown, error: z.core.$ZodError): readonly Problem[] {
  const problems = problemsOf(['spec'], error);
  const fields = unknownRecord.safeParse(spec);
  if (!fields.success) return problems;
  const unsound = [...new Set(error.issues.map((issue) => String(issue.path[0])))];
  const sound = Object.fromEntries(Object.entries(fields.data).filter(([name]) => !unsound.includes(name)));
  const partial = kind.spec.partial().safeParse(sound);
  return partial.success ? [...problems, ...checkSpec(kind, partial.data, unsound)] : problems;
}

/**
 * Reads an object of a kind.
 * @param object anything; it is not changed
 * @returns the resource with its spec defaulted, or every problem at once, each with its full path
 *   (`spec.gateway.port`). A status that cannot be read is left out, because it is only an observation.
 */
export function parseResource<Spec extends z.ZodObject, Status extends z.ZodObject>(
  kind: Kind<Spec, Status>,
  object: unknown,
): Result<Resource<Kind<Spec, Status>>, readonly Problem[]> {
  const read = unknownRecord.safeParse(withoutNulls(object));
  if (!read.success) return err([{ path: '(object)', message: `must be an object of kind ${kind.kind}` }]);
  const wrongType = typeProblems(kind, read.data);
  if (wrongType.length > 0) return err(wrongType);

  const options = { reportInput: true };
  const meta = metadata.safeParse(read.data.metadata, options);
  const name = kind.name.safeParse(nameOf(read.data.metadata), options);
  const spec = z.safeParse(kind.spec, read.data.spec, options);
  const status = z.safeParse(kind.status, read.data.status);
  const problems = [
    ...(meta.success ? [] : problemsOf(['metadata'], meta.error)),
    ...(name.success || read.data.metadata === undefined ? [] : problemsOf(['metadata', 'name'], name.error)),
    ...(spec.success ? checkSpec(kind, spec.data) : specProblems(kind, read.data.spec, spec.error)),
  ];
  if (problems.length > 0 || !meta.success || !name.success || !spec.success) return err(problems);
  return ok({
    metadata: { ...meta.data, name: name.data },
    spec: spec.data,
    ...(status.success && { status: status.data }),
  });
}

/**
 * What forbids the step from one state of an object to the next, for example that a revoked session stays revoked.
 * @returns problems, none if the change is allowed
 */
export function checkUpdate<Spec extends z.ZodObject, Status extends z.ZodObject>(
  kind: Kind<Spec, Status>,
  before: Resource<Kind<Spec, Status>>,
  after: Resource<Kind<Spec, Status>>,
): readonly Problem[] {
  return checkTransition(kind, before.spec, after.spec);
}
