// Members that the server adds inside values which are owned as a whole (a field reference, the rules of a route).
// Everywhere else ownership tells what is ours; here only knowing the default tells it from a member that was applied
// once and is no longer wanted. What isn't in the table is learnt: an apply that changed nothing shows that what the
// object has beyond what is wanted came from the server.
import { isRecord } from './json.ts';

/** Values that the server gives a member of that name, in the built-in kinds and those of the Gateway API. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  apiGroup: ['rbac.authorization.k8s.io', ''],
  apiVersion: ['v1'],
  defaultMode: [420],
  divisor: ['0'],
  expirationSeconds: [3600],
  group: ['gateway.networking.k8s.io', ''],
  kind: ['Gateway', 'Service'],
  matchPolicy: ['Equivalent'],
  matches: [[{ path: { type: 'PathPrefix', value: '/' } }]],
  path: [{ type: 'PathPrefix', value: '/' }],
  protocol: ['TCP'],
  scheme: ['HTTP'],
  scope: ['*'],
  type: ['PathPrefix', 'Exact'],
  weight: [1],
};

/** A member that an object has beyond what is wanted. The path names members only, no elements of lists. */
export interface Extra {
  readonly path: string;
  readonly value: unknown;
}

export function isServerDefault(member: string, value: unknown): boolean {
  return (DEFAULTS[member] ?? []).some((known) => isEqual(known, value));
}

/** Bound of what is remembered; kinds have only so many defaults. */
const MOST_LEARNT = 1_000;

/** Defaults that the server has shown, for the life of the program; knows no objects, only kinds and paths. */
export class LearntDefaults {
  private readonly known = new Set<string>();

  has(kind: string, extra: Extra): boolean {
    return this.known.has(textOf(kind, extra));
  }

  learn(kind: string, extras: readonly Extra[]): void {
    for (const extra of extras) {
      if (this.known.size < MOST_LEARNT) this.known.add(textOf(kind, extra));
    }
  }
}

function textOf(kind: string, { path, value }: Extra): string {
  return JSON.stringify([kind, path, value]);
}

/** JSON values, whatever the order of their members. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    const others: readonly unknown[] = other;
    return one.length === other.length && one.every((value, at) => isEqual(value, others[at]));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => isEqual(one[name], other[name]));
}
