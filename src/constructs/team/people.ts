// Who may do what in a team's namespace: RoleBindings to the roles that every cluster and every installation has, so
// that one look at those says what a duty is (docs/roles.md).
import { USER_ROLES } from '#api/names.ts';
import { addMembersBinding } from '#constructs/kit/rbac.ts';
import type { Construct } from 'constructs';
import type { Member } from './member.ts';
import { teamMetadata, type TeamIdentity } from './metadata.ts';
import type { TeamDuty } from './team-settings.ts';

interface Duty {
  readonly binding: string;
  readonly clusterRole: string;
}

/** `view` and `edit` are the cluster's own; ours are part of them. */
export const DUTIES: Readonly<Record<TeamDuty, Duty>> = {
  view: { binding: 'team-viewers', clusterRole: 'view' },
  deploy: { binding: 'team-deployers', clusterRole: 'edit' },
  grant: { binding: 'team-grantors', clusterRole: USER_ROLES.grantor },
  consent: { binding: 'team-consenters', clusterRole: USER_ROLES.consenter },
  revoke: { binding: 'team-revokers', clusterRole: USER_ROLES.revoker },
};

export function addDuty(
  scope: Construct,
  team: TeamIdentity,
  duty: TeamDuty,
  members: () => readonly Member[],
): void {
  const { binding, clusterRole } = DUTIES[duty];
  addMembersBinding(scope, binding, teamMetadata(team, binding), clusterRole, members);
}
