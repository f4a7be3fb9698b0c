// Objects as they are: what the caches hold, and what was just written and has not come back yet. Without the second, a
// reconcile right after a write would write again.
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from '#runtime/kube/object.ts';

/** Index of caches: the uid of the controlling owner. */
export const OWNER_INDEX = 'owner';

export function ownerUidsOf({ metadata }: KubeObject): readonly string[] {
  const owners = metadata.ownerReferences ?? [];
  return owners.filter((owner) => owner.controller === true).map(({ uid }) => uid);
}

const versionOf = ({ metadata }: KubeObject): bigint => BigInt(metadata.resourceVersion ?? '0');

export class LiveObjects {
  private readonly caches: ReadonlyMap<ResourceType, Cache>;
  private readonly written = new Map<ResourceType, Map<string, KubeObject>>();

  constructor(caches: ReadonlyMap<ResourceType, Cache>) {
    this.caches = caches;
    for (const [type, cache] of caches) {
      const recent = new Map<string, KubeObject>();
      this.written.set(type, recent);
      cache.onChange(({ object }) => {
        const key = keyText(object.metadata);
        const own = recent.get(key);
        if (own !== undefined && versionOf(object) >= versionOf(own)) recent.delete(key);
      });
    }
  }

  get(type: ResourceType, key: ObjectKey): KubeObject | undefined {
    const cached = this.caches.get(type)?.get(key);
    const recent = this.written.get(type)?.get(keyText(key));
    if (recent === undefined || (cached !== undefined && versionOf(cached) >= versionOf(recent)))
      return cached;
    return recent;
  }

  /** Notes what a write answered. */
  wrote(type: ResourceType, object: KubeObject): void {
    const cached = this.caches.get(type)?.get(object.metadata);
    if (cached !== undefined && versionOf(cached) >= versionOf(object)) return;
    this.written.get(type)?.set(keyText(object.metadata), object);
  }

  /** Objects of a type that an owner controls. */
  ownedBy(type: ResourceType, uid: string): readonly KubeObject[] {
    return this.caches.get(type)?.byIndex(OWNER_INDEX, uid) ?? [];
  }
}
