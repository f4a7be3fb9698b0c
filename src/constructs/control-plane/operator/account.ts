// Who the operator is for the API server, and what that account may do: what its code says it needs, no more.
import { NAMESPACES } from '#api/names.ts';
import { API_GROUP } from '#api/kind.ts';
import { KubeServiceAccount } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import type { ControlPlaneProps } from '../control-plane-props.ts';
import { clusterMetadata, OPERATOR_LABELS, platformMetadata } from '../metadata.ts';
import { DEFAULT_PULL_SECRET, OPERATOR, RIGHTS } from '../names.ts';
import { OPERATOR_CLUSTER_RULES, OPERATOR_PLATFORM_RULES } from '../operator-rules.ts';
import { addClusterRole, addClusterRoleBinding, addRole, addRoleBinding } from '#constructs/kit/rbac.ts';
import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

/** Asked for by the admission policy that protects compiled policy; no request has this verb. */
const COMPILES: RbacRule = { apiGroups: [API_GROUP], resources: ['mcpservers'], verbs: [RIGHTS.compile] };

/**
 * The rules of this installation: the pull secret only where there are credentials to make one of, and then only under
 * the name that it has here.
 */
function rulesOf(rules: readonly RbacRule[], { config, registryCredentials }: ControlPlaneProps): RbacRule[] {
  const pullSecret = config?.provisionedPullSecret ?? DEFAULT_PULL_SECRET;
  return rules.flatMap((rule) => {
    if (rule.resourceNames?.includes(DEFAULT_PULL_SECRET) !== true) return [rule];
    if (registryCredentials === undefined) return [];
    const names = rule.resourceNames.map((name) => (name === DEFAULT_PULL_SECRET ? pullSecret : name));
    return [{ ...rule, resourceNames: names }];
  });
}

/** The account, its roles and their bindings. */
export function addOperatorAccount(scope: Construct, props: ControlPlaneProps): void {
  const account = { name: OPERATOR.serviceAccount, namespace: NAMESPACES.platform };
  new KubeServiceAccount(scope, 'service-account', {
    metadata: platformMetadata(account.name, OPERATOR_LABELS),
    automountServiceAccountToken: false,
  });
  const everywhere = [...rulesOf(OPERATOR_CLUSTER_RULES, props), COMPILES];
  const clusterRole = addClusterRole(
    scope,
    'cluster-role',
    clusterMetadata(OPERATOR.role, OPERATOR_LABELS),
    everywhere,
  );
  const binding = clusterMetadata(OPERATOR.roleBinding, OPERATOR_LABELS);
  addClusterRoleBinding(scope, 'cluster-role-binding', binding, clusterRole, account);
  const here = rulesOf(OPERATOR_PLATFORM_RULES, props);
  const role = addRole(scope, 'role', platformMetadata(OPERATOR.role, OPERATOR_LABELS), here);
  addRoleBinding(
    scope,
    'role-binding',
    platformMetadata(OPERATOR.roleBinding, OPERATOR_LABELS),
    role,
    account,
  );
}
