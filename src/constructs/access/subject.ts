// Whom a grant or a session speaks of.

/** Every field that is set has to match; nothing is filled in. */
export interface Subject {
  readonly human?: string;
  readonly agent?: string;
  readonly team?: string;
}

/** The subject of a grant: named callers, or a word for those that can't be named. */
export type GrantSubject = Subject | 'any-verified' | 'anonymous';

export const Subject = {
  /** Every caller with a verified identity (a token or a certificate, not headers). Grants only. */
  ANY_VERIFIED: 'any-verified',
  /** Callers that nobody identified, which is everybody where the auth mode is none. Grants only. */
  ANONYMOUS: 'anonymous',
} as const;

/** The subject as the custom resources have it. */
export function subjectSpec({ human, agent, team }: Subject) {
  return { humanID: human, agentID: agent, teamID: team };
}
