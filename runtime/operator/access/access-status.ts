// Writing of the status of a grant or session: only where it differs, and only onto the object that was judged.
import type { Condition } from '#api/schema.ts';
import { condition } from '#api/schema.ts';
import { isKubeError, type Kube } from '#runtime/kube/kube.ts';
import type { KubeObject, ResourceType } from '#runtime/kube/object.ts';
import { isDeepStrictEqual } from 'node:util';
import { listAt } from '#runtime/kube/json-path.ts';

/** Conditions of the status that is there; what can't be read of it never was. */
export function conditionsIn(object: KubeObject): readonly Condition[] {
  return listAt(object, 'status', 'conditions').flatMap((each) => condition.safeParse(each).data ?? []);
}

/** `behind`: the object has changed since it was read, so it has to be judged again. */
export type StatusWrite = 'same' | 'written' | 'behind' | 'gone';

export async function writeAccessStatus(
  kube: Kube,
  type: ResourceType,
  object: KubeObject,
  status: object,
  signal: AbortSignal,
): Promise<StatusWrite> {
  if (isDeepStrictEqual(object['status'], status)) return 'same';
  try {
    await kube.replaceStatus(type, { ...object, status }, signal);
    return 'written';
  } catch (error) {
    if (isKubeError(error, 'not_found')) return 'gone';
    if (isKubeError(error, 'conflict')) return 'behind';
    throw error;
  }
}
