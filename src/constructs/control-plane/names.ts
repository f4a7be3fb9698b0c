// Names of the objects that run the platform itself, and of the rights that it asks for. All but the cluster-wide ones
// are in the platform's namespace.

/** Of the operator. Deployment and ClusterRole have the names that installations of the Go system know. */
export const OPERATOR = {
  deployment: 'mcp-runtime-operator-controller-manager',
  serviceAccount: 'mcp-runtime-operator-controller-manager',
  lease: 'mcp-runtime-operator',
  container: 'manager',
  role: 'mcp-runtime-operator-role',
  roleBinding: 'mcp-runtime-operator-rolebinding',
  disruptionBudget: 'mcp-runtime-operator',
  metricsService: 'mcp-runtime-operator-metrics',
  networkPolicy: 'mcp-runtime-operator',
} as const;

export const OPERATOR_PORTS = { metrics: 8080, probes: 8081 } as const;

/** The pull secret that the operator makes of the registry's credentials, unless another name is given. */
export const DEFAULT_PULL_SECRET = 'mcp-runtime-registry-pull';

/** The ConfigMap of a namespace that remembers revoked sessions which are gone. */
export const TOMBSTONES_CONFIG_MAP = 'mcp-runtime-tombstones';

/**
 * Verbs on `mcpservers` that no request ever has: who has one in RBAC may do what it names. `grant`: give others
 * access to the server. `consent`: open sessions for it. `compile`, cluster-wide: write the policy that is compiled.
 */
export const RIGHTS = { grant: 'grant', consent: 'consent', compile: 'compile' } as const;

export type Right = (typeof RIGHTS)[keyof typeof RIGHTS];

export const ADMISSION_POLICIES = {
  grants: 'mcp-runtime-grants',
  sessions: 'mcp-runtime-sessions',
  configMaps: 'mcp-runtime-config-maps',
  secrets: 'mcp-runtime-secrets',
} as const;
