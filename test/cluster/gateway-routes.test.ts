// Routes of the Gateway API: which Gateway they belong to, and by whose word they count as in force. The cluster has no
// controller of Gateways, so these tests say what one would, and what others might.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cluster } from './harness/cluster.ts';
import { eventually, stays } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, conditionLine, conditionOf, items, type KubeObject } from './harness/objects.ts';

const world = cluster();
const ns = namespace('gateway');
/** Where the Gateway is. */
const net = namespace('net');
const host = `${ns}.example.org`;

type Members = Readonly<Record<string, unknown>>;

const apply = (name: string, spec: Members) =>
  world.apply({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name, namespace: ns },
    spec: {
      image: 'example.org/server:1',
      ingressHost: host,
      ingressClass: 'gateway',
      gatewayRef: { name: 'edge', namespace: net, sectionName: 'https' },
      ...spec,
    },
  });

/** Looks until the server's status speaks of its spec and its route is said to be this. */
const routeIs = (name: string, line: string): Promise<KubeObject> =>
  eventually(`the route of ${name} is ${line}`, async () => {
    const server = await world.must('MCPServer', name, ns);
    expect(at(server, 'status', 'observedGeneration')).toBe(server.metadata.generation);
    expect(conditionLine(server, 'DeploymentReady')).toBe('True Observed');
    expect(conditionLine(server, 'IngressReady')).toBe(line);
    return server;
  });

/** Long enough for the operator to look at what was said. */
const staysSo = (name: string, line: string): Promise<void> =>
  stays(
    `the route of ${name} is ${line}`,
    async () => conditionLine(await world.must('MCPServer', name, ns), 'IngressReady') === line,
    { forMs: 2_500 },
  );

interface Said {
  readonly type: string;
  readonly status?: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

const condition = (
  { type, status = 'True', reason = type, message = 'said by a test' }: Said,
  observedGeneration: number,
) => ({ type, status, reason, message, observedGeneration, lastTransitionTime: '2026-01-01T00:00:00Z' });

async function makeGateway(name: string): Promise<void> {
  const listener = (section: string, port: number) => ({ name: section, port, protocol: 'HTTP' });
  const answer = await world.create({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace: net },
    spec: { gatewayClassName: 'test', listeners: [listener('http', 80), listener('https', 443)] },
  });
  expect(answer.status).toBe(201);
}

/** What the controller says of the listeners of a Gateway. */
async function listenersSay(
  name: string,
  said: Readonly<Record<string, Said>>,
  generation?: number,
): Promise<void> {
  const gateway = await world.must('Gateway', name, net);
  const listeners = Object.entries(said).map(([section, each]) => ({
    name: section,
    attachedRoutes: 0,
    supportedKinds: [{ kind: 'HTTPRoute' }],
    conditions: [condition(each, generation ?? gateway.metadata.generation ?? 0)],
  }));
  await world.patch('Gateway', name, net, { status: { listeners } }, { subresource: 'status' });
}

const PROGRAMMED: Said = { type: 'Programmed' };
const REFUSED: Said = { ...PROGRAMMED, status: 'False', reason: 'Invalid', message: 'no certificate' };

interface Entry {
  /** @default the parent of the route */
  readonly parent?: Members;
  readonly said: readonly Said[];
  /** @default that of the route */
  readonly generation?: number;
}

/** What controllers say of a route, each in its entry. */
async function parentsSay(name: string, ...entries: readonly Entry[]): Promise<void> {
  const route = await world.must('HTTPRoute', name, ns);
  const own = items(route, 'spec', 'parentRefs')[0];
  const parents = entries.map(({ parent = own, said, generation }) => ({
    parentRef: parent,
    controllerName: 'example.org/test',
    conditions: said.map((each) => condition(each, generation ?? route.metadata.generation ?? 0)),
  }));
  await world.patch('HTTPRoute', name, ns, { status: { parents } }, { subresource: 'status' });
}

const TAKEN: readonly Said[] = [{ type: 'Accepted' }, { type: 'ResolvedRefs' }];

beforeAll(async () => {
  await makeGateway('edge');
  await listenersSay('edge', { http: PROGRAMMED, https: PROGRAMMED });
  for (const name of ['shape', 'waits', 'refused', 'unresolved', 'others', 'older']) await apply(name, {});
});

describe('the HTTPRoute of a server', () => {
  it('belongs to its Gateway, with host, path and Service', async () => {
    await routeIs('shape', 'False Waiting');
    const route = await world.must('HTTPRoute', 'shape', ns);
    expect(route['spec']).toMatchObject({
      parentRefs: [{ kind: 'Gateway', name: 'edge', namespace: net, sectionName: 'https' }],
      hostnames: [host],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/shape/mcp' } }],
          backendRefs: [{ kind: 'Service', name: 'shape', port: 80, weight: 1 }],
        },
      ],
    });
    expect(await world.get('Ingress', 'shape', ns)).toBeUndefined();
    const server = await world.must('MCPServer', 'shape', ns);
    expect(at(server, 'status', 'resolved')).toMatchObject({
      ingressClass: 'gateway',
      ingressStrategy: 'gateway',
      gateway: `${net}/edge/https`,
      url: `http://${host}/shape/mcp`,
    });
  });
});

describe('an HTTPRoute is in force', () => {
  it('when the controller of its own Gateway has taken it', async () => {
    const waiting = await routeIs('waits', 'False Waiting');
    expect(conditionOf(waiting, 'IngressReady')?.message).toContain(`Gateway ${net}/edge`);
    await parentsSay('waits', { said: TAKEN });
    const ready = await routeIs('waits', 'True Observed');
    expect(ready['status']).toMatchObject({ ingressReady: true, phase: 'Ready' });
  });

  it('not when that refuses it, and status says why', async () => {
    const why = {
      status: 'False',
      reason: 'NoMatchingListenerHostname',
      message: 'not a host of mine',
    } as const;
    await parentsSay('refused', { said: [{ type: 'Accepted', ...why }, { type: 'ResolvedRefs' }] });
    const server = await routeIs('refused', 'False RouteNotAccepted');
    expect(conditionOf(server, 'IngressReady')?.message).toContain(
      'NoMatchingListenerHostname: not a host of mine',
    );
    expect(conditionLine(server, 'Stalled')).toBe('True RouteNotAccepted');
    expect(at(server, 'status', 'phase')).toBe('Error');
  });

  it('not while what it refers to is not found, which may come by itself', async () => {
    const why = { status: 'False', reason: 'BackendNotFound', message: 'no such Service' } as const;
    await parentsSay('unresolved', { said: [{ type: 'Accepted' }, { type: 'ResolvedRefs', ...why }] });
    const server = await routeIs('unresolved', 'False RouteNotAccepted');
    expect(conditionLine(server, 'Reconciling')).toBe('True RouteNotAccepted');
    await parentsSay('unresolved', { said: TAKEN });
    await routeIs('unresolved', 'True Observed');
  });

  it('not by what others say: another Gateway, another listener, another namespace', async () => {
    await routeIs('others', 'False Waiting');
    const own = { group: 'gateway.networking.k8s.io', kind: 'Gateway' };
    const strangers = [
      { ...own, name: 'other', namespace: net, sectionName: 'https' },
      { ...own, name: 'edge', namespace: net, sectionName: 'http' },
      { ...own, name: 'edge', namespace: net },
      { ...own, name: 'edge', sectionName: 'https' },
      { ...own, kind: 'Service', group: '', name: 'edge', namespace: net, sectionName: 'https' },
    ];
    await parentsSay('others', ...strangers.map((parent) => ({ parent, said: TAKEN })));
    await staysSo('others', 'False Waiting');
    await parentsSay('others', ...strangers.map((parent) => ({ parent, said: TAKEN })), { said: TAKEN });
    await routeIs('others', 'True Observed');
  });

  it('not by what was said of an older generation', async () => {
    await parentsSay('older', { said: TAKEN });
    await routeIs('older', 'True Observed');
    const { metadata } = await world.must('HTTPRoute', 'older', ns);
    await apply('older', { servicePort: 81 });
    await routeIs('older', 'False Waiting');
    expect((await world.must('HTTPRoute', 'older', ns)).metadata.generation).toBeGreaterThan(
      metadata.generation ?? 0,
    );
    await parentsSay('older', { said: TAKEN });
    await routeIs('older', 'True Observed');
  });
});

describe('the Gateway of a route', () => {
  const gatewayRef = { name: 'late', namespace: net, sectionName: 'https' };

  it('has to exist, and to listen where the route is', async () => {
    await apply('late', { gatewayRef });
    const missing = await routeIs('late', 'False RouteParentNotFound');
    expect(conditionOf(missing, 'Ready')?.message).toContain(
      `Gateway ${net}/late (listener https) does not exist`,
    );
    await parentsSay('late', { said: TAKEN });

    await makeGateway('late');
    await routeIs('late', 'False RouteParentNotReady');
    await listenersSay('late', { http: PROGRAMMED, https: REFUSED });
    await eventually('the refusal is told', async () => {
      const server = await routeIs('late', 'False RouteParentNotReady');
      return conditionOf(server, 'IngressReady')?.message?.includes('no certificate');
    });
    await listenersSay('late', { http: PROGRAMMED, https: PROGRAMMED });
    await routeIs('late', 'True Observed');
  });

  it('listens only if that is said of its generation', async () => {
    await world.patch('Gateway', 'late', net, { spec: { gatewayClassName: 'other' } });
    await routeIs('late', 'False RouteParentNotReady');
    await listenersSay('late', { https: PROGRAMMED }, 1);
    await staysSo('late', 'False RouteParentNotReady');
    await listenersSay('late', { https: PROGRAMMED });
    await routeIs('late', 'True Observed');
  });

  it('may go, and then the route is not in force any more', async () => {
    await world.delete('Gateway', 'late', net);
    const server = await routeIs('late', 'False RouteParentNotFound');
    expect(at(server, 'status', 'ingressReady')).toBe(false);
  });
});
