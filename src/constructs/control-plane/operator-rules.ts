// Generated from the permissions in runtime/operator by `npm run generate`; edits are lost.
import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

/** In every namespace. */
export const OPERATOR_CLUSTER_RULES: readonly RbacRule[] = [
  // configmaps, serviceaccounts, services: Children of servers are made, kept as they are wanted, and
  // removed with what they are for.
  // configmaps, serviceaccounts, services: Children of servers, to see where they differ from what is
  // wanted.
  // configmaps: Records of revoked sessions, in the namespace of each, so that none comes back by being
  // applied again.
  // configmaps: The authority by which proxies know the distributors, in every namespace that has
  // servers.
  {
    apiGroups: [''],
    resources: ['configmaps', 'serviceaccounts', 'services'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  // pods: Whether pods run, and what keeps them from it.
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  // secrets: The keys that the proxies of a server share, <server>-gateway-keys: a name that no rule can
  // hold, so each is asked for by it and none is listed.
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'update', 'delete'] },
  // secrets: The pull secret of the platform's registry is kept up to date where servers need it.
  {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: ['get', 'create', 'patch'],
    resourceNames: ['mcp-runtime-registry-pull'],
  },
  // customresourcedefinitions: Whether the schemas in the cluster are those of this version.
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['list', 'watch'] },
  // controllerrevisions, deployments: Children of servers are made, kept as they are wanted, and removed
  // with what they are for.
  // controllerrevisions, deployments: Children of servers, to see where they differ from what is wanted.
  {
    apiGroups: ['apps'],
    resources: ['controllerrevisions', 'deployments'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  // replicasets: Whether pods run, and what keeps them from it.
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['list', 'watch'] },
  // horizontalpodautoscalers: Children of servers are made, kept as they are wanted, and removed with
  // what they are for.
  // horizontalpodautoscalers: Children of servers, to see where they differ from what is wanted.
  {
    apiGroups: ['autoscaling'],
    resources: ['horizontalpodautoscalers'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  // events: What happens to servers, grants and sessions is told as Events.
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  // gateways: Whether the Gateway of a route listens.
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways'], verbs: ['list', 'watch'] },
  // httproutes: Children of servers are made, kept as they are wanted, and removed with what they are
  // for.
  // httproutes: Children of servers, to see where they differ from what is wanted.
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['httproutes'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  // mcpaccessgrants, mcpservers: The resources that say what is wanted.
  { apiGroups: ['mcpruntime.org'], resources: ['mcpaccessgrants', 'mcpservers'], verbs: ['list', 'watch'] },
  // mcpaccessgrants/status: Whether a grant is in force, and if not, which field to change.
  // mcpagentsessions/status: Whether a session is in force, when it ends, and if it cannot be used, why.
  // mcpservers/finalizers: Children block the deletion of their server, for which clusters with
  // OwnerReferencesPermissionEnforcement ask.
  // mcpservers/status: What was found is reported where its author looks.
  {
    apiGroups: ['mcpruntime.org'],
    resources: [
      'mcpaccessgrants/status',
      'mcpagentsessions/status',
      'mcpservers/finalizers',
      'mcpservers/status',
    ],
    verbs: ['update'],
  },
  // mcpagentsessions: Ended sessions are removed after their spec.ttlSecondsAfterExpired.
  // mcpagentsessions: The resources that say what is wanted.
  { apiGroups: ['mcpruntime.org'], resources: ['mcpagentsessions'], verbs: ['list', 'watch', 'delete'] },
  // ingressclasses: Which controller serves a class, and whether there is one.
  { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['list', 'watch'] },
  // ingresses, networkpolicies: Children of servers are made, kept as they are wanted, and removed with
  // what they are for.
  // ingresses, networkpolicies: Children of servers, to see where they differ from what is wanted.
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['ingresses', 'networkpolicies'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
  // poddisruptionbudgets: Children of servers are made, kept as they are wanted, and removed with what
  // they are for.
  // poddisruptionbudgets: Children of servers, to see where they differ from what is wanted.
  {
    apiGroups: ['policy'],
    resources: ['poddisruptionbudgets'],
    verbs: ['list', 'watch', 'create', 'patch', 'delete'],
  },
];

/** In the platform's namespace. */
export const OPERATOR_PLATFORM_RULES: readonly RbacRule[] = [
  // secrets: The authority of the platform, and the certificate that proxies know the distributors by.
  {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: ['get', 'create', 'patch'],
    resourceNames: ['mcp-runtime-ca', 'mcp-runtime-distributor-tls'],
  },
  // leases: One of the replicas works; which one, the lease says.
  // leases: Whether the operator of the Go system is at work.
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];
