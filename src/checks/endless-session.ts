import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';

const MESSAGE = "has no expiresAt, so only the server's session.maxLifetime ends it";

function find({ sessions }: ProgramView): readonly Finding[] {
  return sessions
    .filter(({ resource: { spec } }) => spec.expiresAt === undefined && spec.revoked !== true)
    .map(({ construct }) => ({ construct, message: MESSAGE }));
}

export const endlessSession = defineCheck({
  name: 'endless-session',
  finds: 'a session without an end of its own',
  severity: 'warning',
  mayBeMeant: true,
  find,
});
