// Manifests as installations of the Go system have them, and the serving shape that its operator gave them: names,
// labels, selectors, ports, environment and route. Clients, monitoring and other manifests rely on these.
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { MCPServer } from '#api/mcp-server.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import { CONFIG, containerOf, deploymentsOf, ofKind } from './workload-build.ts';

const HEAD = 'apiVersion: mcpruntime.org/v1alpha1\nkind: MCPServer\n';

function applied(yaml: string, config: Partial<OperatorConfig> = {}): readonly Manifest[] {
  const server = parseResource(MCPServer, parse(`${HEAD}${yaml}`));
  if (!server.ok) throw new Error(JSON.stringify(server.error));
  return workloadObjects({ server: server.value, config: { ...CONFIG, ...config } });
}

function one(objects: readonly Manifest[], kind: string): Manifest {
  const [first, second] = ofKind(objects, kind);
  if (first === undefined || second !== undefined) throw new Error(`there is not one ${kind}`);
  return first;
}

const PLAIN = `
metadata: {name: weather, namespace: mcp-servers}
spec:
  image: registry.example.org/weather
  imageTag: "1.4"
  port: 3000
  ingressHost: mcp.example.org
  envVars: [{name: UNITS, value: metric}]
  secretEnvVars: [{name: API_KEY, secretKeyRef: {name: weather, key: api-key}}]
`;

describe('a server without a gateway', () => {
  const objects = applied(PLAIN);

  it('has a Deployment with its labels, selector and container', () => {
    const [deployment] = deploymentsOf(objects);
    expect(deployment).toMatchObject({
      metadata: {
        name: 'weather',
        labels: {
          app: 'weather',
          'app.kubernetes.io/managed-by': 'mcp-runtime',
          'mcpruntime.org/rollout-track': 'stable',
        },
      },
      spec: {
        selector: { matchLabels: { app: 'weather', 'mcpruntime.org/rollout-track': 'stable' } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    });
    expect(containerOf(objects, 'weather')).toMatchObject({
      image: 'registry.example.org/weather:1.4',
      imagePullPolicy: 'IfNotPresent',
      ports: [{ name: 'http', containerPort: 3000 }],
      env: [
        { name: 'UNITS', value: 'metric' },
        { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'weather', key: 'api-key' } } },
      ],
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
      livenessProbe: { tcpSocket: { port: 3000 }, initialDelaySeconds: 5, periodSeconds: 10 },
      readinessProbe: { tcpSocket: { port: 3000 }, initialDelaySeconds: 3, periodSeconds: 5 },
      securityContext: {
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
        readOnlyRootFilesystem: false,
        capabilities: { drop: ['ALL'] },
      },
    });
    expect(deployment?.spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    });
  });

  it('has a Service that selects its pods and leads to its port', () => {
    const service = one(objects, 'Service');
    expect(service).toMatchObject({
      metadata: {
        name: 'weather',
        labels: { app: 'weather', 'app.kubernetes.io/managed-by': 'mcp-runtime' },
      },
      spec: {
        type: 'ClusterIP',
        selector: { app: 'weather', 'app.kubernetes.io/managed-by': 'mcp-runtime' },
        ports: [{ name: 'http', port: 80, targetPort: 3000 }],
      },
    });
    expect(service.metadata.annotations).toBeUndefined();
  });

  it('has an Ingress with its host, its path and what Traefik is told', () => {
    expect(one(objects, 'Ingress')).toMatchObject({
      metadata: {
        name: 'weather',
        annotations: { 'traefik.ingress.kubernetes.io/router.entrypoints': 'web' },
      },
      spec: {
        rules: [
          {
            host: 'mcp.example.org',
            http: {
              paths: [
                {
                  path: '/weather/mcp',
                  pathType: 'Prefix',
                  backend: { service: { name: 'weather', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    });
  });
});

const GOVERNED = `
metadata: {name: payments, namespace: mcp-team-finance}
spec:
  teamID: finance
  image: localhost:5000/payments:v2
  useProvisionedRegistry: true
  port: 8088
  servicePort: 8080
  publicPathPrefix: finance/payments
  ingressHost: mcp.example.org
  ingressClass: nginx
  ingressAnnotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"}
  tools: [{name: list_invoices, sideEffect: read}]
  auth: {mode: header}
  gateway: {enabled: true, port: 8092, stripPrefix: /finance/payments}
  analytics:
    ingestURL: http://ingest.example.org/events
    apiKeySecretRef: {name: ingest, key: API_KEY}
  resources: {limits: {memory: 1Gi}}
`;

describe('a server with a gateway', () => {
  const objects = applied(GOVERNED, {
    provisionedRegistryUrl: 'registry.internal:5000',
    provisionedPullSecret: 'mcp-runtime-registry-pull',
    gatewayOtlpEndpoint: 'http://otel.example.org:4318',
    clusterName: 'east',
  });
  const proxy = containerOf(objects, 'mcp-gateway');

  it('has the proxy beside its container, with the names and ports that tools look for', () => {
    expect(proxy).toMatchObject({
      image: CONFIG.gatewayImage,
      imagePullPolicy: 'IfNotPresent',
      ports: [
        { name: 'gateway', containerPort: 8092 },
        { name: 'metrics', containerPort: 9103 },
        { name: 'peers', containerPort: 9104 },
      ],
      readinessProbe: { httpGet: { path: '/ready' }, initialDelaySeconds: 3, periodSeconds: 5 },
      securityContext: { readOnlyRootFilesystem: true },
    });
    expect(proxy.volumeMounts).toContainEqual({
      name: 'gateway-policy',
      mountPath: '/var/run/mcp-runtime/policy',
      readOnly: true,
    });
    const [deployment] = deploymentsOf(objects);
    expect(deployment?.spec.template.spec.volumes).toContainEqual({
      name: 'gateway-policy',
      configMap: { name: 'payments-gateway-policy' },
    });
  });

  it('tells the proxy what it was told', () => {
    const expected = {
      PORT: '8092',
      METRICS_PORT: '9103',
      UPSTREAM_URL: 'http://127.0.0.1:8088',
      POLICY_FILE: '/var/run/mcp-runtime/policy/policy.json',
      MCP_SERVER_NAME: 'payments',
      MCP_SERVER_NAMESPACE: 'mcp-team-finance',
      MCP_CLUSTER_NAME: 'east',
      OTEL_SERVICE_NAME: 'payments-gateway',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.example.org:4318',
      STRIP_PREFIX: '/finance/payments',
      ANALYTICS_INGEST_URL: 'http://ingest.example.org/events',
      ANALYTICS_SOURCE: 'payments-gateway',
      ANALYTICS_EVENT_TYPE: 'mcp.request',
    };
    const values = Object.fromEntries(proxy.env.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject(expected);
    expect(proxy.env).toContainEqual({
      name: 'ANALYTICS_API_KEY',
      valueFrom: { secretKeyRef: { name: 'ingest', key: 'API_KEY' } },
    });
  });

  it('comes from the registry of the platform, with its pull secret and its own bounds', () => {
    expect(containerOf(objects, 'payments')).toMatchObject({
      image: 'registry.internal:5000/payments:v2',
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '1Gi' } },
    });
    const [deployment] = deploymentsOf(objects);
    expect(deployment?.spec.template.spec['imagePullSecrets']).toEqual([
      { name: 'mcp-runtime-registry-pull' },
    ]);
  });

  it('has a Service that leads to the proxy and is scraped', () => {
    expect(one(objects, 'Service')).toMatchObject({
      metadata: {
        annotations: {
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': '9103',
          'prometheus.io/path': '/metrics',
        },
      },
      spec: {
        ports: [
          { name: 'http', port: 8080, targetPort: 8092 },
          { name: 'metrics', port: 9103, targetPort: 9103 },
        ],
      },
    });
  });

  it('has an Ingress of its class, with the annotations of its author', () => {
    const ingress = one(objects, 'Ingress');
    expect(ingress.metadata.annotations).toEqual({
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600',
      'nginx.ingress.kubernetes.io/ssl-redirect': 'false',
    });
    expect(JSON.stringify(ingress)).toContain('"path":"/finance/payments/mcp"');
    expect(JSON.stringify(ingress)).toContain('"number":8080');
  });
});

const CANARY = `
metadata: {name: search, namespace: mcp-servers}
spec:
  image: example.org/search:1
  replicas: 5
  rollout: {strategy: Canary, canaryReplicas: 2, maxUnavailable: "1", maxSurge: 50%}
`;

describe('a server with a canary', () => {
  const objects = applied(CANARY, { ingressHost: 'mcp.example.org' });

  it('has two Deployments behind one Service', () => {
    expect(deploymentsOf(objects)).toMatchObject([
      {
        metadata: { name: 'search' },
        spec: { replicas: 3, strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: '50%' } } },
      },
      {
        metadata: { name: 'search-canary', labels: { 'mcpruntime.org/rollout-track': 'canary' } },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'search', 'mcpruntime.org/rollout-track': 'canary' } },
        },
      },
    ]);
    const { selector } = z
      .object({ spec: z.looseObject({ selector: z.record(z.string(), z.string()) }) })
      .parse(one(objects, 'Service')).spec;
    for (const { spec } of deploymentsOf(objects))
      expect(spec.template.metadata.labels).toMatchObject(selector);
  });

  it('is on the host of the installation', () => {
    expect(one(objects, 'Ingress')).toMatchObject({ spec: { rules: [{ host: 'mcp.example.org' }] } });
  });
});
