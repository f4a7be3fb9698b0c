// Who owns which fields of an object, as the server records it in `metadata.managedFields`: a tree whose members are
// `f:name` (a member), `k:{"name":"a"}` (the element of a list with that key), `v:"a"` (a value of a set) and `.` (the
// thing itself). Node by node as in https://github.com/kubernetes-sigs/structured-merge-diff.
import { isRecord, parseJson, recordOf, type JsonRecord } from './json.ts';
import type { Kube } from './kube.ts';
import { keyOf, type KubeObject, type ManagedFieldsEntry, type ResourceType } from './object.ts';

/** A node of the tree; without members it stands for the whole value below it. */
export type FieldNode = JsonRecord;

/** What `manager` has applied, its entry in the object; subresources have entries of their own and don't count. */
export function appliedEntry(live: KubeObject, manager: string): ManagedFieldsEntry | undefined {
  return (live.metadata.managedFields ?? []).find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && isOfMainResource(entry),
  );
}

/** Names of the managers that own the field, by whatever operation and through whatever subresource; sorted. */
export function ownersOf(live: KubeObject, path: readonly string[]): readonly string[] {
  const owners = (live.metadata.managedFields ?? [])
    .filter(({ fieldsV1 }) => owns(fieldsV1, path))
    .flatMap(({ manager }) => manager ?? []);
  return [...new Set(owners)].toSorted();
}

/** Nodes below, without the mark of the thing itself. */
export function membersOf(node: FieldNode): readonly (readonly [string, FieldNode])[] {
  return Object.entries(node)
    .filter(([name]) => name !== '.')
    .map(([name, below]) => [name, recordOf(below)] as const);
}

/** The key of a `k:` member, as an object. */
export function keyOfMember(member: string): JsonRecord | undefined {
  const parsed = member.startsWith('k:') ? parseJson(member.slice(2)) : undefined;
  return isRecord(parsed) ? parsed : undefined;
}

export interface TakeOver {
  /** Managers whose updates become what `to` has applied. */
  readonly from: readonly string[];
  readonly to: string;
}

/**
 * Makes what legacy managers wrote with updates into fields that `to` has applied, so that the next apply of `to` also
 * removes what it no longer wants of them. Changes owners only, no value; returns `live` where there is nothing to take.
 * Throws `KubeError`: `conflict` where the object has changed since it was read.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
 */
export async function takeOver(
  kube: Kube,
  type: ResourceType,
  live: KubeObject,
  { from, to }: TakeOver,
  signal?: AbortSignal,
): Promise<KubeObject> {
  const entries = live.metadata.managedFields ?? [];
  const taken = entries.filter(
    ({ manager, operation, ...entry }) =>
      manager !== undefined && from.includes(manager) && operation === 'Update' && isOfMainResource(entry),
  );
  const last = taken.at(-1);
  if (last === undefined) return live;
  const own = appliedEntry(live, to);
  const parts = [...taken, ...(own === undefined ? [] : [own])].map(({ fieldsV1 }) => fieldsV1 ?? {});
  const entry: ManagedFieldsEntry = {
    ...(own ?? last),
    manager: to,
    operation: 'Apply',
    fieldsType: 'FieldsV1',
    fieldsV1: parts.reduce(union, {}),
  };
  const left = entries.filter((one) => !taken.includes(one) && one !== own);
  const body = [
    { op: 'replace', path: '/metadata/managedFields', value: [entry, ...left] },
    // Not a `test`: the server answers a version that has moved on with a conflict, and a failed test with nonsense.
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
  ];
  return kube.patch(type, keyOf(live), { type: 'json', body, manager: to }, signal);
}

/** Fields that are in one of the trees, or both. */
export function union(one: FieldNode, other: FieldNode): FieldNode {
  const joined: Record<string, unknown> = { ...one };
  for (const [name, below] of Object.entries(other)) {
    const node = recordOf(below);
    const known = joined[name];
    joined[name] = isRecord(known) ? joinedNode(known, node) : node;
  }
  return joined;
}

/** A whole value beside a part of it: the part, and the mark that the thing itself is owned. */
function joinedNode(one: FieldNode, other: FieldNode): FieldNode {
  const [first, second] = [isLeaf(one), isLeaf(other)];
  if (first === second) return union(one, other);
  return { '.': {}, ...(first ? other : one) };
}

export function isLeaf(node: FieldNode): boolean {
  return Object.keys(node).every((name) => name === '.');
}

function isOfMainResource({ subresource }: ManagedFieldsEntry): boolean {
  return subresource === undefined || subresource === '';
}

function owns(fields: unknown, path: readonly string[]): boolean {
  let node = recordOf(fields);
  for (const name of path) {
    const below = node[`f:${name}`];
    if (!isRecord(below)) return false;
    node = below;
  }
  return path.length > 0;
}
