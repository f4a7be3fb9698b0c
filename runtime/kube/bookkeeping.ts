// What an object carries for those who write it. Whoever only reads keeps half as much without it.
import { isRecord } from './json.ts';
import type { KubeObject } from './object.ts';

/** What client-side apply keeps of an object: the whole of it, once more. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** An object whose fields are nobody's business here: without who owns them, and without the copy that kubectl keeps. */
export function withoutBookkeeping(object: KubeObject): KubeObject {
  const metadata = Object.entries(object.metadata).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'managedFields') return [];
    if (name !== 'annotations' || !isRecord(value)) return [[name, value] as const];
    return [
      [name, Object.fromEntries(Object.entries(value).filter(([key]) => key !== LAST_APPLIED))] as const,
    ];
  });
  return { ...object, metadata: { ...Object.fromEntries(metadata), name: object.metadata.name } };
}
