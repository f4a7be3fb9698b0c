// Objects by key, and by the values of their indexes. What goes in is frozen through and through: everybody reads the
// same object, so nobody may change it.
import type { Indexer } from './cache.ts';
import { keyOf, keyText, type KubeObject } from './object.ts';

export type Indexers = Readonly<Record<string, Indexer>>;

export class IndexedStore {
  private readonly objects = new Map<string, KubeObject>();
  private readonly indexers: Indexers;
  /** Index → value → keys. */
  private readonly indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Indexers) {
    this.indexers = indexers;
    for (const name of Object.keys(indexers)) this.indexes.set(name, new Map());
  }

  get size(): number {
    return this.objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.objects.get(key);
  }

  keys(): readonly string[] {
    return [...this.objects.keys()];
  }

  values(): Iterable<KubeObject> {
    return this.objects.values();
  }

  byIndex(name: string, value: string): readonly KubeObject[] {
    const index = this.indexes.get(name);
    if (index === undefined)
      throw new Error(`There is no index '${name}'; there are: ${Object.keys(this.indexers).join(', ')}.`);
    return [...(index.get(value) ?? [])].flatMap((key) => this.objects.get(key) ?? []);
  }

  /** Returns what was there before. */
  put(object: KubeObject): KubeObject | undefined {
    const key = keyText(keyOf(object));
    const previous = this.delete(key);
    this.objects.set(key, deepFreeze(object));
    for (const [index, value] of this.entriesOf(object)) {
      const keys = index.get(value);
      if (keys === undefined) index.set(value, new Set([key]));
      else keys.add(key);
    }
    return previous;
  }

  delete(key: string): KubeObject | undefined {
    const previous = this.objects.get(key);
    if (previous === undefined) return undefined;
    this.objects.delete(key);
    for (const [index, value] of this.entriesOf(previous)) {
      const keys = index.get(value);
      keys?.delete(key);
      if (keys?.size === 0) index.delete(value);
    }
    return previous;
  }

  private *entriesOf(object: KubeObject): Generator<readonly [Map<string, Set<string>>, string]> {
    for (const [name, indexer] of Object.entries(this.indexers)) {
      const index = this.indexes.get(name);
      if (index === undefined) continue;
      for (const value of indexer(object)) yield [index, value];
    }
  }
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
