// Generated from the permissions in runtime/sentinel by `npm run generate`; edits are lost.
import type { RbacRule } from '#constructs/kit/rbac-rule.ts';

/** In every namespace. */
export const SENTINEL_CLUSTER_RULES: readonly RbacRule[] = [
  // pods: Which server the pod belongs to that delivers events.
  { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
  // tokenreviews: Who presents a token: only the API server knows.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  // mcpaccessgrants, mcpagentsessions, mcpservers: What runs and who may call it, for the console;
  // servers also to tell whose events arrive.
  {
    apiGroups: ['mcpruntime.org'],
    resources: ['mcpaccessgrants', 'mcpagentsessions', 'mcpservers'],
    verbs: ['list', 'watch'],
  },
];
