// Who the sentinel is for the API server, and what that account may do: read, ask whose a token is, and nothing else.
import { NAMESPACES } from '#api/names.ts';
import { KubeServiceAccount } from '#constructs/kit/kubernetes.ts';
import { addClusterRole, addClusterRoleBinding } from '#constructs/kit/rbac.ts';
import type { Construct } from 'constructs';
import { clusterMetadata, SENTINEL, sentinelMetadata } from './names.ts';
import { SENTINEL_CLUSTER_RULES } from './sentinel-rules.ts';

export function addSentinelAccount(scope: Construct): void {
  const account = { name: SENTINEL, namespace: NAMESPACES.sentinel };
  new KubeServiceAccount(scope, 'service-account', {
    metadata: sentinelMetadata(),
    automountServiceAccountToken: false,
  });
  const role = addClusterRole(scope, 'cluster-role', clusterMetadata(), SENTINEL_CLUSTER_RULES);
  addClusterRoleBinding(scope, 'cluster-role-binding', clusterMetadata(), role, account);
}
