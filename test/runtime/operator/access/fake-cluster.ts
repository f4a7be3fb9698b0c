// An API server small enough to read: objects in maps, resource versions, optimistic locking, merge patches, uids. Its
// caches follow at once, or only when a test says so.
import type { Cache, CacheListener, Indexer } from '#runtime/kube/cache.ts';
import {
  KubeError,
  type DeleteOptions,
  type Kube,
  type KubeErrorCode,
  type PatchOptions,
} from '#runtime/kube/kube.ts';
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from '#runtime/kube/object.ts';

function refusal(code: KubeErrorCode, what: string): KubeError {
  return new KubeError(`${what}: ${code}`, { code });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, merge(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function isKubeObject(value: unknown): value is KubeObject {
  return isObject(value) && isObject(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

export class FakeCache implements Cache {
  readonly type: ResourceType;
  synced = true;
  resourceVersion = '0';
  private readonly objects = new Map<string, KubeObject>();
  private readonly listeners: CacheListener[] = [];
  private readonly indexers: Readonly<Record<string, Indexer>>;

  constructor(type: ResourceType, indexers: Readonly<Record<string, Indexer>> = {}) {
    this.type = type;
    this.indexers = indexers;
  }

  get size(): number {
    return this.objects.size;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.objects.get(keyText({ namespace: key.namespace, name: key.name }));
  }

  list(): Iterable<KubeObject> {
    return this.objects.values();
  }

  byIndex(index: string, value: string): readonly KubeObject[] {
    const indexer = this.indexers[index];
    if (indexer === undefined) throw new Error(`There is no index '${index}'.`);
    return [...this.objects.values()].filter((object) => indexer(object).includes(value));
  }

  onChange(listener: CacheListener): void {
    this.listeners.push(listener);
  }

  put(object: KubeObject): void {
    const key = keyText(object.metadata);
    const previous = this.objects.get(key);
    this.objects.set(key, object);
    this.resourceVersion = object.metadata.resourceVersion ?? this.resourceVersion;
    const change =
      previous === undefined
        ? { type: 'added' as const, object }
        : { type: 'modified' as const, object, previous };
    for (const listener of this.listeners) listener(change);
  }

  remove(key: string, resourceVersion: string): void {
    const previous = this.objects.get(key);
    if (previous === undefined) return;
    this.objects.delete(key);
    this.resourceVersion = resourceVersion;
    for (const listener of this.listeners) listener({ type: 'deleted', object: previous, previous });
  }
}

export interface Request {
  readonly verb: string;
  readonly key: string;
}

export class FakeCluster implements Kube {
  /** Every request that changes something. */
  readonly requests: Request[] = [];
  /** Called before each request; what it throws is the answer. */
  refuse: (request: Request) => void = () => undefined;
  /** Whether caches see changes at once; else with `deliver`. */
  live = true;
  private version = 100;
  private readonly objects = new Map<string, KubeObject>();
  private readonly caches = new Map<string, FakeCache>();
  private readonly undelivered: (() => void)[] = [];

  cache(type: ResourceType, indexers: Readonly<Record<string, Indexer>> = {}): FakeCache {
    const cache = new FakeCache(type, indexers);
    this.caches.set(type.kind, cache);
    return cache;
  }

  /** Caches see what happened meanwhile. */
  deliver(): void {
    for (const each of this.undelivered.splice(0)) each();
  }

  /** As a user applies an object: a new uid where it is new, a new generation where the spec changed. */
  put(raw: object): KubeObject {
    if (!isKubeObject(raw)) throw new TypeError('no object');
    const known = this.find(raw.kind, raw.metadata);
    const { metadata: before } = known ?? {};
    const isSameSpec = JSON.stringify(known?.['spec']) === JSON.stringify(raw['spec']);
    const generation = (before?.generation ?? 0) + (isSameSpec ? 0 : 1);
    const uid = before?.uid ?? raw.metadata.uid ?? `uid-${this.version}`;
    return this.store({ ...known, ...raw, metadata: { ...before, ...raw.metadata, uid, generation } });
  }

  /** As a user deletes an object. */
  drop(kind: string, key: string): void {
    if (!this.objects.delete(`${kind} ${key}`)) throw new Error(`there is no ${kind} ${key}`);
    this.version += 1;
    const version = String(this.version);
    this.tell(() => this.caches.get(kind)?.remove(key, version));
  }

  find(kind: string, key: ObjectKey): KubeObject | undefined {
    return this.objects.get(`${kind} ${keyText({ namespace: key.namespace, name: key.name })}`);
  }

  all(kind: string): readonly KubeObject[] {
    return [...this.objects.values()].filter((object) => object.kind === kind);
  }

  private tell(change: () => void): void {
    if (this.live) change();
    else this.undelivered.push(change);
  }

  private store(object: KubeObject): KubeObject {
    this.version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
    this.objects.set(`${object.kind} ${keyText(object.metadata)}`, stored);
    this.tell(() => this.caches.get(object.kind)?.put(stored));
    return stored;
  }

  private arrive(verb: string, key: ObjectKey): void {
    const request = { verb, key: keyText({ namespace: key.namespace, name: key.name }) };
    this.refuse(request);
    this.requests.push(request);
  }

  /** The object, if it is there and of that version. */
  private demand(type: ResourceType, key: ObjectKey, version?: string): KubeObject {
    const known = this.find(type.kind, key);
    if (known === undefined) throw refusal('not_found', key.name);
    if (version !== undefined && version !== known.metadata.resourceVersion)
      throw refusal('conflict', key.name);
    return known;
  }

  get(type: ResourceType, key: ObjectKey): Promise<KubeObject | undefined> {
    return Promise.resolve(this.find(type.kind, key));
  }

  list(type: ResourceType): Promise<readonly KubeObject[]> {
    return Promise.resolve(this.all(type.kind));
  }

  async create(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    await Promise.resolve();
    this.arrive('create', object.metadata);
    if (this.find(type.kind, object.metadata) !== undefined)
      throw refusal('already_exists', object.metadata.name);
    return this.put(object);
  }

  async replace(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    await Promise.resolve();
    this.arrive('replace', object.metadata);
    this.demand(type, object.metadata, object.metadata.resourceVersion);
    return this.put(object);
  }

  async replaceStatus(type: ResourceType, object: KubeObject): Promise<KubeObject> {
    await Promise.resolve();
    this.arrive('status', object.metadata);
    const known = this.demand(type, object.metadata, object.metadata.resourceVersion);
    return this.store({ ...known, status: object['status'] });
  }

  apply(_type: ResourceType, _object: KubeObject): Promise<KubeObject> {
    return Promise.reject(new Error('not offered'));
  }

  async patch(type: ResourceType, key: ObjectKey, { body }: PatchOptions): Promise<KubeObject> {
    await Promise.resolve();
    this.arrive('patch', key);
    const version =
      isObject(body) && isObject(body['metadata']) ? body['metadata']['resourceVersion'] : undefined;
    const known = this.demand(type, key, typeof version === 'string' ? version : undefined);
    const merged = merge(known, body);
    if (!isKubeObject(merged)) throw refusal('invalid', key.name);
    if (JSON.stringify(merged['data'] ?? {}).length > 1024 * 1024) throw refusal('invalid', key.name);
    return this.store(merged);
  }

  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<boolean> {
    await Promise.resolve();
    this.arrive('delete', key);
    const known = this.find(type.kind, key);
    if (known === undefined || (options.uid !== undefined && options.uid !== known.metadata.uid))
      return false;
    this.demand(type, key, options.resourceVersion);
    this.drop(type.kind, keyText({ namespace: key.namespace, name: key.name }));
    return true;
  }
}
