// One text per subject, for folding grants and for looking them up. Parts carry their length, so that no choice of
// characters in one identity can imitate another subject.
import type { PolicySubject } from './document.ts';

const part = (value: string | undefined): string => (value === undefined ? '-' : `${value.length}:${value}`);

/** The key of the subject that has exactly these fields. */
export function keyOf(
  human: string | undefined,
  agent: string | undefined,
  team: string | undefined,
): string {
  return part(human) + part(agent) + part(team);
}

/** The key of callers that nobody identified; no combination of fields has it. */
export const ANONYMOUS_KEY = 'anonymous';

export function subjectKey(subject: PolicySubject): string {
  if (subject.anonymous === true) return ANONYMOUS_KEY;
  return keyOf(subject.human, subject.agent, subject.team);
}
