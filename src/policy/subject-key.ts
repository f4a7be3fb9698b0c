// One text per subject, for folding the grants of one subject together. Parts carry their length, so that no choice of
// characters in one identity can imitate another subject.
import type { PolicySubject } from './document.ts';

const part = (value: string | undefined): string => (value === undefined ? '-' : `${value.length}:${value}`);

/** Equal for equal subjects, and for no others. */
export function subjectKey({ human, agent, team, anonymous }: PolicySubject): string {
  return part(human) + part(agent) + part(team) + (anonymous === true ? '!' : '');
}
