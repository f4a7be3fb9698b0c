import { describe, expect, it } from '@jest/globals';
import { resolveImage } from '#api/image.ts';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { resolve, type ResolvedServer } from '#api/resolve.ts';
import { parsedServer, type Members } from './build.ts';

const PULL_HOST = 'registry.registry.svc.cluster.local:5000';

const resolved = (spec: Members = {}, config: Partial<OperatorConfig> = {}): ResolvedServer =>
  resolve(parsedServer(spec), { ...DEFAULT_OPERATOR_CONFIG, ...config });

const gatewayOf = (spec: Members = {}, config: Partial<OperatorConfig> = {}) => {
  const { gateway } = resolved({ gateway: { enabled: true }, ...spec }, config);
  if (gateway === undefined) throw new Error('the gateway is off');
  return gateway;
};

describe('the image of a server', () => {
  it.each<[string, Members, Partial<OperatorConfig>, string]>([
    ['has its own tag', { image: 'notes:1.0' }, {}, 'notes:1.0'],
    ['has its own tag, whatever imageTag says', { image: 'notes:1.0', imageTag: '2.0' }, {}, 'notes:1.0'],
    ['has a digest', { image: 'notes@sha256:00', imageTag: '2.0' }, {}, 'notes@sha256:00'],
    ['takes imageTag', { image: 'notes', imageTag: '2.0' }, {}, 'notes:2.0'],
    ['is latest without any', { image: 'notes' }, {}, 'notes:latest'],
    [
      'has a port before the slash, which is no tag',
      { image: 'localhost:5000/notes', imageTag: '2.0' },
      {},
      'localhost:5000/notes:2.0',
    ],
    [
      'of one part goes into the other registry',
      { image: 'notes:1', registryOverride: 'r.example.org' },
      {},
      'r.example.org/notes:1',
    ],
    [
      'leaves its registry, known by a dot',
      { image: 'images.example.net/a/notes:1', registryOverride: 'r.example.org' },
      {},
      'r.example.org/a/notes:1',
    ],
    [
      'leaves its registry, known by a port',
      { image: 'reg:5000/notes:1', registryOverride: 'r.example.org' },
      {},
      'r.example.org/notes:1',
    ],
    [
      'leaves its registry, known as localhost',
      { image: 'localhost/notes:1', registryOverride: 'r.example.org' },
      {},
      'r.example.org/notes:1',
    ],
    [
      'keeps a folder, which is no registry',
      { image: 'team/notes:1', registryOverride: 'r.example.org' },
      {},
      'r.example.org/team/notes:1',
    ],
    [
      'comes from the provisioned registry',
      { image: 'notes:1', useProvisionedRegistry: true },
      { provisionedRegistryUrl: 'p.example.org' },
      'p.example.org/notes:1',
    ],
    [
      'comes from the provisioned registry before the override',
      { image: 'notes:1', useProvisionedRegistry: true, registryOverride: 'r.example.org' },
      { provisionedRegistryUrl: 'p.example.org' },
      'p.example.org/notes:1',
    ],
    [
      'comes from the override where none is provisioned',
      { image: 'notes:1', useProvisionedRegistry: true, registryOverride: 'r.example.org' },
      {},
      'r.example.org/notes:1',
    ],
    [
      'comes from the pull host where nothing else is known',
      { image: 'notes:1', useProvisionedRegistry: true },
      {},
      `${PULL_HOST}/notes:1`,
    ],
    [
      'is not moved by a provisioned registry nobody asked for',
      { image: 'notes:1' },
      { provisionedRegistryUrl: 'p.example.org' },
      'notes:1',
    ],
    [
      'comes from the mirror',
      { image: 'r.example.org:5000/team/notes:1' },
      { imageMirror: 'm.example.org/all' },
      'm.example.org/all/team/notes:1',
    ],
    [
      'comes from the mirror where its author asks for another registry',
      { image: 'notes@sha256:00', registryOverride: 'r.example.org/deep' },
      { imageMirror: 'm.example.org' },
      'm.example.org/deep/notes@sha256:00',
    ],
    [
      'stays in the mirror',
      { image: 'm.example.org/all/notes:1' },
      { imageMirror: 'm.example.org/all' },
      'm.example.org/all/notes:1',
    ],
    [
      'stays in the provisioned registry',
      { image: 'notes:1', useProvisionedRegistry: true },
      { imageMirror: 'm.example.org', provisionedRegistryUrl: 'p.example.org' },
      'p.example.org/notes:1',
    ],
  ])('%s', (_what, spec, config, image) => {
    expect(resolveImage(parsedServer(spec).spec, { ...DEFAULT_OPERATOR_CONFIG, ...config })).toBe(image);
    expect(resolved(spec, config).image).toBe(image);
  });

  it('is pulled with the named secrets, else with that of the provisioned registry', () => {
    const config = { provisionedPullSecret: 'mcp-runtime-registry-pull' };
    expect(resolved({ imagePullSecrets: ['a', ' ', 'b'] }, config).pullSecrets).toEqual(['a', 'b']);
    expect(resolved({ imagePullSecrets: [' '] }, config).pullSecrets).toEqual(['mcp-runtime-registry-pull']);
    expect(resolved({}, {}).pullSecrets).toEqual([]);
  });
});

describe('the route of a server', () => {
  it.each<[string, Members, string, string | undefined]>([
    ['is its name on the default host', {}, '/notes/mcp', 'mcp.example.org'],
    ['is a prefix on every host', { publicPathPrefix: 'n/v1' }, '/n/v1/mcp', undefined],
    ['is a prefix without its slashes', { publicPathPrefix: '/n/' }, '/n/mcp', undefined],
    ['is a path where no prefix is set', { ingressPath: '/x' }, '/x', 'mcp.example.org'],
    ['is a prefix before a path', { ingressPath: '/x', publicPathPrefix: 'n' }, '/n/mcp', undefined],
    ['has the named host', { ingressHost: 'n.example.org' }, '/notes/mcp', 'n.example.org'],
    [
      'has the named host with a prefix',
      { ingressHost: 'n.example.org', publicPathPrefix: 'n' },
      '/n/mcp',
      'n.example.org',
    ],
  ])('%s', (_what, spec, path, host) => {
    const { route } = resolved(spec, { ingressHost: 'mcp.example.org' });
    expect([route.path, route.host]).toEqual([path, host]);
    expect(route.url).toBe(host === undefined ? undefined : `http://${host}${path}`);
  });

  it('has a URL with https where routes have TLS, and externalURL before all', () => {
    const config = { ingressHost: 'mcp.example.org', ingressTls: true };
    expect(resolved({}, config).route.url).toBe('https://mcp.example.org/notes/mcp');
    const externalURL = 'https://edge.example.org/n';
    expect(resolved({ externalURL }, config).route.url).toBe(externalURL);
    expect(gatewayOf({ externalURL }, config).externalUrl).toBe(externalURL);
  });

  it("is of class traefik, of any class the cluster has, or of the installation's", () => {
    expect(resolved().route.ingressClass).toBe('traefik');
    expect(resolved({}, { ingressClass: 'nginx' }).route.ingressClass).toBe('traefik');
    expect(resolved({ ingressClass: '' }, { ingressClass: 'nginx' }).route.ingressClass).toBe('nginx');
    expect(resolved({ ingressClass: '' }, { ingressClass: '' }).route.ingressClass).toBe('traefik');
    expect(resolved({ ingressClass: 'contour' }).route.ingressClass).toBe('contour');
  });
});

describe('the certificate of a route', () => {
  const ingressHost = 'n.example.org';

  it('is in a Secret of the server, filled by whom the author names', () => {
    const tls = (ingressTLS: Members) => resolved({ ingressHost, ingressTLS }).route.tls;
    expect(tls({})).toEqual({ secretName: 'notes-tls' });
    expect(tls({ secretName: 'own', clusterIssuer: 'main' })).toEqual({
      secretName: 'own',
      issuer: { kind: 'ClusterIssuer', name: 'main' },
    });
    expect(tls({ issuer: 'local' })).toEqual({
      secretName: 'notes-tls',
      issuer: { kind: 'Issuer', name: 'local' },
    });
    expect(resolved({ ingressHost }).route.tls).toBeUndefined();
  });

  it('makes its URL one with https', () => {
    expect(resolved({ ingressHost, ingressTLS: {} }).route.url).toBe('https://n.example.org/notes/mcp');
  });

  it('needs a host, of the author or of the installation', () => {
    expect(resolved({ ingressTLS: {} }, { ingressHost }).problems).toEqual([]);
    expect(resolved({ ingressTLS: {} }).problems).toEqual([
      { path: 'spec.ingressHost', message: 'is required with ingressTLS: a certificate is for a host' },
    ]);
  });
});

describe('the Gateway of a server', () => {
  const edge = { namespace: 'edge', name: 'main', sectionName: 'https' };
  const ingressClass = 'gateway';

  it('is the named one, in its own namespace unless it says another, else that of the installation', () => {
    const parent = (spec: Members) =>
      resolved({ ingressClass, ...spec }, { defaultGateway: edge }).route.parent;
    expect(parent({})).toEqual(edge);
    expect(parent({ gatewayRef: { name: 'own' } })).toEqual({ namespace: 'team-a', name: 'own' });
    expect(parent({ gatewayRef: { name: 'own', namespace: 'net', sectionName: 'a' } })).toEqual({
      namespace: 'net',
      name: 'own',
      sectionName: 'a',
    });
  });

  it('makes an HTTPRoute of the route, and no other class does', () => {
    expect(resolved({ ingressClass }, { defaultGateway: edge }).route.kind).toBe('HTTPRoute');
    const other = resolved({}, { defaultGateway: edge }).route;
    expect([other.kind, other.parent]).toEqual(['Ingress', undefined]);
  });

  it('is missed where neither author nor installation names one', () => {
    expect(resolved({ ingressClass }).problems.map(({ path }) => path)).toEqual(['spec.gatewayRef']);
  });

  it("is of no use with the installation's class, and neither is TLS with a Gateway", () => {
    const canary = { strategy: 'Canary', canaryReplicas: 1, canaryWeight: 5 };
    const spec = { ingressClass: '', gatewayRef: { name: 'own' }, replicas: 2, rollout: canary };
    expect(resolved(spec, { ingressClass }).problems).toEqual([]);
    expect(resolved(spec).problems.map(({ path }) => path)).toEqual([
      'spec.gatewayRef',
      'spec.rollout.canaryWeight',
    ]);
    const tls = { ingressClass: '', ingressHost: 'n.example.org', ingressTLS: {} };
    expect(resolved(tls).problems).toEqual([]);
    const paths = resolved(tls, { ingressClass, defaultGateway: edge }).problems.map(({ path }) => path);
    expect(paths).toEqual(['spec.ingressTLS']);
  });
});

describe('the canary of a server', () => {
  const canary = (spec: Members, replicas = 10) =>
    resolved({ replicas, rollout: { strategy: 'Canary', canaryReplicas: 1, ...spec } }).rollout;
  const weighted = (spec: Members, replicas = 10) =>
    resolved(
      {
        replicas,
        ingressClass: 'gateway',
        gatewayRef: { name: 'edge' },
        rollout: { strategy: 'Canary', canaryReplicas: 1, ...spec },
      },
      {},
    ).rollout;

  it('gets its share of the calls by its pods, or the weight that a Gateway gives it', () => {
    expect(canary({})).toMatchObject({ traffic: 'ReplicaRatio', canaryWeight: 10 });
    expect(weighted({})).toMatchObject({ traffic: 'Weights', canaryWeight: 10 });
    expect(weighted({ canaryWeight: 0 })).toMatchObject({ traffic: 'Weights', canaryWeight: 0 });
    expect(weighted({}, 1000).canaryWeight).toBe(1);
  });

  it('gets nothing where there is none', () => {
    expect(resolved({ ingressClass: 'gateway', replicas: 3 }).rollout).toMatchObject({
      traffic: 'ReplicaRatio',
      canaryWeight: 0,
    });
  });

  it('is promoted and aborted by the revision that the author names', () => {
    expect(canary({ promote: 'a1', abort: '' })).toMatchObject({ promote: 'a1', abort: undefined });
  });

  it('needs room for the names of its Services behind a Gateway', () => {
    const server = parsedServer({
      replicas: 2,
      ingressClass: 'gateway',
      gatewayRef: { name: 'edge' },
      rollout: { strategy: 'Canary', canaryReplicas: 1 },
    });
    const problems = (length: number) => {
      const metadata = { ...server.metadata, name: 'n'.repeat(length) };
      return resolve({ ...server, metadata }, DEFAULT_OPERATOR_CONFIG).problems.map(({ path }) => path);
    };
    expect(problems(56)).toEqual([]);
    expect(problems(57)).toEqual(['metadata.name']);
  });
});

describe('a rollout', () => {
  it('has to be able to replace a pod', () => {
    const paths = (rollout: Members) => resolved({ rollout }).problems.map(({ path }) => path);
    expect(paths({ maxUnavailable: '0', maxSurge: '0%' })).toEqual(['spec.rollout']);
    expect(paths({ maxUnavailable: '0', maxSurge: '1' })).toEqual([]);
    expect(paths({ strategy: 'Recreate', maxUnavailable: '0', maxSurge: '0' })).toEqual([]);
  });
});

describe('the pods of a server', () => {
  it('follow their load between two bounds, by CPU unless something else is said', () => {
    const scaled = (autoscaling: Members) => resolved({ autoscaling }).autoscaling;
    expect(scaled({ maxReplicas: 3 })).toEqual({ minReplicas: 1, maxReplicas: 3, cpuPercent: 80 });
    expect(scaled({ maxReplicas: 3, memoryPercent: 70 })).toEqual({
      minReplicas: 1,
      maxReplicas: 3,
      memoryPercent: 70,
    });
    expect(resolved({ autoscaling: { maxReplicas: 3 } }).replicas).toBeUndefined();
    expect(resolved({ autoscaling: { maxReplicas: 3 }, suspend: true })).toMatchObject({
      autoscaling: undefined,
      replicas: 0,
    });
  });

  it('are kept from being drained at once where there are several', () => {
    const budget = (spec: Members) => resolved(spec).disruption?.maxUnavailable;
    expect(budget({ replicas: 2 })).toBe(1);
    expect(budget({ autoscaling: { minReplicas: 2, maxReplicas: 3 } })).toBe(1);
    expect(budget({ replicas: 4, disruption: { maxUnavailable: '25%' } })).toBe('25%');
    expect(budget({ replicas: 4, disruption: { maxUnavailable: '2' } })).toBe(2);
    for (const alone of [{}, { replicas: 1 }, { autoscaling: { maxReplicas: 3 } }]) {
      expect(budget({ ...alone, disruption: { maxUnavailable: '1' } })).toBeUndefined();
    }
    expect(budget({ replicas: 4, suspend: true })).toBeUndefined();
  });

  it('are left to Kubernetes or an autoscaler unless a number is given', () => {
    expect(resolved().replicas).toBeUndefined();
    expect(resolved({ replicas: 0 }).replicas).toBe(0);
    expect(resolved({ replicas: 3 }).replicas).toBe(3);
  });

  it('are split between canary and the rest', () => {
    const server = resolved({ replicas: 5, rollout: { strategy: 'Canary', canaryReplicas: 2 } });
    expect([server.replicas, server.rollout.canaryReplicas]).toEqual([3, 2]);
  });

  it('are none while the server is suspended', () => {
    const spec = { suspend: true, replicas: 5, rollout: { strategy: 'Canary', canaryReplicas: 2 } };
    const server = resolved(spec);
    expect([server.suspended, server.replicas, server.rollout.canaryReplicas]).toEqual([true, 0, 0]);
  });

  it('are replaced a quarter at a time, by number or percentage', () => {
    expect(resolved().rollout).toEqual({
      strategy: 'RollingUpdate',
      maxUnavailable: '25%',
      maxSurge: '25%',
      canaryReplicas: 0,
      traffic: 'ReplicaRatio',
      canaryWeight: 0,
    });
    expect(resolved({ rollout: { maxSurge: '2', maxUnavailable: '0' } }).rollout).toMatchObject({
      maxSurge: 2,
      maxUnavailable: 0,
    });
  });

  it('have default resources, overridden value by value, spec before template', () => {
    const defaults = { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } };
    expect(resolved().resources).toEqual(defaults);
    const template = { spec: { containers: [{ resources: { limits: { cpu: '2', memory: '1Gi' } } }] } };
    const spec = { podTemplate: template, resources: { limits: { cpu: '1' } } };
    expect(resolved(spec).resources).toEqual({ ...defaults, limits: { cpu: '1', memory: '1Gi' } });
    expect(
      gatewayOf({ gateway: { enabled: true, resources: { requests: { cpu: '1m' } } } }).resources,
    ).toEqual({
      ...defaults,
      requests: { cpu: '1m', memory: '64Mi' },
    });
  });

  it('run as a service account of the server, or the one that is named', () => {
    expect(resolved().serviceAccount).toBe('notes');
    expect(resolved({ podTemplate: { spec: { serviceAccountName: 'mine' } } }).serviceAccount).toBe('mine');
  });

  it.each(['default', 'mcp-workload'])('is not the account %s, which its namespace has already', (name) => {
    const server = parsedServer({});
    const named = { ...server, metadata: { ...server.metadata, name } };
    expect(resolve(named, DEFAULT_OPERATOR_CONFIG).serviceAccount).toBe(`${name}-mcp-server`);
  });
});

describe('the gateway of a server', () => {
  it('is absent while it is off, with all that belongs to it', () => {
    expect(resolved().gateway).toBeUndefined();
    expect(
      resolved({ gateway: {}, auth: { mode: 'oauth' }, session: { required: true } }).gateway,
    ).toBeUndefined();
    expect(resolved().problems).toEqual([]);
  });

  it('has every default', () => {
    expect(gatewayOf({}, { gatewayImage: 'proxy:1' })).toEqual({
      image: 'proxy:1',
      port: 8091,
      upstreamUrl: 'http://127.0.0.1:8088',
      stripPrefix: undefined,
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
      externalUrl: undefined,
      allowedHosts: ['notes', 'notes.team-a', 'notes.team-a.svc', 'notes.team-a.svc.cluster.local'],
      allowedOrigins: [],
      forwardHeaders: [],
      auth: {
        mode: 'header',
        humanHeader: 'X-MCP-Human-ID',
        agentHeader: 'X-MCP-Agent-ID',
        teamHeader: 'X-MCP-Team-ID',
        sessionHeader: 'X-MCP-Agent-Session',
        tokenHeader: 'Authorization',
        issuerUrl: undefined,
        audience: undefined,
        trustDomain: undefined,
        claims: { human: 'sub' },
        emptySubjectMatchesAsserted: false,
      },
      policy: {
        mode: 'allow-list',
        defaultDecision: 'deny',
        version: 'v1',
        maxStalenessSeconds: 86_400,
        subjectRate: undefined,
      },
      session: {
        required: false,
        maxLifetimeSeconds: 86_400,
        idleTimeoutSeconds: 3_600,
        upstreamTokenHeader: 'Authorization',
      },
      audit: { durability: 'by-effect', arguments: 'none', redact: [] },
      analytics: undefined,
    });
  });

  it('takes its image from the server, then from the installation, else says that it has none', () => {
    const own = { gateway: { enabled: true, image: 'mine:2' } };
    expect(gatewayOf(own, { gatewayImage: 'proxy:1' }).image).toBe('mine:2');
    expect(resolved({ gateway: { enabled: true } }).problems).toEqual([
      {
        path: 'spec.gateway.image',
        message: 'names no image of the proxy, and neither does the installation (MCP_GATEWAY_PROXY_IMAGE)',
      },
    ]);
  });

  it('finds the server on its port, or where the author says', () => {
    expect(gatewayOf({ port: 3000 }).upstreamUrl).toBe('http://127.0.0.1:3000');
    const upstreamURL = 'http://127.0.0.1:9/x';
    expect(gatewayOf({ gateway: { enabled: true, upstreamURL } }).upstreamUrl).toBe(upstreamURL);
  });

  it('answers to the host of its route and of externalURL, its Service, and what else is allowed', () => {
    const gateway = { enabled: true, allowedHosts: ['*.example.org', 'notes'] };
    const spec = { gateway, ingressHost: 'n.example.org', externalURL: 'https://edge.example.org:8443/n' };
    expect(gatewayOf(spec, { clusterDomain: 'k8s.example.org' }).allowedHosts).toEqual([
      'n.example.org',
      'edge.example.org',
      'notes',
      'notes.team-a',
      'notes.team-a.svc',
      'notes.team-a.svc.k8s.example.org',
      '*.example.org',
    ]);
  });

  it('asks for tokens meant for its URL, unless an audience is named, and says when it has neither', () => {
    const auth = { mode: 'oauth', issuerURL: 'https://issuer.example.org' };
    const host = { ingressHost: 'n.example.org' };
    expect(gatewayOf({ auth, ...host }).auth.audience).toBe('http://n.example.org/notes/mcp');
    expect(gatewayOf({ auth: { ...auth, audience: 'api://notes' }, ...host }).auth.audience).toBe(
      'api://notes',
    );
    const lacking = resolved({ auth, gateway: { enabled: true, image: 'proxy:1' } });
    expect(lacking.problems.map((problem) => problem.path)).toEqual(['spec.auth.audience']);
  });

  it('records where an analytics block asks for it and ingest is known', () => {
    const ingestUrl = 'http://ingest.example.org/events';
    expect(gatewayOf({}, { ingestUrl }).analytics).toBeUndefined();
    expect(gatewayOf({ analytics: {} }, { ingestUrl }).analytics).toEqual({
      ingestUrl,
      source: 'notes-gateway',
      eventType: 'mcp.request',
      apiKeySecretRef: undefined,
    });
    expect(gatewayOf({ analytics: { enabled: true } }, { ingestUrl }).analytics).toBeDefined();
    expect(gatewayOf({ analytics: { enabled: false } }, { ingestUrl }).analytics).toBeUndefined();
    expect(gatewayOf({ analytics: { disabled: true } }, { ingestUrl }).analytics).toBeUndefined();
  });

  it("takes the author's words for what it records before the installation's", () => {
    const analytics = {
      ingestURL: 'http://mine.example.org/events',
      source: 's',
      eventType: 't',
      apiKeySecretRef: { name: 'n', key: 'k' },
    };
    expect(gatewayOf({ analytics }, { ingestUrl: 'http://ingest.example.org/events' }).analytics).toEqual({
      ingestUrl: 'http://mine.example.org/events',
      source: 's',
      eventType: 't',
      apiKeySecretRef: { name: 'n', key: 'k' },
    });
  });

  it('says when it should record and nobody knows where', () => {
    const { gateway, problems } = resolved({ gateway: { enabled: true, image: 'proxy:1' }, analytics: {} });
    expect(gateway?.analytics).toBeUndefined();
    expect(problems.map((problem) => problem.path)).toEqual(['spec.analytics.ingestURL']);
  });
});

describe('resolve', () => {
  it('is pure: equal input, equal output, and nothing changed', () => {
    const server = parsedServer({ gateway: { enabled: true }, analytics: {} });
    const before = JSON.stringify(server);
    expect(resolve(server, DEFAULT_OPERATOR_CONFIG)).toEqual(resolve(server, DEFAULT_OPERATOR_CONFIG));
    expect(JSON.stringify(server)).toBe(before);
  });
});
