// Which servers' policies may be others now, when something in the caches has changed. What changes no permission (a
// label, a status) is passed over.
import type { Cache, CacheChange } from '#runtime/kube/cache.ts';
import { recordAt } from '#runtime/kube/json-path.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import { serverKeyOf } from '#runtime/policy-book/server-ref.ts';
import { readTombstoneMap } from '#runtime/policy-book/tombstone-map.ts';

export interface PolicyCaches {
  readonly servers: Cache;
  readonly grants: Cache;
  readonly sessions: Cache;
  readonly tombstones: Cache;
}

function isSpecChange({ type, object, previous }: CacheChange): boolean {
  return (
    type !== 'modified' ||
    previous?.metadata.uid !== object.metadata.uid ||
    previous?.metadata.generation !== object.metadata.generation
  );
}

/** The servers that a grant or session speaks of, before and after. */
function referredTo({ object, previous }: CacheChange): readonly string[] {
  const keys = [serverKeyOf(object), previous === undefined ? undefined : serverKeyOf(previous)];
  return keys.filter((key) => key !== undefined);
}

/** The ConfigMap with nothing but the entries that differ from another. */
function entriesUnlike(object: KubeObject, other: KubeObject | undefined): KubeObject {
  const before = recordAt(other, 'data') ?? {};
  const data = Object.entries(recordAt(object, 'data') ?? {}).filter(([key, value]) => before[key] !== value);
  return { ...object, data: Object.fromEntries(data) };
}

/** The servers of the sessions whose tombstones came, changed or went. */
function unearthed({ type, object, previous }: CacheChange, sessions: Cache): readonly string[] {
  const after = type === 'deleted' ? undefined : object;
  const before = type === 'deleted' ? object : previous;
  const changed = [
    ...(after === undefined ? [] : [entriesUnlike(after, before)]),
    ...(before === undefined ? [] : [entriesUnlike(before, after)]),
  ];
  return changed
    .flatMap((map) => readTombstoneMap(map).entries)
    .flatMap(({ tombstone }) => sessions.get(tombstone) ?? [])
    .flatMap((session) => serverKeyOf(session) ?? []);
}

/** Calls `changed` with `namespace/name` of each server concerned, maybe more than once. */
export function followPolicyChanges(caches: PolicyCaches, changed: (serverKey: string) => void): void {
  caches.servers.onChange((change) => {
    if (isSpecChange(change)) changed(keyText(change.object.metadata));
  });
  for (const cache of [caches.grants, caches.sessions]) {
    cache.onChange((change) => {
      if (isSpecChange(change)) for (const key of referredTo(change)) changed(key);
    });
  }
  caches.tombstones.onChange((change) => {
    for (const key of unearthed(change, caches.sessions)) changed(key);
  });
}
