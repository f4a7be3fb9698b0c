// Server-side apply that writes only where it would change something: reconciles run after every event and every
// restart, and nearly all of them find things as they should be.
import { compare } from './difference.ts';
import { isKubeObject, isRecord } from './json.ts';
import type { Kube } from './kube.ts';
import type { KubeObject, ResourceType } from './object.ts';
import type { LearntDefaults } from './server-defaults.ts';

export interface Applied {
  /** `unchanged`: nothing was written, either because nothing was sent or because the server found nothing to change. */
  readonly result: 'unchanged' | 'created' | 'applied';
  readonly object: KubeObject;
  /** Why it was sent; see `differences`. */
  readonly differences: readonly string[];
}

/**
 * Applies `desired` as `manager` where `live`, as the cache has it, differs from it. Throws `KubeError`.
 *
 * @param live undefined where there is no such object
 * @param learnt defaults of the server that showed before; share one for all objects, so that none is asked about twice
 */
export async function applyIfDifferent(
  kube: Kube,
  type: ResourceType,
  desired: KubeObject,
  live: KubeObject | undefined,
  manager: string,
  signal?: AbortSignal,
  learnt?: LearntDefaults,
): Promise<Applied> {
  if (live === undefined) {
    const object = await kube.apply(type, applicable(desired), { manager }, signal);
    return { result: 'created', object, differences: [] };
  }
  const { differences, extras } = compare(desired, live, manager, learnt);
  if (differences.length === 0) return { result: 'unchanged', object: live, differences };
  const object = await kube.apply(type, applicable(desired), { manager }, signal);
  if (object.metadata.resourceVersion !== live.metadata.resourceVersion) {
    return { result: 'applied', object, differences };
  }
  learnt?.learn(`${desired.apiVersion}/${desired.kind}`, extras);
  return { result: 'unchanged', object, differences };
}

/** Without members that are null: an apply would own them, and find them absent ever after. */
function applicable(desired: KubeObject): KubeObject {
  const metadata = { ...desired.metadata, managedFields: undefined };
  const body = withoutNulls({ ...desired, metadata });
  return isKubeObject(body) ? body : desired;
}

function withoutNulls(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
      member === null || member === undefined ? [] : [[name, withoutNullsInside(member)]],
    ),
  );
}

function withoutNullsInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullsInside);
  return isRecord(value) ? withoutNulls(value) : value;
}
