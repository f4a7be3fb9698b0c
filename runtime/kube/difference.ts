// Whether an apply would change anything, told without asking the server: what is wanted is compared with the live
// object only where ownership and values could move. The server's defaults, and what others own, are nobody's
// difference; a field that others took over, that was changed, or that is owned and no longer wanted, is.
import { isRecord, isThere, recordOf, type JsonRecord } from './json.ts';
import { isElement, matchElements } from './list-elements.ts';
import { appliedEntry, isLeaf, membersOf, type FieldNode } from './managed-fields.ts';
import type { KubeObject } from './object.ts';
import { equalQuantities } from './quantity.ts';
import { isEqual, isServerDefault, type Extra, type LearntDefaults } from './server-defaults.ts';

export interface Comparison {
  /** One line each: a path and what is with it. No values, which may be secret. */
  readonly differences: readonly string[];
  /** Members of values owned as a whole which are there and not wanted, and may be defaults; also in `differences`. */
  readonly extras: readonly Extra[];
}

/** Identity and what the server keeps; no part of what is applied. */
const SERVER_MEMBERS = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
  'selfLink',
]);

/** Where the server writes quantities in its own way: members of these, and these members. */
const QUANTITY_PARENTS = new Set(['limits', 'requests', 'hard', 'capacity']);
const QUANTITY_MEMBERS = new Set(['sizeLimit', 'divisor', 'averageValue']);

/**
 * Paths at which applying `desired` as `manager` would change `live`; none where it would change nothing. `live` has to
 * be of the same API version, and its `managedFields` have to be there.
 */
export function differences(
  desired: KubeObject,
  live: KubeObject,
  manager: string,
  learnt?: LearntDefaults,
): readonly string[] {
  return compare(desired, live, manager, learnt).differences;
}

export function compare(
  desired: KubeObject,
  live: KubeObject,
  manager: string,
  learnt?: LearntDefaults,
): Comparison {
  const entry = appliedEntry(live, manager);
  const others = (live.metadata.managedFields ?? []).filter((one) => one !== entry);
  const kind = `${desired.apiVersion}/${desired.kind}`;
  const walk = new Walk(
    others.map(({ fieldsV1 }) => recordOf(fieldsV1)),
    (extra) => learnt?.has(kind, extra) === true,
  );
  if (entry?.apiVersion !== undefined && entry.apiVersion !== desired.apiVersion) {
    walk.found.push(`apiVersion: applied as ${entry.apiVersion}`);
  }
  walk.members([], appliedPart(desired), recordOf(entry?.fieldsV1), live);
  return { differences: walk.found, extras: walk.extras };
}

/** Of an object what server-side apply makes fields of. */
function appliedPart({ apiVersion: _a, kind: _k, status: _s, metadata, ...body }: KubeObject): JsonRecord {
  const own = Object.entries(metadata).filter(([name, value]) => !SERVER_MEMBERS.has(name) && isThere(value));
  return own.length === 0 ? body : { ...body, metadata: Object.fromEntries(own) };
}

type Path = readonly Step[];
/** A member's name, or which element of a list, as in ownership (`k:{"name":"a"}`) where it has a key. */
type Step = { readonly member: string } | { readonly element: string };

class Walk {
  readonly found: string[] = [];
  readonly extras: Extra[] = [];

  private readonly others: readonly FieldNode[];
  private readonly isLearnt: (extra: Extra) => boolean;

  /** `others`: what other managers own. */
  constructor(others: readonly FieldNode[], isLearnt: (extra: Extra) => boolean) {
    this.others = others;
    this.isLearnt = isLearnt;
  }

  members(path: Path, desired: JsonRecord, owned: FieldNode, live: unknown): void {
    const there = recordOf(live);
    for (const [name, value] of Object.entries(desired)) {
      if (!isThere(value)) continue;
      const node = owned[`f:${name}`];
      this.value([...path, { member: name }], value, isRecord(node) ? node : undefined, there[name]);
    }
    for (const [name] of membersOf(owned)) {
      const member = name.slice(2);
      if (name.startsWith('f:') && !isThere(desired[member])) this.unwanted([...path, { member }]);
    }
  }

  private value(path: Path, desired: unknown, owned: FieldNode | undefined, live: unknown): void {
    if (owned === undefined) {
      // An empty list with keyed elements leaves no trace.
      const traceless = Array.isArray(desired) && desired.length === 0 && isEmpty(live);
      if (!traceless) this.add(path, 'not ours');
      return;
    }
    const below = membersOf(owned);
    if (isLeaf(owned) || below.some(([name]) => name.startsWith('i:'))) {
      if (!this.covers(path, desired, live)) this.add(path, 'differs');
      return;
    }
    if (isRecord(desired)) this.members(path, desired, owned, live);
    else if (Array.isArray(desired)) this.elements(path, desired, below, live);
    else this.add(path, 'differs');
  }

  private elements(
    path: Path,
    desired: readonly unknown[],
    owned: readonly (readonly [string, FieldNode])[],
    live: unknown,
  ): void {
    const there: readonly unknown[] = Array.isArray(live) ? live : [];
    const matches = matchElements(desired, owned);
    const places: number[] = [];
    for (const { value, member, node } of matches) {
      const at: Path = [...path, { element: member ?? shortKey(value) }];
      if (member === undefined || node === undefined) {
        this.add(at, 'not ours');
        continue;
      }
      const place = there.findIndex((element) => isElement(member, element));
      if (place === -1) this.add(at, 'missing');
      else this.value(at, value, node, there[place]);
      if (place !== -1) places.push(place);
    }
    const wanted = new Set(matches.map(({ member }) => member));
    for (const [member] of owned) {
      if (!wanted.has(member)) this.unwanted([...path, { element: member }]);
    }
    // Order means something (variables refer to earlier ones), and an apply restores it.
    if (places.some((place, at) => at > 0 && place < (places[at - 1] ?? 0))) this.add(path, 'other order');
  }

  /** Whether `live` is the value as a whole, but for what the server adds to it. */
  private covers(path: Path, desired: unknown, live: unknown): boolean {
    if (!isThere(live)) return isZero(desired);
    if (Array.isArray(desired)) {
      if (!Array.isArray(live) || live.length !== desired.length) return false;
      const there: readonly unknown[] = live;
      return desired.every((value: unknown, at) =>
        this.covers([...path, { element: String(at) }], value, there[at]),
      );
    }
    if (isRecord(desired)) {
      if (!isRecord(live)) return false;
      this.beyond(path, desired, live);
      return Object.entries(desired).every(
        ([name, value]) => !isThere(value) || this.covers([...path, { member: name }], value, live[name]),
      );
    }
    return desired === live || (isQuantityPlace(path) && equalQuantities(desired, live));
  }

  /** Looks at what the live value has more. */
  private beyond(path: Path, desired: JsonRecord, live: JsonRecord): void {
    for (const [member, value] of Object.entries(live)) {
      if (isThere(desired[member]) || !isThere(value) || isServerDefault(member, value)) continue;
      const at: Path = [...path, { member }];
      // An empty map that is owned looks like a whole one; what others put into it is theirs.
      if (this.others.some((fields) => hasNode(fields, at))) continue;
      const extra: Extra = { path: namesOf(at).join('.'), value };
      if (this.isLearnt(extra)) continue;
      this.extras.push(extra);
      this.unwanted(at);
    }
  }

  private unwanted(path: Path): void {
    this.add(path, 'no longer wanted');
  }

  private add(path: Path, what: string): void {
    this.found.push(`${pathText(path)}: ${what}`);
  }
}

function isQuantityPlace(path: Path): boolean {
  const [name = '', parent = ''] = namesOf(path).toReversed();
  return (
    QUANTITY_PARENTS.has(parent) || QUANTITY_MEMBERS.has(name) || (name === 'value' && parent === 'target')
  );
}

function hasNode(fields: FieldNode, path: Path): boolean {
  let node = fields;
  for (const step of path) {
    const below = node['member' in step ? `f:${step.member}` : step.element];
    if (!isRecord(below)) return false;
    node = below;
  }
  return true;
}

function namesOf(path: Path): readonly string[] {
  return path.flatMap((step) => ('member' in step ? step.member : []));
}

/** `spec.template.spec.containers[{"name":"files"}].image`. */
function pathText(path: Path): string {
  const parts = path.map((step) => {
    if ('element' in step) return `[${step.element.replace(/^[kv]:/, '')}]`;
    return /^[\w-]+$/.test(step.member) ? `.${step.member}` : `[${JSON.stringify(step.member)}]`;
  });
  return parts.join('').replace(/^\./, '');
}

function shortKey(value: unknown): string {
  const { name } = recordOf(value);
  return typeof name === 'string' ? `{"name":${JSON.stringify(name)}}` : 'new';
}

function isEmpty(value: unknown): boolean {
  return !isThere(value) || isEqual(value, []) || isEqual(value, {});
}

/** Values that the server doesn't keep where they are what an absent member means anyway. */
function isZero(value: unknown): boolean {
  return !isThere(value) || value === '' || value === 0 || value === false || isEmpty(value);
}
