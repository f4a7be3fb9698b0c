// What a server gets beside its pods and its Service: who may connect, who the pods are, and what an author may set of
// them. Each feature leaves nothing behind when it is switched off.
import { describe, expect, it } from '@jest/globals';
import { cluster } from './harness/cluster.ts';
import { COLLECTED, until } from './harness/eventually.ts';
import { aServer, becomes, goes, make, messageOf, phaseOf } from './harness/builders.ts';
import { namespace } from './harness/namespace.ts';
import { at, byName, conditionLine, items, type KubeObject } from './harness/objects.ts';
import type { Kind } from './harness/resources.ts';

const world = cluster();
const ns = namespace('features');

const patchServer = (name: string, spec: object) => world.patch('MCPServer', name, ns, { spec });
const podOf = (deployment: KubeObject) => at(deployment, 'spec', 'template', 'spec');

describe('the network policy of a server', () => {
  it('lets calls in by the proxy alone, and out where the author says', async () => {
    await make(
      aServer(ns, 'closed', {
        gateway: { enabled: true },
        auth: { mode: 'oauth', issuerURL: 'https://login.example.org:8443' },
        externalURL: 'https://mcp.example.org/closed/mcp',
        network: {
          clients: [{ namespace: 'agents' }, { namespace: 'tools', podLabels: { role: 'agent' } }],
          egress: [{ cidr: '203.0.113.0/24', ports: [{ port: 5432 }] }, { cidr: '198.51.100.7/32' }],
        },
      }),
    );
    const policy = await becomes('NetworkPolicy', ns, 'closed-gateway', ({ kind }) => kind, 'NetworkPolicy');
    expect(at(policy, 'spec', 'policyTypes')).toEqual(['Ingress', 'Egress']);
    expect(at(policy, 'spec', 'podSelector', 'matchLabels', 'app')).toBe('closed');
    const ports = (rule: unknown) => items(rule, 'ports').map((port) => at(port, 'port'));
    expect(items(policy, 'spec', 'ingress').map(ports)).toEqual([[8091], [9103], [9104]]);
    const callers = items(policy, 'spec', 'ingress', 0, 'from').map(
      (from) =>
        at(from, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name') ??
        at(from, 'podSelector', 'matchLabels', 'app'),
    );
    expect(callers).toEqual(['traefik', 'agents', 'tools', 'closed']);
    expect(at(policy, 'spec', 'ingress', 0, 'from', 2, 'podSelector', 'matchLabels')).toEqual({
      role: 'agent',
    });

    const ways = items(policy, 'spec', 'egress');
    const declared = ways.filter((rule) => at(rule, 'to', 0, 'ipBlock') !== undefined);
    expect(declared.map((rule) => [at(rule, 'to', 0, 'ipBlock', 'cidr'), ports(rule)])).toEqual([
      ['203.0.113.0/24', [5432]],
      ['198.51.100.7/32', []],
    ]);
    // DNS and the issuer are names, so their ports are open to any address; nothing else is.
    const anywhere = ways.filter((rule) => items(rule, 'to').length === 0);
    expect(anywhere.map(ports)).toEqual([[53, 53], [8443]]);
  });

  it('follows the spec, and is not there without a proxy', async () => {
    await make(aServer(ns, 'opened', { gateway: { enabled: true } }));
    const blocks = (policy: KubeObject) =>
      items(policy, 'spec', 'egress').flatMap((rule) => at(rule, 'to', 0, 'ipBlock', 'cidr') ?? []);
    await becomes('NetworkPolicy', ns, 'opened-gateway', blocks, []);
    await patchServer('opened', { network: { egress: [{ cidr: '192.0.2.0/24' }] } });
    await becomes('NetworkPolicy', ns, 'opened-gateway', blocks, ['192.0.2.0/24']);
    await patchServer('opened', { gateway: { enabled: false } });
    await goes('NetworkPolicy', ns, 'opened-gateway');
  });
});

describe('the pods of a server', () => {
  it('are a service account of its own, whose token nothing gets unasked', async () => {
    await make(aServer(ns, 'one', { gateway: { enabled: true } }), aServer(ns, 'two'));
    for (const name of ['one', 'two']) {
      const account = await becomes('ServiceAccount', ns, name, ({ kind }) => kind, 'ServiceAccount');
      expect(at(account, 'automountServiceAccountToken')).toBe(false);
      const pod = podOf(await becomes('Deployment', ns, name, ({ kind }) => kind, 'Deployment'));
      expect([at(pod, 'serviceAccountName'), at(pod, 'automountServiceAccountToken')]).toEqual([name, false]);
    }
    // The proxy has its tokens by a volume; the server has none.
    const pod = podOf(await world.must('Deployment', 'one', ns));
    const mounts = (container: string) =>
      items(byName(items(pod, 'containers'), container), 'volumeMounts').map((mount) => at(mount, 'name'));
    expect(mounts('mcp-gateway')).toContain('gateway-identity');
    expect(mounts('one')).toEqual([]);
  });

  it('are another account when the author names one, and the one of their own goes', async () => {
    await make(aServer(ns, 'moved'));
    await becomes('ServiceAccount', ns, 'moved', ({ kind }) => kind, 'ServiceAccount');
    await patchServer('moved', { podTemplate: { spec: { serviceAccountName: 'default' } } });
    const account = (deployment: KubeObject) => at(podOf(deployment), 'serviceAccountName');
    await becomes('Deployment', ns, 'moved', account, 'default');
    await goes('ServiceAccount', ns, 'moved');
  });

  it('have what the author adds, beside ours', async () => {
    await make(
      aServer(ns, 'own', {
        gateway: { enabled: true },
        podTemplate: {
          metadata: { labels: { tier: 'demo', app: 'stolen' }, annotations: { note: 'kept' } },
          spec: {
            serviceAccountName: 'mine',
            nodeSelector: { disk: 'ssd' },
            tolerations: [{ key: 'gpu', operator: 'Exists' }],
            topologySpreadConstraints: [
              { maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway' },
            ],
            volumes: [{ name: 'data', emptyDir: {} }],
            containers: [
              {
                command: ['serve'],
                args: ['--fast'],
                envFrom: [{ secretRef: { name: 'settings', optional: true } }],
                volumeMounts: [{ name: 'data', mountPath: '/data' }],
                startupProbe: { httpGet: { path: '/started', port: 8088 } },
              },
            ],
          },
        },
      }),
    );
    const deployment = await becomes('Deployment', ns, 'own', ({ kind }) => kind, 'Deployment');
    const template = at(deployment, 'spec', 'template');
    expect(at(template, 'metadata', 'labels', 'tier')).toBe('demo');
    expect(at(template, 'metadata', 'labels', 'app')).toBe('own');
    expect(at(template, 'metadata', 'annotations', 'note')).toBe('kept');
    const pod = podOf(deployment);
    expect(at(pod, 'serviceAccountName')).toBe('mine');
    expect(at(pod, 'nodeSelector')).toEqual({ disk: 'ssd' });
    expect(items(pod, 'topologySpreadConstraints').map((each) => at(each, 'topologyKey'))).toEqual(['rack']);
    expect(items(pod, 'volumes').map((volume) => at(volume, 'name'))).toEqual(
      expect.arrayContaining(['data', 'gateway-policy', 'gateway-identity']),
    );
    const container = byName(items(pod, 'containers'), 'own');
    expect(at(container, 'command')).toEqual(['serve']);
    expect(at(container, 'startupProbe', 'httpGet', 'path')).toBe('/started');
    expect(items(container, 'volumeMounts').map((mount) => at(mount, 'mountPath'))).toEqual(['/data']);
    expect(at(container, 'securityContext', 'allowPrivilegeEscalation')).toBe(false);
    // No account is made where the author names his own, and what has no effect is told.
    expect(await world.get('ServiceAccount', 'own', ns)).toBeUndefined();
    const server = await becomes(
      'MCPServer',
      ns,
      'own',
      (object) => conditionLine(object, 'SpecHonoured'),
      'False PartlyIgnored',
    );
    expect(messageOf(server, 'SpecHonoured')).toContain('spec.podTemplate.metadata.labels.app');
  });

  it.each<[string, object]>([
    ['spec.podTemplate.spec.hostNetwork', { spec: { hostNetwork: true } }],
    ['spec.podTemplate.spec.securityContext', { spec: { securityContext: { runAsUser: 0 } } }],
    ['spec.podTemplate.spec.initContainers', { spec: { initContainers: [{ name: 'a', image: 'b' }] } }],
    [
      'spec.podTemplate.spec.volumes[0].hostPath',
      { spec: { volumes: [{ name: 'data', hostPath: { path: '/' } }] } },
    ],
    [
      'spec.podTemplate.spec.containers[0].securityContext',
      { spec: { containers: [{ securityContext: { privileged: true } }] } },
    ],
    ['spec.podTemplate.spec.containers[0].lifecycle', { spec: { containers: [{ lifecycle: {} }] } }],
    ['spec.podTemplate.spec.containers', { spec: { containers: [{ args: ['a'] }, { args: ['b'] }] } }],
    [
      'spec.podTemplate.spec.containers',
      { spec: { containers: [{ volumeMounts: [{ name: 'gateway-identity', mountPath: '/stolen' }] }] } },
    ],
    ['spec.podTemplate.spec.volumes', { spec: { volumes: [{ name: 'gateway-policy', emptyDir: {} }] } }],
  ])('can not be told what would weaken them: %s', async (path, podTemplate) => {
    const refused = await world.apply(aServer(ns, 'refused', { podTemplate }), { allowFailure: true });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(path);
    expect(await world.get('MCPServer', 'refused', ns)).toBeUndefined();
  });
});

describe('what a server no longer asks for', () => {
  /** Names of all that a server owns and that is not a pod's, by kind. */
  async function childrenOf(server: string): Promise<readonly string[]> {
    const kinds: readonly Kind[] = [
      'ConfigMap',
      'ControllerRevision',
      'Deployment',
      'HTTPRoute',
      'HorizontalPodAutoscaler',
      'Ingress',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'ServiceAccount',
    ];
    const lists = await Promise.all(kinds.map((kind) => world.list(kind, ns, `app=${server}`)));
    return kinds.flatMap((kind, index) =>
      (lists[index] ?? []).map(({ metadata }) => `${kind} ${metadata.name}`),
    );
  }

  const childrenAre = (server: string, ...wanted: readonly string[]) =>
    until(
      `${server} has ${wanted.join(', ')}`,
      () => childrenOf(server),
      (found) => JSON.stringify(found) === JSON.stringify(wanted),
      COLLECTED,
    );

  const PLAIN = (name: string) => [
    `Deployment ${name}`,
    `Ingress ${name}`,
    `Service ${name}`,
    `ServiceAccount ${name}`,
  ];

  it('goes, feature by feature, and nothing else does', async () => {
    await make(
      aServer(ns, 'much', { gateway: { enabled: true }, autoscaling: { minReplicas: 2, maxReplicas: 3 } }),
    );
    const [deployment, ingress, service, account] = PLAIN('much');
    const all = ['ConfigMap much-gateway-policy', deployment, 'HorizontalPodAutoscaler much', ingress];
    const rest = ['NetworkPolicy much-gateway', 'PodDisruptionBudget much', service, account];
    await childrenAre('much', ...all.concat(rest).flatMap((name) => name ?? []));
    const { uid } = (await world.must('Deployment', 'much', ns)).metadata;
    await patchServer('much', { autoscaling: null, gateway: null });
    await childrenAre('much', ...PLAIN('much'));
    expect((await world.must('Deployment', 'much', ns)).metadata.uid).toBe(uid);
    await becomes('MCPServer', ns, 'much', (server) => phaseOf(server) !== 'behind', true);
  });

  it('goes when a route becomes one of another kind, and its Services with it', async () => {
    const gateway = { ingressClass: 'gateway', gatewayRef: { name: 'edge', namespace: 'net' } };
    const canary = { replicas: 2, rollout: { strategy: 'Canary', canaryReplicas: 1 } };
    await make(aServer(ns, 'routed', { ...gateway, ...canary }));
    const revision = await becomes(
      'MCPServer',
      ns,
      'routed',
      (server) => typeof at(server, 'status', 'rollout', 'stableRevision'),
      'string',
    );
    const record = `ControllerRevision routed-${String(at(revision, 'status', 'rollout', 'stableRevision'))}`;
    const deployments = ['Deployment routed', 'Deployment routed-canary'];
    const budget = 'PodDisruptionBudget routed';
    await childrenAre(
      'routed',
      ...[record, ...deployments, 'HTTPRoute routed', budget, 'Service routed'],
      ...['Service routed-canary', 'Service routed-stable', 'ServiceAccount routed'],
    );
    await patchServer('routed', { ingressClass: 'traefik', gatewayRef: null });
    await childrenAre(
      'routed',
      ...[record, ...deployments, 'Ingress routed', budget, 'Service routed', 'ServiceAccount routed'],
    );
    await patchServer('routed', { replicas: 1, rollout: null });
    await childrenAre('routed', ...PLAIN('routed'));
  });

  it('stays where it is somebody else’s, whatever its name and labels', async () => {
    const labels = { app: 'guest', 'app.kubernetes.io/managed-by': 'mcp-runtime' };
    const theirs: KubeObject = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'guest-own', namespace: ns, labels },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'guest' } } },
    };
    await make(theirs, aServer(ns, 'guest', { replicas: 2 }));
    await becomes('PodDisruptionBudget', ns, 'guest', ({ kind }) => kind, 'PodDisruptionBudget');
    await patchServer('guest', { replicas: 1 });
    await goes('PodDisruptionBudget', ns, 'guest');
    expect(
      (await world.must('PodDisruptionBudget', 'guest-own', ns)).metadata.deletionTimestamp,
    ).toBeUndefined();
  });

  it('goes with the server, all of it, by garbage collection', async () => {
    await make(aServer(ns, 'whole', { gateway: { enabled: true }, replicas: 2 }));
    await becomes('PodDisruptionBudget', ns, 'whole', ({ kind }) => kind, 'PodDisruptionBudget');
    const server = await world.must('MCPServer', 'whole', ns);
    expect(items(server, 'metadata', 'finalizers')).toEqual([]);
    await world.kubectl(['delete', 'mcpserver', 'whole', '-n', ns]);
    await childrenAre('whole');
    await until(
      'no pod is left',
      () => world.list('Pod', ns, 'app=whole'),
      (pods) => pods.length === 0,
      COLLECTED,
    );
  });
});
