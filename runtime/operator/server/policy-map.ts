// The ConfigMap of a server's policy, as it is to be now. It is rewritten for a new policy and for nothing else: the
// same policy compiled from a newer view has other bytes, and writing those would wake every kubelet for no reason.
import { FIELD_MANAGERS } from '#api/names.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { ownersOf } from '#runtime/kube/managed-fields.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { isRecord } from '#runtime/kube/json.ts';

/** A merge patch: null takes a key out. */
type KubeObjectPatch = Readonly<Record<string, Readonly<Record<string, null>>>>;

const CONTENTS = ['data', 'binaryData'] as const;

/** Whether what the ConfigMap holds is what we wrote: whoever edits a value takes it over, and that shows. */
export function isOwnContent(live: KubeObject): boolean {
  const keys = CONTENTS.flatMap((member) => {
    const content = live[member];
    return isRecord(content) ? Object.keys(content).map((key) => [member, key] as const) : [];
  });
  const isOurs = (path: readonly string[]) => {
    const owners = ownersOf(live, path);
    return owners.length > 0 && owners.every((owner) => owner === FIELD_MANAGERS.operator);
  };
  return keys.length > 0 && keys.every(isOurs);
}

/**
 * A merge patch that takes out of the ConfigMap what others put in beside a policy, undefined where nobody did: an apply
 * leaves fields of others alone, and of two policies in one ConfigMap a proxy might read the wrong one.
 */
export function withoutForeign(rendered: Manifest, live: KubeObject): KubeObjectPatch | undefined {
  const foreign = CONTENTS.flatMap((member) => {
    const [wanted, content] = [rendered[member], live[member]];
    const keys = isRecord(content) ? Object.keys(content) : [];
    const isForeign = (key: string) =>
      !(isRecord(wanted) && key in wanted) &&
      ownersOf(live, [member, key]).some((owner) => owner !== FIELD_MANAGERS.operator);
    const found = keys.filter(isForeign).map((key) => [key, null] as const);
    return found.length === 0 ? [] : [[member, Object.fromEntries(found)] as const];
  });
  return foreign.length === 0 ? undefined : Object.fromEntries(foreign);
}

/** The rendered ConfigMap with what the live one holds. */
export function withContentOf(rendered: Manifest, live: KubeObject): Manifest {
  return { ...rendered, ...Object.fromEntries(CONTENTS.map((member) => [member, live[member]])) };
}
