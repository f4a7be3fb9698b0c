// What one statement comes to, and how: an ordered list of checks, the first that has something to say decides.
import { CONDITION_REASONS, type ConditionReason } from '#api/conditions.ts';

export interface Finding {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  /** A sentence: what was observed and, where somebody has to act, what to do. */
  readonly message: string;
  /** Whether waiting is in vain: nothing changes until somebody changes something. @default false */
  readonly stalled?: boolean;
  /** Whether it is no more than a consequence of pods that are not ready, which another statement explains. */
  readonly follows?: boolean;
  /** When time alone changes the answer. */
  readonly lookAgainMs?: number;
}

export function holds(message: string): Finding {
  return { status: 'True', reason: CONDITION_REASONS.OBSERVED, message };
}

/** Not yet, and it may come by itself. */
export function waits(message: string, reason: ConditionReason = CONDITION_REASONS.WAITING): Finding {
  return { status: 'False', reason, message };
}

/** Not, and not until somebody changes something. */
export function stuck(reason: ConditionReason, message: string): Finding {
  return { status: 'False', reason, message, stalled: true };
}

/** Not, because it was not asked for. */
export function off(reason: ConditionReason, message: string): Finding {
  return { status: 'False', reason, message };
}

export function unknown(reason: ConditionReason, message: string): Finding {
  return { status: 'Unknown', reason, message };
}

export type Check<Subject> = (subject: Subject) => Finding | undefined;

/** The finding of the first check that has one, else what `otherwise` says. */
export function firstFinding<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  otherwise: Finding,
): Finding {
  for (const check of checks) {
    const finding = check(subject);
    if (finding !== undefined) return finding;
  }
  return otherwise;
}
