// Who the distributors are for the API server, and what that account may do: read, ask whose a token is, and nothing
// else. They face the pods of tenants.
import { DISTRIBUTOR, NAMESPACES } from '#api/names.ts';
import { KubeServiceAccount } from '#constructs/kit/kubernetes.ts';
import { addClusterRole, addClusterRoleBinding, addRole, addRoleBinding } from '#constructs/kit/rbac.ts';
import type { Construct } from 'constructs';
import { DISTRIBUTOR_CLUSTER_RULES, DISTRIBUTOR_PLATFORM_RULES } from '../distributor-rules.ts';
import { clusterMetadata, DISTRIBUTOR_LABELS, platformMetadata } from '../metadata.ts';

/** The account, its roles and their bindings. */
export function addDistributorAccount(scope: Construct): void {
  const name = DISTRIBUTOR.serviceAccount;
  const account = { name, namespace: NAMESPACES.platform };
  const here = () => platformMetadata(name, DISTRIBUTOR_LABELS);
  const everywhere = () => clusterMetadata(name, DISTRIBUTOR_LABELS);
  new KubeServiceAccount(scope, 'distributor-account', {
    metadata: here(),
    automountServiceAccountToken: false,
  });
  const clusterRole = addClusterRole(
    scope,
    'distributor-cluster-role',
    everywhere(),
    DISTRIBUTOR_CLUSTER_RULES,
  );
  addClusterRoleBinding(scope, 'distributor-cluster-role-binding', everywhere(), clusterRole, account);
  const role = addRole(scope, 'distributor-role', here(), DISTRIBUTOR_PLATFORM_RULES);
  addRoleBinding(scope, 'distributor-role-binding', here(), role, account);
}
