// The sessions of the program as they stand now: the program's word, what was revoked here, and the clock.
import type { McpAgentSession } from '#api/mcp-agent-session.ts';
import { objectKey } from '#api/principal.ts';
import { refOf, serverOf } from './model.ts';
import type { SessionStatus } from './platform-status.ts';
import type { Revocations } from './revocations.ts';

/**
 * @param session with what was revoked here worked into its spec
 * @param endsAt when it ends by policy: its own expiry or the server's longest lifetime
 */
export function sessionStatus(
  session: McpAgentSession,
  endsAt: string | undefined,
  revocations: Revocations,
  nowMs: number,
): SessionStatus {
  const { subject, consentedTrust, revoked } = session.spec;
  const expiresAt = endsAt ?? session.spec.expiresAt;
  const revokedAt = revocations.find(refOf(session))?.revokedAt;
  const expired = expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
  return {
    ...refOf(session),
    server: objectKey(serverOf(session)),
    subject: { human: subject.humanID, agent: subject.agentID, team: subject.teamID },
    consentedTrust,
    state: revoked === true ? 'revoked' : expired ? 'expired' : 'active',
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(revokedAt !== undefined && { revokedAt }),
  };
}
