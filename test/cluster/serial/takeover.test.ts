// A cluster that the Go system ran until now: its operator is gone, its objects are there. Ours takes them over in
// place, so that nothing is deleted and made again, and what nobody wants any more goes.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isLogged } from '../harness/calm.ts';
import { cluster } from '../harness/cluster.ts';
import { eventually, stays } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at, byName, conditionOf, items, type KubeObject } from '../harness/objects.ts';
import {
  GO_MANAGER,
  goDeployment,
  goIngress,
  goPolicy,
  goService,
  goServiceAccount,
  goStatus,
  type GoServer,
} from './go-operator.ts';

const world = cluster();
const ns = namespace('takeover');
/** Seven servers at once, on a machine that may have other things to do. */
const PATIENCE = { timeoutMs: 60_000 };
const QUIET = { forMs: 2_000 };
const host = `${ns}.example.org`;

interface Seed {
  readonly spec?: object;
  readonly children: (server: GoServer) => readonly KubeObject[];
}

/** An object that a watch of the platform's label does not show. */
function withoutLabels({ metadata, ...rest }: KubeObject): KubeObject {
  return { ...rest, metadata: { ...metadata, labels: {} } };
}

const CANARY = { replicas: 4, rollout: { strategy: 'Canary', canaryReplicas: 1 } };

/** Servers as the Go system left them; a child whose feature is off now is one that nobody has cleaned up. */
const SEEDS: Readonly<Record<string, Seed>> = {
  plain: { children: (server) => [goDeployment(server), goService(server), goIngress(server)] },
  governed: {
    spec: { gateway: { enabled: true } },
    children: (server) => [
      goPolicy(server),
      goDeployment(server, { gateway: true }),
      goService(server, { gateway: true }),
      goIngress(server),
    ],
  },
  'switched-off': {
    children: (server) => [
      goPolicy(server),
      goDeployment(server, { gateway: true }),
      goService(server, { gateway: true }),
      goIngress(server, { 'traefik.ingress.kubernetes.io/router.priority': '7' }),
    ],
  },
  // Its operator removed the sidecar and forgot the annotations.
  scraped: {
    children: (server) => [
      goDeployment(server),
      goService(server, { scraped: true }),
      withoutLabels(goIngress(server)),
    ],
  },
  canary: {
    spec: CANARY,
    children: (server) => [
      goDeployment(server, { replicas: 3 }),
      goDeployment(server, { replicas: 1, track: 'canary' }),
      goService(server),
      goIngress(server),
    ],
  },
  'former-canary': {
    spec: { replicas: 4 },
    children: (server) => [
      goDeployment(server, { replicas: 3 }),
      goDeployment(server, { replicas: 1, track: 'canary' }),
      goService(server),
      goIngress(server),
    ],
  },
  touched: { children: (server) => [goDeployment(server), goService(server), goIngress(server)] },
};

/** Objects as they were before our operator came, by kind and name. */
const before = new Map<string, KubeObject>();
let mark: Mark | undefined;

async function seed(name: string, { spec = {}, children }: Seed): Promise<void> {
  const image = `example.org/${name}:1`;
  await world.apply({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name, namespace: ns },
    spec: { image, ingressHost: host, envVars: [{ name: 'KEPT', value: '1' }], ...spec },
  });
  const server = await world.must('MCPServer', name, ns);
  const { status: answer } = await world.replace(
    { ...server, status: goStatus() },
    { subresource: 'status', query: `?fieldManager=${GO_MANAGER}` },
  );
  expect(answer).toBe(200);
  for (const child of children({ name, namespace: ns, uid: server.metadata.uid ?? '', host, image })) {
    const { status, text } = await world.create(child, { query: `?fieldManager=${GO_MANAGER}` });
    if (status !== 201) throw new Error(text);
  }
}

/** What other people and programs did to the objects of `touched`. */
async function touch(): Promise<void> {
  const annotate = ['annotate', '-n', ns];
  await world.kubectl([...annotate, 'deployment/touched', 'example.org/note=mine']);
  await world.kubectl([...annotate, 'service/touched', 'example.org/note=mine']);
  await world.kubectl([...annotate, 'ingress/touched', 'example.org/note=mine']);
  await world.kubectl(['label', '-n', ns, 'service/touched', 'example.org/team=ours']);
  await world.kubectl(['rollout', 'restart', '-n', ns, 'deployment/touched']);
  // As an autoscaler does.
  const scale = { spec: { replicas: 3 } };
  await world.patch('Deployment', 'touched', ns, scale, { subresource: 'scale', manager: 'autoscaler' });
}

async function remember(): Promise<void> {
  for (const kind of ['Deployment', 'Service', 'Ingress', 'ConfigMap', 'ReplicaSet']) {
    for (const object of await world.list(kind, ns)) before.set(`${kind} ${object.metadata.name}`, object);
  }
}

const settled = (name: string): Promise<KubeObject> =>
  eventually(
    `${name} runs under our operator`,
    async () => {
      const server = await world.must('MCPServer', name, ns);
      expect(at(server, 'status', 'observedGeneration')).toBe(server.metadata.generation);
      expect(conditionOf(server, 'DeploymentReady')).toMatchObject({ status: 'True' });
      return server;
    },
    PATIENCE,
  );

beforeAll(async () => {
  await world.operators.stopAll();
  expect((await world.create(goServiceAccount(ns))).status).toBe(201);
  for (const [name, each] of Object.entries(SEEDS)) await seed(name, each);
  await touch();
  await eventually(
    'the pods of all run',
    async () =>
      (await world.list('Deployment', ns)).every(
        (each) => at(each, 'status', 'availableReplicas') === at(each, 'spec', 'replicas'),
      ),
    PATIENCE,
  );
  await remember();
  mark = world.audit.mark();
  await world.operators.reset();
  await Promise.all(Object.keys(SEEDS).map(settled));
});

afterAll(async () => {
  await world.operators.reset();
});

const containers = (deployment: unknown) => items(deployment, 'spec', 'template', 'spec', 'containers');
const namesOf = (list: readonly unknown[]) => list.map((each) => at(each, 'name'));

describe('objects of the Go system', () => {
  const kept = Object.keys(SEEDS).flatMap((name) =>
    ['Deployment', 'Service', 'Ingress'].map((kind) => ({ kind, name })),
  );

  it.each([
    ...kept,
    { kind: 'Deployment', name: 'canary-canary' },
    { kind: 'ConfigMap', name: 'governed-gateway-policy' },
  ])('stay the objects that they were: $kind $name', async ({ kind, name }) => {
    const was = before.get(`${kind} ${name}`);
    const is = await world.must(kind, name, ns);
    expect(is.metadata.uid).toBe(was?.metadata.uid);
    expect(at(is, 'spec', 'selector')).toEqual(at(was, 'spec', 'selector'));
    expect(at(is, 'spec', 'clusterIP')).toEqual(at(was, 'spec', 'clusterIP'));
    expect(is.metadata.ownerReferences).toEqual(was?.metadata.ownerReferences);
  });

  it.each(kept)('belong to our operator now, by server-side apply: $kind $name', async ({ kind, name }) => {
    await eventually('it is ours', async () => {
      const { metadata } = await world.must(kind, name, ns);
      const own = (metadata.managedFields ?? [])
        .filter(({ subresource }) => subresource === undefined)
        .filter(({ manager }) => manager === GO_MANAGER || manager === 'mcp-runtime-operator');
      expect(own.map(({ manager, operation }) => [manager, operation])).toEqual([
        ['mcp-runtime-operator', 'Apply'],
      ]);
      return true;
    });
  });

  it('are deleted only where nobody wants them any more', async () => {
    // A cache that is behind may have one asked for again, which deletes nothing.
    const deleted = () =>
      world.audit
        .read({ user: world.operatorUser, namespace: ns, verbs: ['delete'], writes: true, since: mark })
        .map(({ resource, name }) => `${resource} ${name ?? ''}`)
        .toSorted();
    await isLogged('what was deleted', deleted, [
      'configmaps switched-off-gateway-policy',
      'deployments former-canary-canary',
    ]);
  });

  it('are taken over once: after that nothing is written', async () => {
    const writesSince = (since: Mark) =>
      world.audit
        .read({ user: world.operatorUser, namespace: ns, writes: true, since })
        .filter(({ resource }) => resource !== 'events');
    const isQuiet = async () => {
      const since = world.audit.mark();
      await stays('nothing is written', () => Promise.resolve(writesSince(since).length === 0), QUIET);
      return true;
    };
    await eventually('the operator has nothing to write', isQuiet, PATIENCE);
    const since = world.audit.mark();
    for (const name of Object.keys(SEEDS)) {
      await world.kubectl(['annotate', '-n', ns, `mcpserver/${name}`, 'example.org/look=again']);
    }
    await stays('nothing is written', () => Promise.resolve(writesSince(since).length === 0), QUIET);
  });
});

describe('a server that was governed and still is', () => {
  it('has our proxy with nothing of the older one', async () => {
    const deployment = await world.must('Deployment', 'governed', ns);
    expect(namesOf(containers(deployment))).toEqual(['governed', 'mcp-gateway']);
    const proxy = byName(containers(deployment), 'mcp-gateway');
    expect(at(proxy, 'image')).toBe('registry.example.org/mcp-runtime/proxy:1.0.0');
    const env = namesOf(items(proxy, 'env'));
    expect(env).toContain('POLICY_FILE');
    for (const former of ['POLICY_MODE', 'AUTH_MODE', 'HUMAN_ID_HEADER']) expect(env).not.toContain(former);
    expect(at(proxy, 'livenessProbe')).not.toHaveProperty('tcpSocket');
    expect(at(byName(items(proxy, 'env'), 'MCP_CLUSTER_NAME'), 'value')).toBe('test');
    const volumes = namesOf(items(deployment, 'spec', 'template', 'spec', 'volumes'));
    expect(volumes).toEqual(['gateway-policy', 'gateway-state', 'gateway-identity', 'gateway-keys']);
    expect(at(deployment, 'spec', 'template', 'spec', 'serviceAccountName')).toBe('governed');
  });

  it('has a policy that our proxies read, in the ConfigMap of that name', async () => {
    const map = await world.must('ConfigMap', 'governed-gateway-policy', ns);
    const document: unknown = JSON.parse(String(at(map, 'data', 'policy.json')));
    expect(document).toHaveProperty('revision', at(await settled('governed'), 'status', 'policyRevision'));
    expect(document).not.toHaveProperty('schema_version');
  });
});

describe('a server whose gateway was switched off', () => {
  it('has neither sidecar nor its volume, and of the environment what its author wants', async () => {
    const deployment = await world.must('Deployment', 'switched-off', ns);
    expect(namesOf(containers(deployment))).toEqual(['switched-off']);
    expect(at(deployment, 'spec', 'template', 'spec')).not.toHaveProperty('volumes');
    expect(at(containers(deployment)[0], 'env')).toEqual([{ name: 'KEPT', value: '1' }]);
  });

  it.each(['switched-off', 'scraped'])('is not scraped any more: %s', async (name) => {
    const service = await world.must('Service', name, ns);
    expect(service.metadata.annotations).toBeUndefined();
    expect(items(service, 'spec', 'ports')).toMatchObject([{ name: 'http', port: 80, targetPort: 8088 }]);
  });

  it('has no annotation on its Ingress that nobody asks for', async () => {
    expect((await world.must('Ingress', 'switched-off', ns)).metadata.annotations).toEqual({
      'traefik.ingress.kubernetes.io/router.entrypoints': 'web',
    });
  });

  it('is called what it is, whatever the older status said', async () => {
    for (const name of ['plain', 'switched-off']) {
      const server = await settled(name);
      expect(server['status']).toMatchObject({ gatewayReady: false, policyReady: false, canaryReady: false });
      expect(conditionOf(server, 'GatewayReady')).toMatchObject({
        status: 'False',
        reason: 'GatewayDisabled',
      });
    }
  });
});

describe('a canary', () => {
  it('keeps its pods, and starts with what runs as promoted', async () => {
    const server = await settled('canary');
    expect(at(server, 'status', 'rollout')).toMatchObject({ phase: 'Idle', traffic: 'ReplicaRatio' });
    expect(at(await world.must('Deployment', 'canary', ns), 'spec', 'replicas')).toBe(3);
    expect(at(await world.must('Deployment', 'canary-canary', ns), 'spec', 'replicas')).toBe(1);
  });

  it('goes where it is asked for no longer', async () => {
    expect(await world.get('Deployment', 'former-canary-canary', ns)).toBeUndefined();
    expect(at(await world.must('Deployment', 'former-canary', ns), 'spec', 'replicas')).toBe(4);
  });
});

describe('what somebody else set', () => {
  it('stays: annotations, labels, a restart, and the number of pods that an autoscaler chose', async () => {
    const deployment = await world.must('Deployment', 'touched', ns);
    expect(deployment.metadata.annotations).toMatchObject({ 'example.org/note': 'mine' });
    expect(at(deployment, 'spec', 'replicas')).toBe(3);
    const restarted = 'kubectl.kubernetes.io/restartedAt';
    const was = at(
      before.get('Deployment touched'),
      'spec',
      'template',
      'metadata',
      'annotations',
      restarted,
    );
    expect(was).toEqual(expect.any(String));
    expect(at(deployment, 'spec', 'template', 'metadata', 'annotations', restarted)).toBe(was);
    const service = await world.must('Service', 'touched', ns);
    expect(service.metadata).toMatchObject({
      annotations: { 'example.org/note': 'mine' },
      labels: { 'example.org/team': 'ours' },
    });
    expect((await world.must('Ingress', 'touched', ns)).metadata.annotations).toMatchObject({
      'example.org/note': 'mine',
    });
  });
});
