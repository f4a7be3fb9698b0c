// The storage of the fake API server: objects of any kind with versions, generations and finalizers, and the history
// that watches read. It checks no schema and adds no defaults.
import { randomUUID } from 'node:crypto';
import type { JsonRecord } from '#runtime/kube/json.ts';
import { isKubeObject, recordOf } from '#runtime/kube/json.ts';
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from '#runtime/kube/object.ts';
import { isEqual } from '#runtime/kube/server-defaults.ts';

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

export class Collection {
  readonly type: ResourceType;
  readonly objects = new Map<string, KubeObject>();
  readonly history: Change[] = [];
  readonly listeners = new Set<(change: Change) => void>();
  /** Watches from versions up to this one are refused. */
  compactedTo = 0;

  private readonly nextVersion: () => number;

  constructor(type: ResourceType, nextVersion: () => number) {
    this.type = type;
    this.nextVersion = nextVersion;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.objects.get(keyText(this.placed(key)));
  }

  /** Writes what a request left; a write that changes nothing keeps the version. */
  write(key: ObjectKey, next: KubeObject): KubeObject {
    const place = this.placed(key);
    const before = this.get(key);
    const object = stored({ ...next, metadata: { ...next.metadata, ...this.identity(place, before, next) } });
    if (before !== undefined && isEqual(before, object)) return before;
    if (before?.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0) {
      return this.drop(place, object);
    }
    return this.commit(place, before === undefined ? 'ADDED' : 'MODIFIED', object);
  }

  /** Undefined where there was none; only marked where it has finalizers. */
  delete(key: ObjectKey): KubeObject | undefined {
    const place = this.placed(key);
    const before = this.get(key);
    if (before === undefined) return undefined;
    if ((before.metadata.finalizers ?? []).length === 0) return this.drop(place, before);
    if (before.metadata.deletionTimestamp !== undefined) return before;
    const deletionTimestamp = new Date().toISOString();
    return this.commit(place, 'MODIFIED', { ...before, metadata: { ...before.metadata, deletionTimestamp } });
  }

  /** Forgets the history: watches have to list again. */
  compact(version: number): void {
    this.compactedTo = version;
    this.history.length = 0;
  }

  private placed({ namespace, name }: ObjectKey): ObjectKey {
    return this.type.namespaced ? { namespace: namespace ?? 'default', name } : { name };
  }

  private identity(
    place: ObjectKey,
    before: KubeObject | undefined,
    next: KubeObject,
  ): Partial<KubeObject['metadata']> {
    const { namespace, name } = place;
    const known = before?.metadata;
    const isSameSpec = before !== undefined && isEqual(specOf(before), specOf(next));
    return {
      name,
      ...(namespace !== undefined && { namespace }),
      uid: known?.uid ?? next.metadata.uid ?? randomUUID(),
      creationTimestamp:
        known?.creationTimestamp ?? next.metadata.creationTimestamp ?? new Date().toISOString(),
      generation: isSameSpec ? (known?.generation ?? 1) : (known?.generation ?? 0) + 1,
      ...(known?.resourceVersion !== undefined && { resourceVersion: known.resourceVersion }),
      ...(known?.deletionTimestamp !== undefined && { deletionTimestamp: known.deletionTimestamp }),
    };
  }

  private drop(place: ObjectKey, last: KubeObject): KubeObject {
    const object = this.commit(place, 'DELETED', last);
    this.objects.delete(keyText(place));
    return object;
  }

  private commit(place: ObjectKey, type: Change['type'], next: KubeObject): KubeObject {
    const version = this.nextVersion();
    const object = { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } };
    this.objects.set(keyText(place), object);
    const change: Change = { version, type, object };
    this.history.push(change);
    for (const listener of this.listeners) listener(change);
    return object;
  }
}

/** As it comes back from a disk: without members that are undefined, and nobody else's. */
function stored(object: KubeObject): KubeObject {
  const copy: unknown = JSON.parse(JSON.stringify(object));
  return isKubeObject(copy) ? copy : object;
}

function specOf({ status: _s, metadata: _m, ...rest }: KubeObject): JsonRecord {
  return rest;
}

/** `a=b`, `a!=b`, `a`, `!a`, `a in (b,c)`, joined by commas. */
export function matchesLabels(object: KubeObject, selector: string): boolean {
  const labels = object.metadata.labels ?? {};
  return selector.split(/,(?![^(]*\))/).every((part) => {
    const among = /^(\S+) in \((.*)\)$/.exec(part.trim());
    if (among !== null) return (among[2] ?? '').split(',').includes(labels[among[1] ?? ''] ?? '\0');
    const [name = '', value] = part.trim().split(/!=|==?/);
    if (value === undefined)
      return name.startsWith('!') ? labels[name.slice(1)] === undefined : labels[name] !== undefined;
    return part.includes('!=') ? labels[name] !== value : labels[name] === value;
  });
}

/** `metadata.name=a`, joined by commas. */
export function matchesFields(object: KubeObject, selector: string): boolean {
  return selector.split(',').every((part) => {
    const [path = '', value] = part.split('=');
    const found = path.split('.').reduce<unknown>((node, name) => recordOf(node)[name], object);
    return found === value;
  });
}
