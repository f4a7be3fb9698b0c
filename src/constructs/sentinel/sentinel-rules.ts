import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

/** In every namespace. */
export const SENTINEL_CLUSTER_RULES: readonly RbacRule[] = [
  // pods: Which server the pod belongs to that a token is bound to.
  { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
  // tokenreviews: Who presents a token: only the API server knows.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  // mcpaccessgrants, mcpagentsessions, mcpservers: What the console shows beside events.
  {
    apiGroups: ['mcpruntime.org'],
    resources: ['mcpaccessgrants', 'mcpagentsessions', 'mcpservers'],
    verbs: ['list', 'watch'],
  },
];
