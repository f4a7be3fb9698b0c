// The reading side of a watched kind: what the API server has, as far as it told us. Objects in it are frozen.
import type { KubeObject, ObjectKey, ResourceType } from './object.ts';

export interface CacheChange {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: KubeObject;
  /** What was there before; absent for `added`. */
  readonly previous?: KubeObject | undefined;
}

export type CacheListener = (change: CacheChange) => void;

/** Values under which an object is found: `byIndex('owner', uid)`. */
export type Indexer = (object: KubeObject) => readonly string[];

export interface Cache {
  readonly type: ResourceType;
  /** Whether the first list is in. */
  readonly synced: boolean;
  /** Highest resource version that was seen, of objects, lists and bookmarks; `0` before the first list. */
  readonly resourceVersion: string;
  readonly size: number;
  get(key: ObjectKey): KubeObject | undefined;
  list(): Iterable<KubeObject>;
  byIndex(index: string, value: string): readonly KubeObject[];
  /** Called after the cache has changed, once a change; the first list arrives as `added`. */
  onChange(listener: CacheListener): void;
}
