// Which server a grant or session speaks of, read from the raw object: one that is invalid otherwise still speaks of it.
import type { Indexer } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import { textAt } from '#runtime/kube/json-path.ts';

/** Index of grants and sessions: `namespace/name` of the server. */
export const SERVER_REF_INDEX = 'server-ref';

/** `namespace/name`; undefined where the object names no server. */
export function serverKeyOf(object: KubeObject): string | undefined {
  const name = textAt(object, 'spec', 'serverRef', 'name') ?? '';
  if (name === '') return undefined;
  const namespace = textAt(object, 'spec', 'serverRef', 'namespace') ?? object.metadata.namespace;
  return keyText({ namespace, name });
}

export const byServerRef: Indexer = (object) => {
  const key = serverKeyOf(object);
  return key === undefined ? [] : [key];
};
