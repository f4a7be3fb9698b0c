// Generated from the permissions in runtime/distributor by `npm run generate`; edits are lost.
import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

/** In every namespace. */
export const DISTRIBUTOR_CLUSTER_RULES: readonly RbacRule[] = [
  // configmaps: Records of revoked sessions; only ConfigMaps with their label are asked for.
  // pods: Which server the pod of a proxy belongs to, and where its server could be reached past the
  // proxy.
  { apiGroups: [''], resources: ['configmaps', 'pods'], verbs: ['list', 'watch'] },
  // tokenreviews: Who presents a token: only the API server knows.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  // mcpaccessgrants, mcpagentsessions, mcpservers: What policy is made of.
  {
    apiGroups: ['mcpruntime.org'],
    resources: ['mcpaccessgrants', 'mcpagentsessions', 'mcpservers'],
    verbs: ['list', 'watch'],
  },
];

/** In the platform's namespace. */
export const DISTRIBUTOR_PLATFORM_RULES: readonly RbacRule[] = [
  // secrets: The serving certificate, which is replaced while the program runs.
  {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: ['list', 'watch'],
    resourceNames: ['mcp-runtime-distributor-tls'],
  },
];
