// The way in from outside the cluster: an Ingress of each class, or a route of the Gateway API, who has it, and when it
// counts as in force. The cluster has no ingress controllers, so these tests say what a controller would.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { makeNamespace, namespace } from './harness/namespace.ts';
import { at, byName, conditionLine, conditionOf, items, type KubeObject } from './harness/objects.ts';

const world = cluster();
const ns = namespace('routes');
/** Routes are claimed in the whole cluster, so hosts and names are of this file. */
const host = `${ns}.example.org`;

type Members = Readonly<Record<string, unknown>>;

const serverOf = (name: string, spec: Members, where = ns) => ({
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name, namespace: where },
  spec: { image: 'example.org/server:1', ...spec },
});

/** Looks until the server's status speaks of its spec and what is expected holds. */
const seen = (
  what: string,
  name: string,
  expectation: (server: KubeObject) => unknown,
  where = ns,
): Promise<KubeObject> =>
  eventually(`${name}: ${what}`, async () => {
    const server = await world.must('MCPServer', name, where);
    expect(at(server, 'status', 'observedGeneration')).toBe(server.metadata.generation);
    await expectation(server);
    return server;
  });

const TRAEFIK = 'traefik.ingress.kubernetes.io/router';
const NGINX = 'nginx.ingress.kubernetes.io';
const EXTERNAL_DNS = 'external-dns.alpha.kubernetes.io/ttl';

const CLASSES = [
  { name: `${ns}-edge`, controller: 'traefik.io/ingress-controller' },
  { name: `${ns}-public`, controller: 'k8s.io/ingress-nginx' },
  { name: `${ns}-mesh`, controller: 'istio.io/ingress-controller' },
  { name: `${ns}-contour`, controller: 'projectcontour.io/contour' },
];

const ingressClass = (name: string, controller: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name },
  spec: { controller },
});

interface Case {
  readonly what: string;
  readonly name: string;
  readonly spec: Members;
  readonly strategy: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const STRATEGIES: readonly Case[] = [
  {
    what: 'traefik, where no class is named',
    name: 'by-default',
    spec: {},
    strategy: 'traefik',
    annotations: { [`${TRAEFIK}.entrypoints`]: 'web' },
  },
  {
    what: 'traefik with annotations of the author',
    name: 'traefik',
    spec: {
      ingressClass: 'traefik',
      ingressAnnotations: { [`${TRAEFIK}.entrypoints`]: 'internal', [EXTERNAL_DNS]: '60' },
    },
    strategy: 'traefik',
    annotations: { [`${TRAEFIK}.entrypoints`]: 'internal', [EXTERNAL_DNS]: '60' },
  },
  {
    what: 'nginx',
    name: 'nginx',
    spec: { ingressClass: 'nginx', ingressAnnotations: { [`${NGINX}/proxy-read-timeout`]: '3600' } },
    strategy: 'nginx',
    annotations: { [`${NGINX}/ssl-redirect`]: 'false', [`${NGINX}/proxy-read-timeout`]: '3600' },
  },
  {
    what: 'istio',
    name: 'istio',
    spec: { ingressClass: 'istio' },
    strategy: 'istio',
    annotations: { 'kubernetes.io/ingress.class': 'istio' },
  },
  {
    what: 'traefik under another name',
    name: 'edge',
    spec: { ingressClass: `${ns}-edge` },
    strategy: 'traefik',
    annotations: { [`${TRAEFIK}.entrypoints`]: 'web' },
  },
  {
    what: 'nginx under another name',
    name: 'public',
    spec: { ingressClass: `${ns}-public` },
    strategy: 'nginx',
    annotations: { [`${NGINX}/ssl-redirect`]: 'false' },
  },
  { what: 'istio under another name', name: 'mesh', spec: { ingressClass: `${ns}-mesh` }, strategy: 'istio' },
  {
    what: 'a controller that the platform has no words for',
    name: 'contour',
    spec: { ingressClass: `${ns}-contour` },
    strategy: 'generic',
  },
];

/** Servers that differ in host, path and certificate; what their only rule is. */
const PATHS: readonly {
  readonly what: string;
  readonly name: string;
  readonly spec: Members;
  readonly host?: string;
  readonly paths: readonly string[];
}[] = [
  { what: 'its name, on every host', name: `${ns}-any`, spec: {}, paths: [`/${ns}-any/mcp`] },
  { what: 'its name, on its host', name: 'named', spec: { ingressHost: host }, host, paths: ['/named/mcp'] },
  {
    what: 'a prefix, on every host',
    name: 'prefixed',
    spec: { publicPathPrefix: `/${ns}/deep/` },
    paths: [`/${ns}/deep/mcp`],
  },
  {
    what: 'a path of its own',
    name: 'own-path',
    spec: { ingressHost: host, ingressPath: 'api/tools' },
    host,
    paths: ['/api/tools'],
  },
  {
    what: 'the metadata of OAuth, too',
    name: 'oauth',
    spec: {
      ingressHost: host,
      gateway: { enabled: true },
      auth: { mode: 'oauth', issuerURL: 'https://login.example.org' },
    },
    host,
    paths: ['/oauth/mcp', '/.well-known/oauth-protected-resource/oauth/mcp'],
  },
];

const SECURED = {
  ingressHost: host,
  ingressTLS: { clusterIssuer: 'letsencrypt' },
  gateway: { enabled: true },
};

beforeAll(async () => {
  for (const { name, controller } of CLASSES) {
    expect((await world.create(ingressClass(name, controller))).status).toBe(201);
  }
  await world.apply([
    ...STRATEGIES.map(({ name, spec }) => serverOf(name, { ingressHost: host, ...spec })),
    ...PATHS.map(({ name, spec }) => serverOf(name, spec)),
    serverOf('secured', SECURED),
    serverOf('own-secret', {
      ingressHost: host,
      ingressClass: 'nginx',
      ingressTLS: { secretName: 'mine', issuer: 'own' },
    }),
    serverOf('bold', {
      ingressHost: host,
      ingressClass: 'nginx',
      ingressAnnotations: {
        [`${NGINX}/proxy-body-size`]: '8m',
        [`${NGINX}/configuration-snippet`]: 'deny all;',
        [`${TRAEFIK}.priority`]: '7',
      },
    }),
  ]);
});

afterAll(async () => {
  for (const { name } of CLASSES) await world.delete('IngressClass', name);
});

describe('an Ingress', () => {
  it.each(STRATEGIES)('is written for its class: $what', async ({ name, spec, strategy, annotations }) => {
    await seen('the class is known', name, async (server) => {
      expect(at(server, 'status', 'resolved', 'ingressStrategy')).toBe(strategy);
      const ingress = await world.must('Ingress', name, ns);
      expect(at(ingress, 'spec', 'ingressClassName')).toBe(spec['ingressClass'] ?? 'traefik');
      expect(ingress.metadata.annotations).toEqual(annotations);
    });
  });

  it.each(PATHS)('serves one rule: $what', async ({ name, host: of, paths }) => {
    await seen('the route is there', name, async (server) => {
      const backend = { service: { name, port: { number: 80 } } };
      const http = { paths: paths.map((path) => ({ path, pathType: 'Prefix', backend })) };
      const ingress = await world.must('Ingress', name, ns);
      expect(at(ingress, 'spec', 'rules')).toEqual([{ ...(of !== undefined && { host: of }), http }]);
      expect(at(ingress, 'spec')).not.toHaveProperty('tls');
      const url = of === undefined ? undefined : `http://${of}${paths[0] ?? ''}`;
      expect(at(server, 'status', 'resolved', 'url')).toBe(url);
      expect(conditionLine(server, 'Accepted')).toBe('True Observed');
    });
  });

  it('has a certificate by cert-manager, and then every URL is one with https', async () => {
    const url = `https://${host}/secured/mcp`;
    await seen('the route is there', 'secured', async (server) => {
      expect(at(server, 'status', 'resolved', 'url')).toBe(url);
      const ingress = await world.must('Ingress', 'secured', ns);
      expect(at(ingress, 'spec', 'tls')).toEqual([{ hosts: [host], secretName: 'secured-tls' }]);
      expect(ingress.metadata.annotations).toEqual({
        'cert-manager.io/cluster-issuer': 'letsencrypt',
        [`${TRAEFIK}.entrypoints`]: 'websecure',
        [`${TRAEFIK}.tls`]: 'true',
      });
    });
    const deployment = await world.must('Deployment', 'secured', ns);
    const proxy = byName(items(deployment, 'spec', 'template', 'spec', 'containers'), 'mcp-gateway');
    expect(byName(items(proxy, 'env'), 'EXTERNAL_BASE_URL')).toEqual({
      name: 'EXTERNAL_BASE_URL',
      value: url,
    });
  });

  it('has the Secret and the issuer that its author names', async () => {
    await seen('the route is there', 'own-secret', async () => {
      const ingress = await world.must('Ingress', 'own-secret', ns);
      expect(at(ingress, 'spec', 'tls')).toEqual([{ hosts: [host], secretName: 'mine' }]);
      expect(ingress.metadata.annotations).toEqual({ 'cert-manager.io/issuer': 'own' });
    });
  });

  it('takes no annotation that could do harm, and a condition names each of them', async () => {
    const server = await seen('the route is there', 'bold', async () => {
      expect((await world.must('Ingress', 'bold', ns)).metadata.annotations).toEqual({
        [`${NGINX}/proxy-body-size`]: '8m',
        [`${NGINX}/ssl-redirect`]: 'false',
      });
    });
    expect(conditionLine(server, 'SpecHonoured')).toBe('False PartlyIgnored');
    const message = conditionOf(server, 'SpecHonoured')?.message ?? '';
    expect(message).toContain(`spec.ingressAnnotations["${NGINX}/configuration-snippet"] has no effect`);
    expect(message).toContain(`spec.ingressAnnotations["${TRAEFIK}.priority"] has no effect`);
    expect(message).not.toContain('proxy-body-size');
  });
});

const address = (ip?: string) => ({
  status: { loadBalancer: { ingress: ip === undefined ? [] : [{ ip }] } },
});
const giveAddress = (name: string, ip?: string) =>
  world.patch('Ingress', name, ns, address(ip), { subresource: 'status' });

describe('an Ingress is in force', () => {
  it('while its controller gives it an address, and not otherwise', async () => {
    const waiting = await seen('all but the route is there', 'named', (server) => {
      expect(conditionLine(server, 'DeploymentReady')).toBe('True Observed');
      expect(conditionLine(server, 'IngressReady')).toBe('False Waiting');
    });
    expect(waiting['status']).toMatchObject({ ingressReady: false, phase: 'PartiallyReady' });
    expect(conditionLine(waiting, 'Reconciling')).toBe('True Waiting');
    expect(conditionOf(waiting, 'IngressReady')?.message).toContain('MCP_INGRESS_READINESS_MODE=permissive');

    await giveAddress('named', '192.0.2.1');
    const ready = await seen('it is ready', 'named', (server) => {
      expect(conditionLine(server, 'Ready')).toBe('True Observed');
    });
    expect(ready['status']).toMatchObject({ ingressReady: true, phase: 'Ready' });

    await giveAddress('named');
    await seen('it is not ready any more', 'named', (server) => {
      expect(conditionLine(server, 'IngressReady')).toBe('False Waiting');
      expect(conditionLine(server, 'Ready')).toBe('False Waiting');
    });
  });

  it('never with a class that the cluster lacks, until it has it', async () => {
    const missing = `${ns}-missing`;
    await world.apply(serverOf('missing', { ingressHost: host, ingressClass: missing }));
    const server = await seen('the class is missed', 'missing', (found) => {
      expect(conditionLine(found, 'IngressReady')).toBe('False IngressClassNotFound');
    });
    expect(conditionLine(server, 'Stalled')).toBe('True IngressClassNotFound');
    expect(at(server, 'status', 'phase')).toBe('Error');
    expect(conditionOf(server, 'Ready')?.message).toContain('kubectl get ingressclass');

    await world.create(ingressClass(missing, 'k8s.io/ingress-nginx'));
    await giveAddress('missing', '192.0.2.2');
    await seen('it is ready', 'missing', (found) => {
      expect(conditionLine(found, 'Ready')).toBe('True Observed');
      expect(at(found, 'status', 'resolved', 'ingressStrategy')).toBe('nginx');
    });
    await world.delete('IngressClass', missing);
  });
});

describe('a server that changes its class', () => {
  it('has the route of its class only: Ingress, HTTPRoute, and Ingress again', async () => {
    const routes = async () => ({
      Ingress: (await world.get('Ingress', 'moving', ns)) !== undefined,
      HTTPRoute: (await world.get('HTTPRoute', 'moving', ns)) !== undefined,
    });
    const change = (spec: Members) => world.apply(serverOf('moving', { ingressHost: host, ...spec }));
    await change({});
    await seen('there is an Ingress', 'moving', async () => {
      expect(await routes()).toEqual({ Ingress: true, HTTPRoute: false });
    });
    await change({ ingressClass: 'gateway', gatewayRef: { name: 'nowhere' } });
    const server = await seen('there is an HTTPRoute', 'moving', async () => {
      expect(await routes()).toEqual({ Ingress: false, HTTPRoute: true });
    });
    expect(at(server, 'status', 'resolved')).toMatchObject({
      ingressClass: 'gateway',
      ingressStrategy: 'gateway',
      gateway: `${ns}/nowhere`,
    });
    await change({ ingressClass: 'nginx' });
    await seen('there is an Ingress again', 'moving', async () => {
      expect(await routes()).toEqual({ Ingress: true, HTTPRoute: false });
      const ingress = await world.must('Ingress', 'moving', ns);
      expect(at(ingress, 'spec', 'ingressClassName')).toBe('nginx');
    });
  });
});

describe('of two servers with one host and path', () => {
  const elsewhere = `${ns}-b`;
  const shared = `shared.${host}`;
  const claims = (path: string) => ({ ingressHost: shared, publicPathPrefix: path });
  const hasIngress = async (name: string, where = ns) =>
    (await world.get('Ingress', name, where)) !== undefined;

  const owns = (name: string, where = ns) =>
    seen(
      'it has the route',
      name,
      async (server) => {
        expect(conditionLine(server, 'Accepted')).toBe('True Observed');
        expect(await hasIngress(name, where)).toBe(true);
      },
      where,
    );
  const lacks = (name: string, where: string, owner: string) =>
    seen(
      'another has the route',
      name,
      async (server) => {
        expect(conditionLine(server, 'Accepted')).toBe('False RouteConflict');
        expect(conditionOf(server, 'Accepted')?.message).toContain(owner);
        expect(await hasIngress(name, where)).toBe(false);
      },
      where,
    );

  /** Makes a server that is older than what is made next: ages are whole seconds. */
  const makeOlder = async (name: string, spec: Members, where: string) => {
    await world.apply(serverOf(name, spec, where));
    const { metadata } = await world.must('MCPServer', name, where);
    const next = Date.parse(metadata.creationTimestamp ?? '') + 1_000;
    await eventually('the next second has come', () => Date.now() > next);
  };

  beforeAll(async () => {
    await makeNamespace(elsewhere);
    // Names in another order than ages, so that nothing but age decides.
    await makeOlder('zoo', claims('one'), ns);
    await makeOlder('ant', claims('one/'), ns);
    await world.apply(serverOf('bee', claims('one'), elsewhere));
  });

  afterAll(async () => {
    await world.delete('Namespace', elsewhere);
  });

  it('the older has the route, and the later ones are told who has it, in any namespace', async () => {
    await owns('zoo');
    const later = await lacks('ant', ns, `${ns}/zoo`);
    expect(later['status']).toMatchObject({ phase: 'Error', ingressReady: false });
    expect(conditionLine(later, 'Stalled')).toBe('True RouteConflict');
    await lacks('bee', elsewhere, `${ns}/zoo`);
    // The rest of a server without a route is there.
    expect(await world.get('Service', 'ant', ns)).toBeDefined();
  });

  it('the next one gets it when the older one moves, and loses it when that comes back', async () => {
    await world.apply(serverOf('zoo', claims('two')));
    await owns('zoo');
    await owns('ant');
    await lacks('bee', elsewhere, `${ns}/ant`);

    await world.apply(serverOf('zoo', claims('one')));
    await owns('zoo');
    await lacks('ant', ns, `${ns}/zoo`);
  });

  it('the next one gets it when the older one goes', async () => {
    await world.delete('MCPServer', 'zoo', ns);
    await owns('ant');
    await world.apply(serverOf('ant', claims('three')));
    await owns('bee', elsewhere);
  });
});
