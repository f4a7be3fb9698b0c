// The tombstones of a cluster, as its ConfigMaps hold them now: whoever compiles policy asks here.
import type { ObjectRef } from '#api/principal.ts';
import type { Tombstone } from '#policy/compile.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import type { Log } from '#runtime/kube/log.ts';
import { isTombstoneMap, readTombstoneMap, type TombstoneMap } from './tombstone-map.ts';

export interface TombstoneShelfOptions {
  /** ConfigMaps; others in it are passed over. */
  readonly configMaps: Cache;
  readonly log: Log;
}

export interface Shard {
  readonly object: KubeObject;
  readonly map: TombstoneMap;
  readonly byName: ReadonlyMap<string, readonly Tombstone[]>;
}

const versionOf = ({ metadata }: KubeObject): bigint => BigInt(metadata.resourceVersion ?? '0');

export class TombstoneShelf {
  private readonly options: TombstoneShelfOptions;
  /** Namespace → name of the ConfigMap. */
  private readonly shards = new Map<string, Map<string, Shard>>();

  constructor(options: TombstoneShelfOptions) {
    this.options = options;
    for (const object of options.configMaps.list()) this.take(object);
    options.configMaps.onChange(({ type, object }) => {
      if (type === 'deleted') this.drop(object);
      else this.take(object);
    });
  }

  get resourceVersion(): string {
    return this.options.configMaps.resourceVersion;
  }

  get namespaces(): readonly string[] {
    return [...this.shards.keys()];
  }

  /** Those that speak of sessions of a name. */
  of({ namespace, name }: ObjectRef): readonly Tombstone[] {
    return this.shardsOf(namespace).flatMap(({ byName }) => byName.get(name) ?? []);
  }

  shardsOf(namespace: string): readonly Shard[] {
    return [...(this.shards.get(namespace)?.values() ?? [])];
  }

  /** Bytes in the ConfigMap of a name; 0 where there is none. */
  usedBytes({ namespace, name }: ObjectRef): number {
    return this.shards.get(namespace)?.get(name)?.map.bytes ?? 0;
  }

  /** Takes a ConfigMap in, from the cache or as the answer of a write, unless a newer one is known. */
  take(object: KubeObject): void {
    if (!isTombstoneMap(object)) return;
    const { namespace = '', name } = object.metadata;
    const known = this.shards.get(namespace)?.get(name);
    if (known !== undefined && versionOf(known.object) >= versionOf(object)) return;
    const map = readTombstoneMap(object);
    const byName = new Map<string, Tombstone[]>();
    for (const { tombstone } of map.entries) {
      byName.set(tombstone.name, [...(byName.get(tombstone.name) ?? []), tombstone]);
    }
    const shards = this.shards.get(namespace) ?? new Map<string, Shard>();
    this.shards.set(namespace, shards.set(name, { object, map, byName }));
    if (map.problems.length > 0) {
      this.options.log.warn(
        { configMap: keyText(object.metadata), problems: map.problems.slice(0, 5) },
        'Records of revoked sessions cannot be read, and hold nothing back. Delete or correct them; all others count.',
      );
    }
  }

  /** Forgets a ConfigMap that is gone. */
  drop(object: KubeObject): void {
    const { namespace = '', name } = object.metadata;
    const shards = this.shards.get(namespace);
    // Another uid: one that was made anew, and that the cache has not seen yet.
    if (shards?.get(name)?.object.metadata.uid !== object.metadata.uid) return;
    shards?.delete(name);
    if (shards?.size === 0) this.shards.delete(namespace);
  }
}
