// The collector of traces. It is in the sentinel's namespace, the one to which every proxy may connect.
import { stringify } from 'yaml';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { NAMESPACES } from '#api/names.ts';
import { addDeploymentObject } from '#constructs/kit/deployment.ts';
import {
  IntOrString,
  KubeConfigMap,
  KubeNetworkPolicy,
  KubeService,
  KubeServiceAccount,
  type Container,
} from '#constructs/kit/kubernetes.ts';
import { policyPort } from '#constructs/kit/network.ts';
import { apart, resourcesOf } from '#constructs/kit/pods.ts';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import type { CollectorSettings } from './collector-settings.ts';

/** Name that installations of the Go system know. */
export const COLLECTOR = 'otel-collector';

export const COLLECTOR_PORT = 4318;

const SELECTOR: Readonly<Record<string, string>> = { [LABELS.name]: COLLECTOR };
const FOLDER = '/etc/otel-collector';
const FILE = 'config.yaml';
const AUTHORIZATION = 'OTLP_AUTHORIZATION';

const RESOURCES = {
  requests: { cpu: '50m', memory: '128Mi' },
  limits: { cpu: '500m', memory: '512Mi' },
};

const metadata = () => ({
  name: COLLECTOR,
  namespace: NAMESPACES.sentinel,
  labels: { [LABELS.partOf]: PLATFORM, ...SELECTOR },
});

/** Where proxies send their spans: `config.gatewayOtlpEndpoint` of the platform. */
export function collectorEndpoint(clusterDomain: string): string {
  return `http://${COLLECTOR}.${NAMESPACES.sentinel}.svc.${clusterDomain}:${COLLECTOR_PORT}`;
}

/** The collector's own configuration. It refuses spans before it runs out of memory. */
export function collectorConfig({ endpoint, authorizationSecret }: CollectorSettings): object {
  const headers = { authorization: `\${env:${AUTHORIZATION}}` };
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `0.0.0.0:${COLLECTOR_PORT}` } } } },
    processors: {
      memory_limiter: { check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 20 },
      batch: { send_batch_size: 1024, send_batch_max_size: 2048 },
    },
    exporters: { otlphttp: { endpoint, ...(authorizationSecret !== undefined && { headers }) } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['otlphttp'] },
      },
    },
  };
}

function container({ image, authorizationSecret }: CollectorSettings): Container {
  const port = IntOrString.fromString('otlp-http');
  const env = authorizationSecret && [
    {
      name: AUTHORIZATION,
      valueFrom: { secretKeyRef: { name: authorizationSecret.secretName, key: authorizationSecret.key } },
    },
  ];
  return {
    name: COLLECTOR,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: [`--config=${FOLDER}/${FILE}`],
    env,
    ports: [{ name: 'otlp-http', containerPort: COLLECTOR_PORT }],
    resources: resourcesOf(RESOURCES),
    volumeMounts: [{ name: 'config', mountPath: FOLDER, readOnly: true }],
    securityContext: containerSecurity(),
    livenessProbe: { tcpSocket: { port }, periodSeconds: 20 },
    readinessProbe: { tcpSocket: { port }, periodSeconds: 5 },
  };
}

/** Spans come from the pods of servers alone, and go out by name to one port. */
function addNetworkPolicy(scope: Construct, { endpoint }: CollectorSettings): void {
  const pods = { namespaceSelector: {}, podSelector: { matchLabels: { [LABELS.managedBy]: PLATFORM } } };
  const { port, protocol } = new URL(endpoint);
  const standard = protocol === 'https:' ? 443 : 80;
  new KubeNetworkPolicy(scope, 'collector-network-policy', {
    metadata: metadata(),
    spec: {
      podSelector: { matchLabels: { ...SELECTOR } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [pods], ports: [policyPort(COLLECTOR_PORT)] }],
      egress: [
        { ports: [policyPort(53, 'UDP'), policyPort(53)] },
        { ports: [policyPort(port === '' ? standard : Number(port))] },
      ],
    },
  });
}

function addDeployment(scope: Construct, settings: CollectorSettings): void {
  addDeploymentObject(scope, 'collector-deployment', {
    metadata: metadata(),
    spec: {
      replicas: settings.replicas,
      selector: { matchLabels: { ...SELECTOR } },
      template: {
        metadata: { labels: { ...metadata().labels } },
        spec: {
          serviceAccountName: COLLECTOR,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(),
          ...apart(SELECTOR),
          containers: [container(settings)],
          volumes: [{ name: 'config', configMap: { name: COLLECTOR } }],
        },
      },
    },
  });
}

export function addCollector(scope: Construct, settings: CollectorSettings): void {
  new KubeServiceAccount(scope, 'collector-account', {
    metadata: metadata(),
    automountServiceAccountToken: false,
  });
  const data = { [FILE]: stringify(collectorConfig(settings), { lineWidth: 0 }) };
  new KubeConfigMap(scope, 'collector-config', { metadata: metadata(), data });
  addNetworkPolicy(scope, settings);
  const targetPort = IntOrString.fromString('otlp-http');
  new KubeService(scope, 'collector-service', {
    metadata: metadata(),
    spec: {
      type: 'ClusterIP',
      selector: { ...SELECTOR },
      ports: [{ name: 'otlp-http', port: COLLECTOR_PORT, targetPort }],
    },
  });
  addDeployment(scope, settings);
}
