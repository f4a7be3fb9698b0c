// What grants and sessions have in common: whether their server can be found, and how findings become a status. Pure.
import {
  ACCESS_CONDITIONS,
  CONDITION_REASONS,
  type AccessConditionType,
  type ConditionReason,
} from '#api/conditions.ts';
import type { Problem } from '#api/result.ts';
import type { Condition } from '#api/schema.ts';
import type { Binding } from '#policy/binding.ts';
import type { ServerPolicy } from '#runtime/policy-book/policy-book.ts';

/** A statement, and why it is made. */
export interface Finding {
  readonly reason: ConditionReason;
  readonly message: string;
}

/**
 * `bound`; `missing`: there is no such server; `not_admitted`: it takes nothing of this namespace; `server_invalid`: its
 * own spec can't be read; `unreadable`: nobody can tell which server is meant.
 */
export interface Bond extends Finding {
  readonly state: 'bound' | 'missing' | 'not_admitted' | 'server_invalid' | 'unreadable';
}

const { OBSERVED, SERVER_NOT_FOUND, NAMESPACE_NOT_ADMITTED, SERVER_INVALID, INVALID_SPEC } =
  CONDITION_REASONS;

/** @param state what the compiler says of the object; absent where nothing was compiled */
export function bondOf(
  serverKey: string | undefined,
  namespace: string,
  policy: ServerPolicy,
  state: Binding | 'disabled' | 'invalid' | undefined,
): Bond {
  if (serverKey === undefined) {
    const message = 'spec.serverRef names no server. Set spec.serverRef.name.';
    return { state: 'unreadable', reason: INVALID_SPEC, message };
  }
  if (policy.server === undefined && policy.problems === undefined) {
    const message = `There is no MCPServer ${serverKey}. Create it, or correct spec.serverRef.`;
    return { state: 'missing', reason: SERVER_NOT_FOUND, message };
  }
  if (state === undefined || state === 'unbound') {
    const message = `The spec of MCPServer ${serverKey} is invalid, so its policy stays as it was. Its status says what to correct.`;
    return { state: 'server_invalid', reason: SERVER_INVALID, message };
  }
  if (state === 'namespace_not_allowed') {
    const message = `MCPServer ${serverKey} takes nothing from namespace ${namespace}. Add ${namespace} to its spec.access.fromNamespaces, or move this object to the namespace of the server.`;
    return { state: 'not_admitted', reason: NAMESPACE_NOT_ADMITTED, message };
  }
  return { state: 'bound', reason: OBSERVED, message: `Bound to MCPServer ${serverKey}.` };
}

/** Problems as one text, each with its path; the first few, because a status has an end. */
export function sentenceOf(problems: readonly Problem[]): string {
  const shown = problems.slice(0, 8).map(({ path, message }) => `${path}: ${message}`);
  const left = problems.length - shown.length;
  return [...shown, ...(left > 0 ? [`and ${left} more`] : [])].join('; ').slice(0, 8_192);
}

/** Whether more will come by itself (`reconciling`), nothing will (`stalled`), or nothing is missing (`ready`). */
export type Outlook = 'ready' | 'reconciling' | 'stalled';

export interface Standing {
  readonly bond: Bond;
  /** Whether the object is in force. */
  readonly active: Finding & { readonly status: Condition['status'] };
  readonly outlook: Outlook;
}

export interface Before {
  readonly conditions: readonly Condition[];
  readonly generation: number;
  readonly nowMs: number;
}

/** As Kubernetes writes times: whole seconds. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

const BOND_STATUS = {
  bound: 'True',
  missing: 'False',
  not_admitted: 'False',
  server_invalid: 'Unknown',
  unreadable: 'Unknown',
} as const satisfies Record<Bond['state'], Condition['status']>;

/**
 * All conditions of a grant or session; the time of each is that of the last change of its status. Of `Active` a new
 * reason is a change as well: what happens after a revocation counts from its time.
 */
export function conditionsOf({ bond, active, outlook }: Standing, before: Before): Condition[] {
  const { conditions, generation, nowMs } = before;
  const make = (
    type: AccessConditionType,
    status: Condition['status'],
    { reason, message }: Finding,
  ): Condition => {
    const known = conditions.find((condition) => condition.type === type);
    const isSame = known?.status === status && (type !== ACCESS_CONDITIONS.ACTIVE || known.reason === reason);
    const lastTransitionTime = isSame ? known.lastTransitionTime : timeText(nowMs);
    return { type, status, reason, message, lastTransitionTime, observedGeneration: generation };
  };
  const is = (value: Outlook) => (outlook === value ? 'True' : 'False');
  const said = { reason: active.reason, message: active.message };
  return [
    make(ACCESS_CONDITIONS.READY, is('ready'), said),
    make(ACCESS_CONDITIONS.RECONCILING, is('reconciling'), said),
    make(ACCESS_CONDITIONS.STALLED, is('stalled'), said),
    make(ACCESS_CONDITIONS.BOUND, BOND_STATUS[bond.state], bond),
    make(ACCESS_CONDITIONS.ACTIVE, active.status, active),
  ];
}
