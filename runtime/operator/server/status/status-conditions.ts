// Findings as conditions of a status. The time of the last change is the one thing that an old status is asked for.
import { SERVER_CONDITIONS, type ServerConditionType } from '#api/conditions.ts';
import type { Condition } from '#api/schema.ts';
import type { Finding } from './finding.ts';
import type { Summary } from './summary.ts';
import { sentence } from './words.ts';

/** Longest message of a condition, as its schema says. */
const MAX_MESSAGE = 32_768;

export interface ConditionsContext {
  readonly generation: number;
  /** Conditions of the status before. */
  readonly previous: readonly Condition[];
  readonly nowMs: number;
}

export interface NamedFinding {
  readonly type: ServerConditionType;
  readonly finding: Pick<Finding, 'status' | 'reason' | 'message'>;
}

export function bounded(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
}

/** RFC 3339 in seconds, as Kubernetes writes times. */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function conditionsOf(
  findings: readonly NamedFinding[],
  { generation, previous, nowMs }: ConditionsContext,
): Condition[] {
  const before = new Map(previous.map((condition) => [condition.type, condition]));
  return findings.map(({ type, finding: { status, reason, message } }) => {
    const old = before.get(type);
    return {
      type,
      status,
      reason,
      message: bounded(sentence(message)),
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : timeText(nowMs),
      observedGeneration: generation,
    };
  });
}

/** What Reconciling and Stalled say where they don't hold; who reads on finds the rest under Ready. */
const OTHERWISE = {
  ready: { reconciling: 'Nothing is left to do', stalled: 'Nothing is in the way' },
  reconciling: { reconciling: '', stalled: 'It may come by itself' },
  stalled: { reconciling: 'Nothing happens until somebody changes something', stalled: '' },
} as const;

/** Ready, Reconciling and Stalled, with one reason. The message is told by Ready and by the one that holds. */
export function summaryFindings({
  state,
  reason,
  message,
}: Pick<Summary, 'state' | 'reason' | 'message'>): readonly NamedFinding[] {
  const finding = (type: ServerConditionType, holds: boolean, otherwise: string): NamedFinding => ({
    type,
    finding: { status: holds ? 'True' : 'False', reason, message: holds ? message : otherwise },
  });
  const { reconciling, stalled } = OTHERWISE[state];
  return [
    finding(SERVER_CONDITIONS.READY, state === 'ready', message),
    finding(SERVER_CONDITIONS.RECONCILING, state === 'reconciling', reconciling),
    finding(SERVER_CONDITIONS.STALLED, state === 'stalled', stalled),
  ];
}
