// Elements of lists that are merged one by one: which element of one list is which of another, by their keys.
import { isRecord, isThere, recordOf } from './json.ts';
import { keyOfMember, type FieldNode } from './managed-fields.ts';
import { isServerDefault } from './server-defaults.ts';

/** A wanted element and the owned one that it is; `member` and `node` are absent where it is new. */
export interface Match {
  readonly value: unknown;
  readonly member: string | undefined;
  readonly node: FieldNode | undefined;
}

/**
 * Which owned element each wanted one is. Keys have all their members, wanted elements may leave out what has a
 * default (`protocol`): they come after those that say everything, and take what is left.
 */
export function matchElements(
  desired: readonly unknown[],
  owned: readonly (readonly [string, FieldNode])[],
): readonly Match[] {
  const free = new Map(owned);
  const take = (value: unknown, fits: (member: string, value: unknown) => boolean): Match | undefined => {
    const candidates = [...free].filter(([member]) => fits(member, value));
    const [member, node] = candidates.find(([name]) => lacksOnlyDefaults(name, value)) ?? candidates[0] ?? [];
    if (member === undefined) return undefined;
    free.delete(member);
    return { value, member, node };
  };
  const exact = desired.map((value) => take(value, isElement));
  return desired.map(
    (value, at) => exact[at] ?? take(value, mayBeElement) ?? { value, member: undefined, node: undefined },
  );
}

/** Whether the value is the element that a `k:` or `v:` member of an ownership tree names. */
export function isElement(member: string, value: unknown): boolean {
  if (member.startsWith('v:')) return member.slice(2) === JSON.stringify(value);
  const key = keyOfMember(member);
  return (
    key !== undefined && isRecord(value) && Object.entries(key).every(([name, part]) => value[name] === part)
  );
}

function mayBeElement(member: string, value: unknown): boolean {
  const key = keyOfMember(member);
  if (key === undefined || !isRecord(value)) return false;
  const given = Object.entries(key).filter(([name]) => isThere(value[name]));
  return given.length > 0 && given.every(([name, part]) => value[name] === part);
}

function lacksOnlyDefaults(member: string, value: unknown): boolean {
  const said = recordOf(value);
  return Object.entries(keyOfMember(member) ?? {}).every(
    ([name, part]) => isThere(said[name]) || isServerDefault(name, part),
  );
}
