// Generated from the permissions in runtime/distributor by `npm run generate`; edits are lost.
import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

/** In every namespace. */
export const DISTRIBUTOR_CLUSTER_RULES: readonly RbacRule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
];

/** In the platform's namespace. */
export const DISTRIBUTOR_PLATFORM_RULES: readonly RbacRule[] = [
  {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: ['get', 'list', 'watch'],
    resourceNames: ['mcp-runtime-distributor-tls'],
  },
];
