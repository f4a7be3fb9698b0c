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
      { image: 'ghcr.io/a/notes:1', registryOverride: 'r.example.org' },
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

  it('is of class traefik, or of any class the cluster has', () => {
    expect(resolved({ ingressClass: '' }).route.ingressClass).toBe('traefik');
    expect(resolved({ ingressClass: 'contour' }).route.ingressClass).toBe('contour');
  });
});

describe('the pods of a server', () => {
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
      policy: { mode: 'allow-list', defaultDecision: 'deny', version: 'v1', maxStalenessSeconds: 86_400 },
      session: {
        required: false,
        maxLifetimeSeconds: 86_400,
        idleTimeoutSeconds: 3_600,
        upstreamTokenHeader: 'Authorization',
      },
      audit: { durability: 'by-effect' },
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
