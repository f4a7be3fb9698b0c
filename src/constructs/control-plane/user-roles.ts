// ClusterRoles for people. What a cluster's own `view` and `edit` cover follows from what these three kinds are: whoever
// may look at a namespace may look at them, whoever may deploy there may deploy servers. Who may use a server, and with
// how much trust, is decided by whom the cluster's administrators bind to the other roles, in the namespace of the
// server. `admin` has none of these: it is what a team gets for its own namespace, and would let it grant to itself.
import { API_GROUP } from '#api/kind.ts';
import { USER_ROLES } from '#api/names.ts';
import type { Construct } from 'constructs';
import { clusterMetadata, PLATFORM_LABELS } from './metadata.ts';
import { RIGHTS } from './names.ts';
import { addClusterRole } from '#constructs/kit/rbac.ts';
import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

const READ = ['get', 'list', 'watch'];
const CHANGE = ['update', 'patch'];
const WRITE = ['create', ...CHANGE, 'delete', 'deletecollection'];

const rule = (resources: readonly string[], verbs: readonly string[]): RbacRule => ({
  apiGroups: [API_GROUP],
  resources,
  verbs,
});

interface UserRole {
  readonly name: string;
  /** The role of every cluster that these rules become part of. */
  readonly aggregateTo?: 'view' | 'edit';
  readonly rules: readonly RbacRule[];
}

const ROLES: readonly UserRole[] = [
  {
    name: USER_ROLES.view,
    aggregateTo: 'view',
    rules: [rule(['mcpaccessgrants', 'mcpagentsessions', 'mcpservers'], READ)],
  },
  { name: USER_ROLES.edit, aggregateTo: 'edit', rules: [rule(['mcpservers'], WRITE)] },
  {
    // Gives and takes standing permissions for the servers of a namespace.
    name: USER_ROLES.grantor,
    rules: [rule(['mcpaccessgrants'], [...READ, ...WRITE]), rule(['mcpservers'], [...READ, RIGHTS.grant])],
  },
  {
    // Opens and ends sessions for the servers of a namespace.
    name: USER_ROLES.consenter,
    rules: [rule(['mcpagentsessions'], [...READ, ...WRITE]), rule(['mcpservers'], [...READ, RIGHTS.consent])],
  },
  {
    // Takes away and never gives: disables grants, revokes sessions. For whoever is on call.
    name: USER_ROLES.revoker,
    rules: [rule(['mcpaccessgrants', 'mcpagentsessions'], [...READ, ...CHANGE])],
  },
];

export function addUserRoles(scope: Construct): void {
  for (const { name, aggregateTo, rules } of ROLES) {
    const aggregation =
      aggregateTo === undefined ? {} : { [`rbac.authorization.k8s.io/aggregate-to-${aggregateTo}`]: 'true' };
    addClusterRole(scope, name, clusterMetadata(name, { ...PLATFORM_LABELS, ...aggregation }), rules);
  }
}
