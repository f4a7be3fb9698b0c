// Who owns what in the fake API server: what an apply and an update do to an object and its managedFields.
import type { JsonRecord } from '#runtime/kube/json.ts';
import { isKubeObject } from '#runtime/kube/json.ts';
import type { KubeObject, ManagedFieldsEntry } from '#runtime/kube/object.ts';
import { isEqual } from '#runtime/kube/server-defaults.ts';
import {
  changedFields,
  fieldsOf,
  fromFieldsV1,
  mergeApplied,
  toFieldsV1,
  valueAt,
  withoutPath,
  type FieldPath,
} from './field-sets.ts';

interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
  readonly apiVersion: string;
  readonly fields: Map<string, FieldPath>;
}

export type AppliedResult =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly conflicts: readonly string[] };

const IDENTITY = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
];

/** What ownership is about: everything but identity and what the server keeps. */
function body({ apiVersion: _a, kind: _k, metadata, ...rest }: KubeObject): JsonRecord {
  const own = Object.entries(metadata).filter(
    ([name, value]) => !IDENTITY.includes(name) && value !== undefined,
  );
  return own.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(own) };
}

function ownersIn(object: KubeObject | undefined): readonly Owner[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation ?? 'Update',
    subresource: entry.subresource ?? '',
    apiVersion: entry.apiVersion ?? '',
    fields: fromFieldsV1(entry.fieldsV1),
  }));
}

function withOwners(object: KubeObject, owners: readonly Owner[]): KubeObject {
  const managedFields = owners
    .filter(({ fields }) => fields.size > 0)
    .map(({ fields, subresource, ...owner }): ManagedFieldsEntry => ({
      ...owner,
      ...(subresource !== '' && { subresource }),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
    }));
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

export interface Applying {
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
}

/** The object after `desired` was applied to `live`, with its managedFields. */
export function applied(live: KubeObject | undefined, desired: KubeObject, by: Applying): AppliedResult {
  const fields = fieldsOf(body(desired));
  const owners = ownersIn(live);
  const isOwn = (owner: Owner): boolean =>
    owner.manager === by.manager && owner.operation === 'Apply' && owner.subresource === by.subresource;
  const others = owners.filter((owner) => !isOwn(owner));
  const before = owners.find(isOwn)?.fields ?? new Map<string, FieldPath>();
  const moved = [...fields].filter(
    ([, path]) =>
      !isEqual(valueAt(live, path), valueAt(desired, path)) && !(path.at(-1) ?? '').startsWith('k:'),
  );
  const conflicts = moved
    .filter(([text]) => others.some((owner) => owner.fields.has(text)))
    .map(([text]) => text);
  if (conflicts.length > 0 && !by.force) return { ok: false, conflicts };
  for (const text of conflicts) for (const owner of others) owner.fields.delete(text);
  let merged: unknown = mergeApplied(live ?? {}, desired);
  for (const [text, path] of before) {
    if (!fields.has(text) && !others.some((owner) => owner.fields.has(text)))
      merged = withoutPath(merged, path);
  }
  const { manager, subresource } = by;
  const own: Owner = { manager, subresource, operation: 'Apply', apiVersion: desired.apiVersion, fields };
  // Members that say which object it is come from the live one, where there is one.
  const object = isKubeObject(merged) ? merged : desired;
  const metadata = { ...object.metadata, ...identityOf(live) };
  return { ok: true, object: withOwners({ ...object, metadata }, [...others, own]) };
}

function identityOf(live: KubeObject | undefined): Partial<KubeObject['metadata']> {
  if (live === undefined) return {};
  const { uid, resourceVersion, generation, creationTimestamp } = live.metadata;
  return {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
  };
}

/** `after` with what an update by `manager` makes of the owners of `before`. */
export function updated(
  before: KubeObject | undefined,
  after: KubeObject,
  by: { readonly manager: string; readonly subresource: string },
): KubeObject {
  const given = after.metadata.managedFields ?? before?.metadata.managedFields ?? [];
  const base = { ...after, metadata: { ...after.metadata, managedFields: given } };
  const changed = changedFields(before === undefined ? {} : body(before), body(after));
  const isOwn = (owner: Owner): boolean =>
    owner.manager === by.manager && owner.operation === 'Update' && owner.subresource === by.subresource;
  const owners = ownersIn(base);
  const own = owners.find(isOwn) ?? {
    ...by,
    operation: 'Update' as const,
    apiVersion: after.apiVersion,
    fields: new Map<string, FieldPath>(),
  };
  for (const owner of owners) {
    for (const [text, path] of owner.fields) {
      const isGone =
        valueAt(after, path) === undefined && before !== undefined && valueAt(before, path) !== undefined;
      if (isGone || changed.has(text)) owner.fields.delete(text);
    }
  }
  for (const [text, path] of changed) own.fields.set(text, path);
  return withOwners(base, owners.includes(own) ? owners : [...owners, own]);
}
