// Server-side apply in small, for the fake API server: which fields a document has, and how it is merged. A list is
// merged by key where its name says so below, a map as a whole where its name says so; real servers have a schema.
import type { JsonRecord } from '#runtime/kube/json.ts';
import { isRecord, recordOf } from '#runtime/kube/json.ts';
import { isEqual } from '#runtime/kube/server-defaults.ts';

/** Member names of `fieldsV1`, from the root: `['f:spec', 'f:replicas']`. */
export type FieldPath = readonly string[];
/** Paths by their text. */
export type FieldSet = ReadonlyMap<string, FieldPath>;

const KEYED: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};
const WHOLE = new Set([
  'selector',
  'nodeSelector',
  'fieldRef',
  'secretKeyRef',
  'configMapKeyRef',
  'labelSelector',
]);
const SETS = new Set(['finalizers']);
const DEFAULTS: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

function keysOf(name: string, list: readonly unknown[]): readonly string[] | undefined {
  if (name !== 'ports') return KEYED[name];
  const members = new Set(list.flatMap((element) => Object.keys(recordOf(element))));
  if (members.has('containerPort')) return ['containerPort', 'protocol'];
  return members.has('port') ? ['port', 'protocol'] : undefined;
}

/** The `k:` or `v:` member of an element; undefined where the list is owned as a whole. */
function elementMember(name: string, list: readonly unknown[], element: unknown): string | undefined {
  if (SETS.has(name)) return `v:${JSON.stringify(element)}`;
  const keys = keysOf(name, list);
  if (keys === undefined || !isRecord(element)) return undefined;
  const key = keys.map((part) => [part, element[part] ?? DEFAULTS[part]] as const);
  return `k:${JSON.stringify(Object.fromEntries(key))}`;
}

/** Children that are merged one by one; undefined for a value that is owned as a whole. */
function childrenOf(name: string, value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (isRecord(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (WHOLE.has(name) || members.length === 0) return undefined;
    return members.map(([member, below]) => [`f:${member}`, below] as const);
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const list: readonly unknown[] = value;
  const elements = list.map((element) => [elementMember(name, list, element), element] as const);
  const keyed = elements.flatMap(([member, element]) =>
    member === undefined ? [] : [[member, element] as const],
  );
  return keyed.length === elements.length ? keyed : undefined;
}

const nameOf = (member: string): string => (member.startsWith('f:') ? member.slice(2) : '');

/** Everything that is owned where `value` is applied. */
export function fieldsOf(value: JsonRecord): Map<string, FieldPath> {
  const found = new Map<string, FieldPath>();
  const visit = (path: FieldPath, node: unknown): void => {
    const last = path.at(-1) ?? '';
    const children = childrenOf(nameOf(last), node);
    const isElement = last.startsWith('k:') || last.startsWith('v:');
    const isWhole = children === undefined || path.at(-2) === 'f:ownerReferences';
    if (path.length > 0 && (isWhole || isElement)) found.set(JSON.stringify(path), path);
    if (!isWhole) for (const [member, below] of children) visit([...path, member], below);
  };
  visit([], value);
  return found;
}

/** As `fieldsV1`. */
export function toFieldsV1(fields: FieldSet): JsonRecord {
  const root: Record<string, unknown> = {};
  const nodeAt = (parent: Record<string, unknown>, member: string): Record<string, unknown> => {
    const known = parent[member];
    const node: Record<string, unknown> = isRecord(known) ? { ...known } : {};
    parent[member] = node;
    return node;
  };
  for (const path of fields.values()) {
    let node = root;
    for (const member of path) node = nodeAt(node, member);
    if ((path.at(-1) ?? '').startsWith('k:')) node['.'] = {};
  }
  return root;
}

export function fromFieldsV1(fields: unknown): Map<string, FieldPath> {
  const found = new Map<string, FieldPath>();
  const visit = (path: FieldPath, node: JsonRecord): void => {
    const below = Object.entries(node).filter(([member]) => member !== '.');
    if (path.length > 0 && (below.length === 0 || '.' in node)) found.set(JSON.stringify(path), path);
    for (const [member, child] of below) visit([...path, member], recordOf(child));
  };
  visit([], recordOf(fields));
  return found;
}

function findElement(name: string, list: readonly unknown[], member: string): number {
  return list.findIndex((element) => elementMember(name, list, element) === member);
}

/** The value at the path; undefined where there is none. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  let value = object;
  let name = '';
  for (const member of path) {
    if (member.startsWith('f:')) value = recordOf(value)[nameOf(member)];
    else if (Array.isArray(value)) {
      const list: readonly unknown[] = value;
      value = list[findElement(name, list, member)];
    } else return undefined;
    name = nameOf(member);
  }
  return value;
}

/** `desired` over `live`, whatever is not in `desired` kept. */
export function mergeApplied(live: unknown, desired: unknown, name = ''): unknown {
  const children = childrenOf(name, desired);
  if (children === undefined) {
    // An empty map changes nothing in one that is there.
    const isEmptyMap = isRecord(desired) && Object.keys(desired).length === 0 && !WHOLE.has(name);
    return isEmptyMap && isRecord(live) ? live : desired;
  }
  if (isRecord(desired)) {
    const merged: Record<string, unknown> = { ...recordOf(live) };
    for (const [member, value] of children)
      merged[nameOf(member)] = mergeApplied(merged[nameOf(member)], value, nameOf(member));
    return merged;
  }
  const there: readonly unknown[] = Array.isArray(live) ? live : [];
  const members = new Set(children.map(([member]) => member));
  const applied = children.map(([member, value]) => {
    const known = there[findElement(name, there, member)];
    return known === undefined ? value : mergeApplied(known, value);
  });
  return [...applied, ...there.filter((element) => !members.has(elementMember(name, there, element) ?? ''))];
}

/** Without the value at the path. */
export function withoutPath(object: unknown, path: FieldPath, name = ''): unknown {
  const [member = '', ...rest] = path;
  if (member.startsWith('f:') && isRecord(object)) {
    const key = nameOf(member);
    const { [key]: value, ...others } = object;
    if (value === undefined || rest.length === 0) return others;
    return { ...others, [key]: withoutPath(value, rest, key) };
  }
  if (!Array.isArray(object)) return object;
  const list: readonly unknown[] = object;
  const at = findElement(name, list, member);
  if (at === -1) return list;
  return rest.length === 0
    ? list.filter((_, index) => index !== at)
    : list.map((element, index) => (index === at ? withoutPath(element, rest) : element));
}

/** Fields that differ between two versions of an object. */
export function changedFields(before: JsonRecord, after: JsonRecord): Map<string, FieldPath> {
  return new Map(
    [...fieldsOf(after)].filter(([, path]) => !isEqual(valueAt(before, path), valueAt(after, path))),
  );
}
