// Names that several programs and the people who run them rely on.

/** Namespaces of an installation. */
export const NAMESPACES = {
  platform: 'mcp-runtime',
  sentinel: 'mcp-sentinel',
  servers: 'mcp-servers',
  registry: 'registry',
} as const;

/** Names of the objects made for a server, all in its namespace. */
export interface ServerObjectNames {
  readonly deployment: string;
  readonly canaryDeployment: string;
  /** Name of the server's own container. */
  readonly container: string;
  readonly service: string;
  /** Services of the two Deployments, where a Gateway divides the calls of a canary. */
  readonly stableService: string;
  readonly canaryService: string;
  /** Ingress, or HTTPRoute. */
  readonly ingress: string;
  readonly autoscaler: string;
  readonly disruptionBudget: string;
  readonly serviceAccount: string;
  readonly networkPolicy: string;
  /** ConfigMap with the policy document. */
  readonly policyConfigMap: string;
  /** Secret with the keys that the server's proxies share. */
  readonly keysSecret: string;
}

/** Service accounts that a namespace has for other purposes: its own, and the shared one of the Go system. */
const TAKEN_ACCOUNTS: readonly string[] = ['default', 'mcp-workload'];

export function serverObjectNames(server: string): ServerObjectNames {
  return {
    deployment: server,
    canaryDeployment: `${server}-canary`,
    container: server,
    service: server,
    stableService: `${server}-stable`,
    canaryService: `${server}-canary`,
    ingress: server,
    autoscaler: server,
    disruptionBudget: server,
    serviceAccount: TAKEN_ACCOUNTS.includes(server) ? `${server}-mcp-server` : server,
    networkPolicy: `${server}-gateway`,
    policyConfigMap: `${server}-gateway-policy`,
    keysSecret: `${server}-gateway-keys`,
  };
}

/** Objects of the distributors, in the platform's namespace. */
export const DISTRIBUTOR = {
  deployment: 'mcp-runtime-distributor',
  serviceAccount: 'mcp-runtime-distributor',
  /** One address for whoever is content with any of them. */
  service: 'mcp-runtime-distributor',
  /** The addresses of all that are ready, for proxies, which hold a stream to each. */
  podsService: 'mcp-runtime-distributor-pods',
  /** Their serving certificate; made and replaced by the operator. */
  tlsSecret: 'mcp-runtime-distributor-tls',
} as const;

/** Secret with the authorities that sign for the platform, and their keys; the operator's alone. */
export const AUTHORITY_SECRET = 'mcp-runtime-ca';

/** The name in the certificates of the distributors, wherever in the cluster they are reached from. */
export const DISTRIBUTOR_TLS_NAME = `${DISTRIBUTOR.service}.${NAMESPACES.platform}.svc`;

/** ConfigMap with the platform's CA, in every namespace that has servers; the key is `ca.crt`. */
export const PLATFORM_CA = 'mcp-runtime-ca';

/** Audiences of the two tokens a proxy has: one for its policy stream, one for ingest. */
export const TOKEN_AUDIENCES = { policy: 'mcp-runtime-policy', ingest: 'mcp-runtime-ingest' } as const;

/** Who wrote a field, in `managedFields`: the operator owns the children of servers, people what they revoke. */
export const FIELD_MANAGERS = { operator: 'mcp-runtime-operator', cli: 'mcp-runtime-cli' } as const;

/** ClusterRoles for people; `view` and `edit` are part of the roles of these names that every cluster has. */
export const USER_ROLES = {
  view: 'mcp-runtime-view',
  edit: 'mcp-runtime-edit',
  grantor: 'mcp-runtime-grantor',
  consenter: 'mcp-runtime-consenter',
  revoker: 'mcp-runtime-revoker',
} as const;
