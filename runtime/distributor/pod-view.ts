// What the distributor reads of pods and servers beside policy: as the API server has them, valid or not.
import { LABELS } from '#api/labels.ts';
import type { ObjectRef } from '#api/principal.ts';
import { at, listAt, numberAt, textAt } from '#runtime/kube/json-path.ts';
import type { KubeObject } from '#runtime/kube/object.ts';

export function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
}

/** The server that a pod says it belongs to. */
export function serverOfLabels({ metadata }: KubeObject): ObjectRef | undefined {
  const name = metadata.labels?.[LABELS.instance];
  return name === undefined ? undefined : { namespace: metadata.namespace ?? '', name };
}

/** The port on which the server itself listens; the API server fills in its default. */
export function portOf(server: KubeObject | undefined): number | undefined {
  return numberAt(server, 'spec', 'port');
}

export function hasGateway(server: KubeObject | undefined): boolean {
  return at(server, 'spec', 'gateway', 'enabled') === true;
}
