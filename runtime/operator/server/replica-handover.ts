// Hands the number of pods over to an autoscaler without a dip. Server-side apply resets a field that its only owner
// gives up, so that leaving `replicas` out would scale to one until the autoscaler has looked. A second field manager
// takes the field at its live value first, and lets go as soon as somebody else owns it.
import { FIELD_MANAGERS } from '#api/names.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { ownersOf } from '#runtime/kube/managed-fields.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { DEPLOYMENT } from '../kinds.ts';
import { numberAt } from '#runtime/kube/json-path.ts';

export const HANDOVER_MANAGER = 'mcp-runtime-handover';

const REPLICAS = ['spec', 'replicas'] as const;

/**
 * What the second manager has to do before `desired` is applied. `hold`: the field would be reset. `release`: it is
 * owned by somebody else now, or by us again.
 */
export function handoverStep(desired: KubeObject, live: KubeObject): 'hold' | 'release' | 'none' {
  const owners = ownersOf(live, REPLICAS);
  const others = owners.filter((owner) => owner !== FIELD_MANAGERS.operator && owner !== HANDOVER_MANAGER);
  const held = owners.includes(HANDOVER_MANAGER);
  const wanted = numberAt(desired, ...REPLICAS);
  if (wanted !== undefined) return held ? 'release' : 'none';
  if (held) return others.length > 0 ? 'release' : 'none';
  // A suspended server that goes on starts with one pod: at zero, an autoscaler is switched off.
  if (numberAt(live, ...REPLICAS) === 0) return 'none';
  return owners.includes(FIELD_MANAGERS.operator) && others.length === 0 ? 'hold' : 'none';
}

/** Lets the second manager own the live number, or nothing. @returns the Deployment as it is then */
export async function applyHandover(
  kube: Kube,
  step: 'hold' | 'release',
  live: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject> {
  const { name, namespace } = live.metadata;
  const replicas = numberAt(live, ...REPLICAS);
  const object: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    ...(step === 'hold' && { spec: { replicas } }),
  };
  return await kube.apply(DEPLOYMENT, object, { manager: HANDOVER_MANAGER }, signal);
}
