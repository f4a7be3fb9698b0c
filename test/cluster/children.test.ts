// The children of servers of every shape, as the API server takes and keeps them: nothing of what is rendered is
// refused, forgotten or rewritten, so that a later look at them finds nothing to do.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { FIELD_MANAGERS } from '#api/names.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import { compilePolicy } from '#policy/compile.ts';
import { differences } from '#runtime/kube/difference.ts';
import { cluster } from './harness/cluster.ts';
import { namespace } from './harness/namespace.ts';
import { isKubeObject, type KubeObject } from './harness/objects.ts';
import { pathOf } from './harness/resources.ts';

const world = cluster();
const ns = namespace('children');

type Members = Readonly<Record<string, unknown>>;

const GOVERNED = { gateway: { enabled: true }, auth: { mode: 'header' } };
const GATEWAY = { ingressClass: 'gateway', gatewayRef: { name: 'edge', namespace: 'net' } };

/** Servers that differ in what changes the shape of their children. */
const SHAPES: Readonly<Record<string, Members>> = {
  plain: {},
  governed: GOVERNED,
  oauth: {
    ...GOVERNED,
    auth: { mode: 'oauth', issuerURL: 'https://login.example.org:8443' },
    ingressHost: 'mcp.example.org',
    ingressTLS: { clusterIssuer: 'main' },
    resources: { requests: { cpu: '0.25', memory: '1024Mi' }, limits: { cpu: '1000m', memory: '1.5Gi' } },
    gateway: { enabled: true, resources: { limits: { cpu: '2.50' } } },
  },
  nginx: { ingressClass: 'nginx' },
  istio: { ingressClass: 'istio' },
  other: { ingressClass: 'contour', ingressPath: 'x', imagePullSecrets: ['a', 'a', 'b'] },
  route: { ...GATEWAY, ingressHost: 'mcp.example.org', gatewayRef: { name: 'edge', sectionName: 'https' } },
  weighted: { ...GATEWAY, ...GOVERNED, replicas: 4, rollout: { strategy: 'Canary', canaryReplicas: 1 } },
  canary: { replicas: 4, rollout: { strategy: 'Canary', canaryReplicas: 1, maxSurge: '1' } },
  recreate: { replicas: 2, rollout: { strategy: 'Recreate' }, disruption: { maxUnavailable: '50%' } },
  // Two would have the autoscaler of Kubernetes change the Deployment meanwhile.
  scaled: { autoscaling: { minReplicas: 1, maxReplicas: 4, memoryPercent: 70, cpuPercent: 60 } },
  suspended: { replicas: 3, suspend: true, topologySpread: 'Required' },
  environment: {
    envVars: [
      { name: 'EMPTY', value: '' },
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ],
    secretEnvVars: [{ name: 'SECRET', secretKeyRef: { name: 'own', key: 'key' } }],
  },
  network: {
    ...GOVERNED,
    network: {
      clients: [{ namespace: 'agents' }, { namespace: 'tools', podLabels: { role: 'agent' } }],
      egress: [
        { cidr: '203.0.113.0/24' },
        { cidr: '198.51.100.0/24', ports: [{ port: 53, protocol: 'UDP' }] },
      ],
    },
  },
  template: {
    ...GOVERNED,
    podTemplate: {
      metadata: { labels: { tier: 'demo' }, annotations: { note: 'kept' } },
      spec: {
        serviceAccountName: 'mine',
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'gpu', operator: 'Exists' }],
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } },
              },
            ],
          },
        },
        topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }],
        priorityClassName: 'system-cluster-critical',
        terminationGracePeriodSeconds: 10,
        volumes: [
          { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
          { name: 'settings', configMap: { name: 'settings', items: [{ key: 'a', path: 'a' }] } },
          { name: 'scratch', emptyDir: { sizeLimit: '1024Mi' } },
        ],
        containers: [
          {
            command: ['run'],
            args: ['--port', '8088'],
            envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'own', optional: true } }],
            volumeMounts: [
              { name: 'data', mountPath: '/data' },
              { name: 'scratch', mountPath: '/tmp', subPath: 'a', readOnly: true },
            ],
            startupProbe: { httpGet: { path: '/', port: 8088, httpHeaders: [{ name: 'A', value: 'b' }] } },
            livenessProbe: { exec: { command: ['true'] } },
          },
        ],
      },
    },
  },
};

function serverOf(name: string, spec: Members): McpServer {
  const parsed = parseResource(MCPServer, {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name, namespace: ns },
    spec: { image: 'example.org/server:1', ...spec },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const config = { ...DEFAULT_OPERATOR_CONFIG, gatewayImage: 'example.org/proxy:1' };

function childrenOf(name: string, spec: Members): readonly Manifest[] {
  const server = serverOf(name, spec);
  const inputs = { servers: '1', grants: '1', sessions: '1', tombstones: '0' };
  const compiled = compilePolicy({
    server,
    grants: [],
    sessions: [],
    tombstones: [],
    config,
    inputs,
    epoch: 0,
  });
  return workloadObjects({ server, config, policy: compiled.document });
}

async function applied(object: Manifest): Promise<KubeObject> {
  const path = pathOf(object.kind, ns, object.metadata.name);
  const { status, text } = await world.send(
    `${path}?fieldManager=${FIELD_MANAGERS.operator}&fieldValidation=Strict`,
    {
      method: 'PATCH',
      body: object,
      contentType: 'application/apply-patch+yaml',
    },
  );
  const json: unknown = JSON.parse(text);
  if (status >= 300 || !isKubeObject(json))
    throw new Error(`${object.kind} was answered with ${status}: ${text}`);
  return json;
}

describe.each(Object.entries(SHAPES))('the children of a server: %s', (name, spec) => {
  const children = childrenOf(name, spec);
  const stored: KubeObject[] = [];

  beforeAll(async () => {
    for (const child of children) stored.push(await applied(child));
  });

  it('are stored as they are rendered, so that nothing differs', () => {
    const found = children.map((child, index) => {
      const live = stored[index];
      if (live === undefined || !isKubeObject(child)) throw new Error('nothing was stored');
      return { kind: child.kind, differences: differences(child, live, FIELD_MANAGERS.operator) };
    });
    expect(found).toEqual(children.map(({ kind }) => ({ kind, differences: [] })));
  });

  it('do not change when they are applied again', async () => {
    for (const [index, child] of children.entries()) {
      const { metadata, ...again } = await applied(child);
      const before = stored[index];
      // Controllers write status meanwhile; what was applied has a generation, but for an autoscaler.
      expect(metadata.generation).toBe(before?.metadata.generation);
      expect(again['spec']).toEqual(before?.['spec']);
      if (metadata.generation === undefined && child.kind !== 'HorizontalPodAutoscaler') {
        expect(metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
      }
    }
  });
});
