// Manifests of servers as installations of the Go system have them in Git, of spring and of summer 2026, and what that
// system made of each. HOST stands for a host of the test's own.
import { expect } from '@jest/globals';

export interface LegacyManifest {
  readonly what: string;
  readonly name: string;
  readonly manifest: string;
  /** Parts of the objects that came of it. */
  readonly shape: (host: string) => object;
  /** Values of `status.resolved` beside the service account. */
  readonly resolved: (host: string) => object;
}

const PROXY = 'registry.example.org/mcp-runtime/proxy:1.0.0';
const INGEST = 'http://mcp-sentinel-ingest.mcp-sentinel.svc.cluster.local:8081/events';
const SCRAPED = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': '9103',
  'prometheus.io/path': '/metrics',
};
const WEB = { 'traefik.ingress.kubernetes.io/router.entrypoints': 'web' };
const DEFAULT_RESOURCES = {
  requests: { cpu: '50m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '256Mi' },
};

/** Shown of a server whose gateway is on; members that a case names differ from the defaults. */
const governed = (audience: string, { auth = {}, policy = {} }: { auth?: object; policy?: object } = {}) => ({
  auth: {
    mode: 'header',
    humanIDHeader: 'X-MCP-Human-ID',
    agentIDHeader: 'X-MCP-Agent-ID',
    teamIDHeader: 'X-MCP-Team-ID',
    sessionIDHeader: 'X-MCP-Agent-Session',
    tokenHeader: 'Authorization',
    audience,
    ...auth,
  },
  policy: { mode: 'allow-list', defaultDecision: 'deny', sessionRequired: false, ...policy },
});

const PULL_SECRETS = ['mcp-runtime-registry-pull'];

const head = (name: string) => `
apiVersion: mcpruntime.org/v1alpha1
kind: MCPServer
metadata: {name: ${name}}
spec:`;

const ports = (port: number, target: number, scraped = false) => [
  { name: 'http', port, protocol: 'TCP', targetPort: target },
  ...(scraped ? [{ name: 'metrics', port: 9103, protocol: 'TCP', targetPort: 9103 }] : []),
];

const ingress = (
  ingressClassName: string,
  host: string,
  name: string,
  paths: readonly string[],
  port = 80,
) => ({
  ingressClassName,
  rules: [
    {
      host,
      http: {
        paths: paths.map((path) => ({
          path,
          pathType: 'Prefix',
          backend: { service: { name, port: { number: port } } },
        })),
      },
    },
  ],
});

const tcp = (port: number) => ({
  livenessProbe: { tcpSocket: { port }, initialDelaySeconds: 5, periodSeconds: 10 },
  readinessProbe: { tcpSocket: { port }, initialDelaySeconds: 3, periodSeconds: 5 },
});

const plain: LegacyManifest = {
  what: 'a plain server',
  name: 'weather',
  manifest: `${head('weather')}
  description: Weather of the last hundred years
  image: registry.example.org/weather
  port: 3000
  ingressHost: HOST
  envVars:
    - {name: UNITS, value: metric}
    - {name: EMPTY, value: ""}
  secretEnvVars:
    - {name: API_KEY, secretKeyRef: {name: weather, key: api-key}}
`,
  shape: (host) => ({
    deployment: {
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: { spec: { imagePullSecrets: [{ name: 'mcp-runtime-registry-pull' }] } },
      },
    },
    canary: undefined,
    proxy: undefined,
    server: {
      image: 'registry.example.org/weather:latest',
      imagePullPolicy: 'IfNotPresent',
      ports: [{ name: 'http', containerPort: 3000, protocol: 'TCP' }],
      env: [
        { name: 'UNITS', value: 'metric' },
        { name: 'EMPTY' },
        { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'weather', key: 'api-key' } } },
      ],
      resources: DEFAULT_RESOURCES,
      securityContext: {
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      },
      ...tcp(3000),
    },
    service: { annotations: {}, spec: { type: 'ClusterIP', ports: ports(80, 3000) } },
    ingress: { annotations: WEB, spec: ingress('traefik', host, 'weather', ['/weather/mcp']) },
  }),
  resolved: (host) => ({
    pullSecrets: PULL_SECRETS,
    image: 'registry.example.org/weather:latest',
    publicPath: '/weather/mcp',
    host,
    url: `http://${host}/weather/mcp`,
    ingressClass: 'traefik',
    ingressStrategy: 'traefik',
  }),
};

const spring: LegacyManifest = {
  what: 'a governed server of April 2026, with analytics.enabled',
  name: 'payments',
  manifest: `${head('payments')}
  image: localhost:5000/payments
  imageTag: v2
  useProvisionedRegistry: true
  replicas: 2
  port: 8088
  servicePort: 8080
  publicPathPrefix: finance/payments
  ingressHost: HOST
  ingressClass: nginx
  ingressAnnotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"}
  auth: {mode: header, humanIDHeader: X-Finance-Human}
  policy: {mode: allow-list, defaultDecision: deny, enforceOn: call_tool, policyVersion: v7}
  session: {required: true, store: kubernetes, headerName: X-MCP-Agent-Session, maxLifetime: 8h, idleTimeout: 30m}
  gateway: {enabled: true, port: 8092, stripPrefix: /finance/payments}
  analytics:
    enabled: true
    source: finance
    apiKeySecretRef: {name: ingest, key: API_KEY}
  resources: {requests: {cpu: 250m}, limits: {memory: 1Gi}}
`,
  shape: (host) => ({
    deployment: {
      spec: {
        replicas: 2,
        template: {
          spec: {
            volumes: [{ name: 'gateway-policy', configMap: { name: 'payments-gateway-policy' } }, {}, {}, {}],
          },
        },
      },
    },
    server: {
      image: 'registry.example.org:5000/payments:v2',
      resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '500m', memory: '1Gi' } },
    },
    proxy: {
      image: PROXY,
      imagePullPolicy: 'IfNotPresent',
      ports: [
        { name: 'gateway', containerPort: 8092 },
        { name: 'metrics', containerPort: 9103 },
        { name: 'peers', containerPort: 9104 },
      ],
      resources: DEFAULT_RESOURCES,
      readinessProbe: { httpGet: { path: '/ready' }, initialDelaySeconds: 3, periodSeconds: 5 },
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    },
    proxyEnv: {
      PORT: '8092',
      METRICS_PORT: '9103',
      UPSTREAM_URL: 'http://127.0.0.1:8088',
      POLICY_FILE: '/var/run/mcp-runtime/policy/policy.json',
      MCP_SERVER_NAME: 'payments',
      MCP_CLUSTER_NAME: 'test',
      EXTERNAL_BASE_URL: `http://${host}/finance/payments/mcp`,
      STRIP_PREFIX: '/finance/payments',
      ANALYTICS_INGEST_URL: INGEST,
      ANALYTICS_SOURCE: 'finance',
      ANALYTICS_EVENT_TYPE: 'mcp.request',
      ANALYTICS_API_KEY: { secretKeyRef: { name: 'ingest', key: 'API_KEY' } },
    },
    service: { annotations: SCRAPED, spec: { ports: ports(8080, 8092, true) } },
    ingress: {
      annotations: {
        'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600',
        'nginx.ingress.kubernetes.io/ssl-redirect': 'false',
      },
      spec: ingress('nginx', host, 'payments', ['/finance/payments/mcp'], 8080),
    },
  }),
  resolved: (host) => ({
    pullSecrets: PULL_SECRETS,
    ...governed(`http://${host}/finance/payments/mcp`, {
      auth: { humanIDHeader: 'X-Finance-Human' },
      policy: { sessionRequired: true },
    }),
    image: 'registry.example.org:5000/payments:v2',
    gatewayImage: PROXY,
    publicPath: '/finance/payments/mcp',
    host,
    url: `http://${host}/finance/payments/mcp`,
    ingressClass: 'nginx',
    ingressStrategy: 'nginx',
    upstreamURL: 'http://127.0.0.1:8088',
    analyticsSource: 'finance',
  }),
};

const summer: LegacyManifest = {
  what: 'a governed server with its own proxy, an override of the registry, and a variable twice',
  name: 'mail',
  manifest: `${head('mail')}
  teamID: office
  image: images.example.net/acme/tools/mail:1.2
  imageTag: "9.9"
  registryOverride: mirror.example.org/cache
  ingressHost: HOST
  envVars:
    - {name: REGION, value: north}
    - {name: ZONE, value: a}
    - {name: REGION, value: south}
  tools:
    - {name: read_mail, description: Reads, requiredTrust: low, sideEffect: read, riskLevel: low, labels: {area: mail}}
    - {name: send_mail, requiredTrust: high, sideEffect: write}
  prompts: [{name: summary, description: Sums up}]
  gateway: {enabled: true, image: "example.org/own-proxy:3", upstreamURL: "http://127.0.0.1:8088/base", resources: {requests: {cpu: 10m}}}
  analytics: {disabled: true}
`,
  shape: (host) => ({
    server: {
      image: 'mirror.example.org/cache/acme/tools/mail:1.2',
      env: [{ name: 'HOST' }, { name: 'REGION', value: 'south' }, { name: 'ZONE', value: 'a' }],
      ports: [{ name: 'http', containerPort: 8088 }],
    },
    proxy: {
      image: 'example.org/own-proxy:3',
      resources: { ...DEFAULT_RESOURCES, requests: { cpu: '10m', memory: '64Mi' } },
    },
    proxyEnv: expect.not.objectContaining({ ANALYTICS_INGEST_URL: expect.anything() }),
    service: { annotations: SCRAPED, spec: { ports: ports(80, 8091, true) } },
    ingress: { annotations: WEB, spec: ingress('traefik', host, 'mail', ['/mail/mcp']) },
  }),
  resolved: (host) => ({
    pullSecrets: PULL_SECRETS,
    ...governed(`http://${host}/mail/mcp`),
    image: 'mirror.example.org/cache/acme/tools/mail:1.2',
    gatewayImage: 'example.org/own-proxy:3',
    publicPath: '/mail/mcp',
    host,
    url: `http://${host}/mail/mcp`,
    ingressClass: 'traefik',
    ingressStrategy: 'traefik',
    upstreamURL: 'http://127.0.0.1:8088/base',
  }),
};

const canary: LegacyManifest = {
  what: 'a server with a canary',
  name: 'search',
  manifest: `${head('search')}
  image: example.org/search:1
  replicas: 5
  ingressHost: HOST
  imagePullSecrets: [own, other]
  rollout: {strategy: Canary, canaryReplicas: 2, maxUnavailable: "1", maxSurge: 50%}
`,
  shape: (host) => ({
    deployment: {
      spec: {
        replicas: 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '50%' } },
        template: { spec: { imagePullSecrets: [{ name: 'own' }, { name: 'other' }] } },
      },
    },
    canary: {
      metadata: { labels: { app: 'search', 'mcpruntime.org/rollout-track': 'canary' } },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'search', 'mcpruntime.org/rollout-track': 'canary' } },
        template: { metadata: { labels: { 'app.kubernetes.io/managed-by': 'mcp-runtime' } } },
      },
    },
    service: { spec: { ports: ports(80, 8088) } },
    ingress: { spec: ingress('traefik', host, 'search', ['/search/mcp']) },
  }),
  resolved: (host) => ({
    pullSecrets: ['own', 'other'],
    image: 'example.org/search:1',
    publicPath: '/search/mcp',
    host,
    url: `http://${host}/search/mcp`,
    ingressClass: 'traefik',
    ingressStrategy: 'traefik',
  }),
};

const pinned: LegacyManifest = {
  what: 'a server by digest, with a path of its own, replaced at once',
  name: 'docs',
  manifest: `${head('docs')}
  image: example.org/docs@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  imageTag: "1"
  ingressHost: HOST
  ingressPath: /library/docs
  ingressClass: istio
  rollout: {strategy: Recreate}
`,
  shape: (host) => ({
    deployment: { spec: { strategy: { type: 'Recreate' } } },
    server: { image: `example.org/docs@sha256:${'0123456789abcdef'.repeat(4)}` },
    ingress: {
      annotations: { 'kubernetes.io/ingress.class': 'istio' },
      spec: ingress('istio', host, 'docs', ['/library/docs']),
    },
  }),
  resolved: (host) => ({
    pullSecrets: PULL_SECRETS,
    image: `example.org/docs@sha256:${'0123456789abcdef'.repeat(4)}`,
    publicPath: '/library/docs',
    host,
    url: `http://${host}/library/docs`,
    ingressClass: 'istio',
    ingressStrategy: 'istio',
  }),
};

const oauth: LegacyManifest = {
  what: 'a server with OAuth, and analytics switched off the older way',
  name: 'crm',
  manifest: `${head('crm')}
  image: example.org/crm:3
  ingressHost: HOST
  auth: {mode: oauth, issuerURL: "https://login.example.org", audience: crm}
  gateway: {enabled: true}
  analytics: {enabled: false}
`,
  shape: (host) => ({
    proxyEnv: expect.not.objectContaining({ ANALYTICS_INGEST_URL: expect.anything() }),
    ingress: {
      spec: ingress('traefik', host, 'crm', ['/crm/mcp', '/.well-known/oauth-protected-resource/crm/mcp']),
    },
  }),
  resolved: (host) => ({
    pullSecrets: PULL_SECRETS,
    ...governed('crm', { auth: { mode: 'oauth' } }),
    image: 'example.org/crm:3',
    gatewayImage: PROXY,
    publicPath: '/crm/mcp',
    host,
    url: `http://${host}/crm/mcp`,
    ingressClass: 'traefik',
    ingressStrategy: 'traefik',
    upstreamURL: 'http://127.0.0.1:8088',
  }),
};

export const LEGACY_MANIFESTS: readonly LegacyManifest[] = [plain, spring, summer, canary, pinned, oauth];
