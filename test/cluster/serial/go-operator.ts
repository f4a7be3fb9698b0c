// Objects as the operator of the Go system writes them: whole objects, created and updated by the field manager
// `manager`, with its labels, selectors and owner.
import type { KubeObject } from '../harness/objects.ts';

export interface GoServer {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly host: string;
  readonly image: string;
}

export const GO_MANAGER = 'manager';

const RESOURCES = {
  requests: { cpu: '50m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '256Mi' },
};

const security = (more: object = {}) => ({
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  ...more,
});

const labelsOf = (name: string) => ({ app: name, 'app.kubernetes.io/managed-by': 'mcp-runtime' });

function metadataOf({ name, namespace, uid }: GoServer, child: string, more: object = {}) {
  const owner = { apiVersion: 'mcpruntime.org/v1alpha1', kind: 'MCPServer', name, uid };
  return {
    name: child,
    namespace,
    labels: labelsOf(name),
    ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    ...more,
  };
}

function proxy({ name, namespace }: GoServer) {
  const env = {
    PORT: '8091',
    METRICS_PORT: '9103',
    UPSTREAM_URL: 'http://127.0.0.1:8088',
    POLICY_FILE: '/var/run/mcp-runtime/policy/policy.json',
    MCP_SERVER_NAME: name,
    MCP_SERVER_NAMESPACE: namespace,
    MCP_CLUSTER_NAME: 'local',
    POLICY_MODE: 'allow-list',
    POLICY_DEFAULT_DECISION: 'deny',
    POLICY_VERSION: 'v1',
    HUMAN_ID_HEADER: 'X-MCP-Human-ID',
    AUTH_MODE: 'header',
  };
  return {
    name: 'mcp-gateway',
    image: 'registry.example.org/mcp-sentinel/mcp-gateway:v0.9',
    imagePullPolicy: 'IfNotPresent',
    ports: [
      { name: 'gateway', containerPort: 8091 },
      { name: 'metrics', containerPort: 9103 },
    ],
    env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
    resources: RESOURCES,
    securityContext: security({ readOnlyRootFilesystem: true }),
    volumeMounts: [{ name: 'gateway-policy', mountPath: '/var/run/mcp-runtime/policy', readOnly: true }],
    livenessProbe: { tcpSocket: { port: 8091 }, initialDelaySeconds: 5, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: '/ready', port: 8091 }, initialDelaySeconds: 3, periodSeconds: 5 },
  };
}

export interface GoShape {
  readonly gateway?: boolean;
  readonly track?: 'stable' | 'canary';
  readonly replicas?: number;
}

/** The account that the pods of a namespace share. */
export function goServiceAccount(namespace: string): KubeObject {
  const metadata = { name: 'mcp-workload', namespace };
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false };
}

/** A Deployment with a container's environment and, with the gateway on, the older sidecar. */
export function goDeployment(
  server: GoServer,
  { gateway = false, track = 'stable', replicas = 1 }: GoShape = {},
): KubeObject {
  const { name, image } = server;
  const labels = { ...labelsOf(name), 'mcpruntime.org/rollout-track': track };
  const container = {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: 8088 }],
    env: [
      { name: 'KEPT', value: '1' },
      { name: 'FORMER', value: 'no longer in the spec' },
    ],
    resources: RESOURCES,
    securityContext: security(),
    livenessProbe: { tcpSocket: { port: 8088 }, initialDelaySeconds: 5, periodSeconds: 10 },
    readinessProbe: { tcpSocket: { port: 8088 }, initialDelaySeconds: 3, periodSeconds: 5 },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(server, track === 'stable' ? name : `${name}-canary`, { labels }),
    spec: {
      replicas,
      selector: { matchLabels: { app: name, 'mcpruntime.org/rollout-track': track } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'mcp-workload',
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container, ...(gateway ? [proxy(server)] : [])],
          ...(gateway && {
            volumes: [{ name: 'gateway-policy', configMap: { name: `${name}-gateway-policy` } }],
          }),
        },
      },
    },
  };
}

export interface GoServiceShape {
  readonly gateway?: boolean;
  /** Whether it has the annotations of a gateway that is on, or was once. @default gateway */
  readonly scraped?: boolean;
}

export function goService(
  server: GoServer,
  { gateway = false, scraped = gateway }: GoServiceShape = {},
): KubeObject {
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '9103',
    'prometheus.io/path': '/metrics',
  };
  const metrics = { name: 'metrics', port: 9103, targetPort: 9103 };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(server, server.name, scraped ? { annotations } : {}),
    spec: {
      type: 'ClusterIP',
      selector: labelsOf(server.name),
      ports: [{ name: 'http', port: 80, targetPort: gateway ? 8091 : 8088 }, ...(gateway ? [metrics] : [])],
    },
  };
}

/** @param annotations that a former spec asked for */
export function goIngress(server: GoServer, annotations: Readonly<Record<string, string>> = {}): KubeObject {
  const { name, host } = server;
  const backend = { service: { name, port: { number: 80 } } };
  const web = { 'traefik.ingress.kubernetes.io/router.entrypoints': 'web' };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: metadataOf(server, name, { annotations: { ...web, ...annotations } }),
    spec: {
      ingressClassName: 'traefik',
      rules: [{ host, http: { paths: [{ path: `/${name}/mcp`, pathType: 'Prefix', backend }] } }],
    },
  };
}

export function goPolicy(server: GoServer): KubeObject {
  const document = {
    schema_version: 'v1',
    revision: `sha256:${'0'.repeat(64)}`,
    generated_at: '2026-06-30T12:00:00Z',
    server: { name: server.name, namespace: server.namespace },
    auth: { mode: 'header' },
    policy: { mode: 'allow-list', default_decision: 'deny', enforce_on: 'call_tool', policy_version: 'v1' },
    session: { required: false },
    tools: [],
    grants: [],
    sessions: [],
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(server, `${server.name}-gateway-policy`),
    data: { 'policy.json': JSON.stringify(document, null, 2) },
  };
}

/** A status of spring 2026, when what was off counted as ready. */
export function goStatus() {
  const at = '2026-04-29T08:00:00Z';
  const types = [
    'DeploymentReady',
    'ServiceReady',
    'IngressReady',
    'GatewayReady',
    'PolicyReady',
    'CanaryReady',
  ];
  const message = 'All resources reconciled';
  return {
    phase: 'Ready',
    message,
    deploymentReady: true,
    serviceReady: true,
    ingressReady: true,
    gatewayReady: true,
    policyReady: true,
    canaryReady: true,
    conditions: types.map((type) => ({
      type,
      status: 'True',
      reason: 'Ready',
      message,
      lastTransitionTime: at,
      observedGeneration: 1,
    })),
  };
}
