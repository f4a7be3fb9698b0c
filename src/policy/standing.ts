// Where a caller stands in one policy, whatever it asks for: the session that it presents, and the records that speak of it.
// These lookups go through tables as large as the policy, so whoever knows a caller for longer than one request keeps what
// they find.
import type { Principal } from '#api/principal.ts';
import {
  findSession,
  isSessionOf,
  type IndexedSession,
  type IndexedSubject,
  type PolicyIndex,
} from './policy-index.ts';
import { subjectsOf } from './subject-index.ts';

export interface Standing {
  /** The policy of which it is true. */
  readonly index: PolicyIndex;
  /** The presented session, whatever its state, if it is the caller's own. */
  readonly session: IndexedSession | undefined;
  /** Records of the document that speak of the caller. */
  readonly subjects: readonly IndexedSubject[];
}

/**
 * Looks a caller up.
 * @param session as presented, `name` (in the server's namespace) or `namespace/name`
 */
export function standingOf(index: PolicyIndex, principal: Principal, session: string | undefined): Standing {
  const found = session === undefined ? undefined : findSession(index, session);
  return {
    index,
    session: found !== undefined && isSessionOf(found, principal) ? found : undefined,
    subjects: subjectsOf(index.subjects, principal),
  };
}
