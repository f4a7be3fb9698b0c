// The way in from outside the cluster: what each class of ingress controller is told, and the route of a Gateway.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { OperatorConfig } from '#api/operator-config.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import {
  ingressStrategyName,
  workloadObjects,
  type McpServerWorkloadProps,
} from '#constructs/server/mcp-server-workload.ts';
import { CONFIG, containerOf, ofKind, storedServer } from '../workload-build.ts';

type Members = Readonly<Record<string, unknown>>;
type Cluster = Partial<Omit<McpServerWorkloadProps, 'server' | 'config'>>;

const rendered = (spec: Members, config: Partial<OperatorConfig> = {}, cluster: Cluster = {}) =>
  workloadObjects({ server: storedServer(spec), config: { ...CONFIG, ...config }, ...cluster });

function one(objects: readonly Manifest[], kind: string): Manifest {
  const [first, second] = ofKind(objects, kind);
  if (first === undefined || second !== undefined) throw new Error(`there is not one ${kind}`);
  return first;
}

const annotationsOf = (spec: Members, config: Partial<OperatorConfig> = {}, cluster: Cluster = {}) =>
  one(rendered(spec, config, cluster), 'Ingress').metadata.annotations;

const ingress = z.object({
  spec: z.object({
    ingressClassName: z.string(),
    tls: z.array(z.unknown()).optional(),
    rules: z.array(
      z.object({
        host: z.string().optional(),
        http: z.object({ paths: z.array(z.looseObject({ path: z.string(), pathType: z.string() })) }),
      }),
    ),
  }),
});

const ingressOf = (spec: Members, config: Partial<OperatorConfig> = {}) =>
  ingress.parse(one(rendered(spec, config), 'Ingress')).spec;

describe('the Ingress of a server', () => {
  it('has one rule with one path, for every host or for one', () => {
    const backend = { service: { name: 'notes', port: { number: 80 } } };
    const http = { paths: [{ path: '/notes/mcp', pathType: 'Prefix', backend }] };
    expect(ingressOf({})).toEqual({ ingressClassName: 'traefik', rules: [{ http }] });
    expect(ingressOf({ ingressHost: 'n.example.org' }).rules).toEqual([{ host: 'n.example.org', http }]);
  });

  it('serves the metadata of OAuth beside the endpoint', () => {
    const auth = { mode: 'oauth', issuerURL: 'https://login.example.org' };
    const { rules } = ingressOf({ auth, ingressHost: 'n.example.org' });
    expect(rules.flatMap(({ http }) => http.paths.map(({ path }) => path))).toEqual([
      '/notes/mcp',
      '/.well-known/oauth-protected-resource/notes/mcp',
    ]);
  });

  it('has a certificate for its host, and the issuer that fills it', () => {
    const spec = { ingressHost: 'n.example.org', ingressTLS: { clusterIssuer: 'main' } };
    expect(ingressOf(spec).tls).toEqual([{ hosts: ['n.example.org'], secretName: 'notes-tls' }]);
    expect(annotationsOf(spec)).toMatchObject({ 'cert-manager.io/cluster-issuer': 'main' });
    const ingressTLS = { secretName: 'own', issuer: 'local' };
    const ingressAnnotations = { 'cert-manager.io/issuer': 'other' };
    expect(annotationsOf({ ...spec, ingressTLS, ingressAnnotations })).toMatchObject({
      'cert-manager.io/issuer': 'local',
    });
    expect(ingressOf({ ingressHost: 'n.example.org' })).not.toHaveProperty('tls');
  });

  it('is not there while an older server has its route, and neither is an HTTPRoute', () => {
    for (const spec of [{}, { ingressClass: 'gateway', gatewayRef: { name: 'edge' } }]) {
      const kinds = rendered(spec, {}, { routeRefused: true }).map(({ kind }) => kind);
      expect(kinds).not.toContain('Ingress');
      expect(kinds).not.toContain('HTTPRoute');
      expect(kinds).toContain('Service');
    }
  });
});

const TRAEFIK = 'traefik.ingress.kubernetes.io/router';

describe('a class of ingress controller', () => {
  it.each<[string, string, string | undefined, string]>([
    ['by its name', 'traefik', undefined, 'traefik'],
    ['by its name', 'nginx', undefined, 'nginx'],
    ['by its name', 'istio', undefined, 'istio'],
    ['by its name before its controller', 'nginx', 'traefik.io/ingress-controller', 'nginx'],
    ['by its controller', 'public', 'traefik.io/ingress-controller', 'traefik'],
    ['by its controller', 'public', 'k8s.io/ingress-nginx', 'nginx'],
    ['by its controller', 'public', 'nginx.org/ingress-controller', 'nginx'],
    ['by its controller', 'public', 'istio.io/ingress-controller', 'istio'],
    ['not by a controller that we have no words for', 'public', 'projectcontour.io/ingress', 'generic'],
    ['not where neither is known', 'public', undefined, 'generic'],
    ['not by what every object has', 'constructor', 'toString', 'generic'],
  ])('is known %s: %s, %s', (_how, ingressClass, ingressController, strategy) => {
    const server = storedServer({ ingressClass });
    expect(ingressStrategyName({ server, config: CONFIG, ingressController })).toBe(strategy);
  });

  it.each<[string, Members, Partial<OperatorConfig>, Members | undefined]>([
    ['traefik its entry point', {}, {}, { [`${TRAEFIK}.entrypoints`]: 'web' }],
    [
      'traefik the entry points and TLS of the installation',
      {},
      { ingressEntrypoints: 'web,websecure', ingressTls: true },
      { [`${TRAEFIK}.entrypoints`]: 'web,websecure', [`${TRAEFIK}.tls`]: 'true' },
    ],
    [
      'traefik the entry point for TLS where the server has a certificate',
      { ingressHost: 'n.example.org', ingressTLS: {} },
      {},
      { [`${TRAEFIK}.entrypoints`]: 'websecure', [`${TRAEFIK}.tls`]: 'true' },
    ],
    [
      'nginx not to redirect',
      { ingressClass: 'nginx' },
      {},
      { 'nginx.ingress.kubernetes.io/ssl-redirect': 'false' },
    ],
    [
      'nginx nothing of redirects where the server has a certificate',
      { ingressClass: 'nginx', ingressHost: 'n.example.org', ingressTLS: {} },
      {},
      undefined,
    ],
    ['istio its class', { ingressClass: 'istio' }, {}, { 'kubernetes.io/ingress.class': 'istio' }],
    ['another one nothing', { ingressClass: 'contour' }, {}, undefined],
  ])('tells %s', (_what, spec, config, annotations) => {
    expect(annotationsOf(spec, config)).toEqual(annotations);
  });

  it('of istio that has another name is not named a second time, which the API server refuses', () => {
    const istio = { ingressController: 'istio.io/ingress-controller' };
    expect(annotationsOf({ ingressClass: 'mesh' }, {}, istio)).toBeUndefined();
  });

  it.each<[string, Members, Members]>([
    [
      'traefik',
      { [`${TRAEFIK}.entrypoints`]: 'websecure', [`${TRAEFIK}.priority`]: '7' },
      { [`${TRAEFIK}.middlewares`]: 'default-strip-auth@kubernetescrd' },
    ],
    [
      'nginx',
      { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600', 'nginx.org/proxy-read-timeout': '1h' },
      {
        'nginx.ingress.kubernetes.io/configuration-snippet': 'deny all',
        'nginx.ingress.kubernetes.io/auth-url': 'http://a.example.org',
        'nginx.ingress.kubernetes.io/rewrite-target': '/',
        'nginx.ingress.kubernetes.io/proxy-body-size': '1m; } location /x {',
      },
    ],
    [
      'contour',
      { 'cert-manager.io/cluster-issuer': 'main', 'external-dns.alpha.kubernetes.io/ttl': '60' },
      { [`${TRAEFIK}.priority`]: '7', 'example.org/note': '1' },
    ],
  ])('%s takes annotations from a list, and no others', (ingressClass, taken, refused) => {
    const annotations = annotationsOf({ ingressClass, ingressAnnotations: { ...taken, ...refused } });
    expect(annotations).toMatchObject(taken);
    for (const name of Object.keys(refused)) expect(annotations).not.toHaveProperty([name]);
  });
});

describe('the HTTPRoute of a server', () => {
  const spec = { ingressClass: 'gateway', ingressHost: 'n.example.org' };
  const defaultGateway = { namespace: 'edge', name: 'main', sectionName: 'https' };
  const routeOf = (more: Members = {}, config: Partial<OperatorConfig> = { defaultGateway }) =>
    one(rendered({ ...spec, ...more }, config), 'HTTPRoute');

  it('belongs to its Gateway and sends every call to the Service', () => {
    expect(routeOf()).toMatchSnapshot();
    expect(ofKind(rendered(spec, { defaultGateway }), 'Ingress')).toEqual([]);
  });

  it('names the Gateway of the server before that of the installation', () => {
    const gatewayRef = { name: 'own' };
    expect(routeOf({ gatewayRef })).toMatchObject({
      spec: { parentRefs: [{ kind: 'Gateway', namespace: 'team-a', name: 'own' }] },
    });
  });

  it('has no host where none is known, and the metadata of OAuth where that is served', () => {
    const auth = { mode: 'oauth', issuerURL: 'https://login.example.org', audience: 'notes' };
    const { spec: routed } = z
      .object({ spec: z.looseObject({ rules: z.array(z.looseObject({ matches: z.unknown() })) }) })
      .parse(routeOf({ ingressHost: undefined, auth }));
    expect(routed).not.toHaveProperty('hostnames');
    expect(routed.rules.map(({ matches }) => matches)).toEqual([
      [
        { path: { type: 'PathPrefix', value: '/notes/mcp' } },
        { path: { type: 'PathPrefix', value: '/.well-known/oauth-protected-resource/notes/mcp' } },
      ],
    ]);
  });

  it('takes the annotations that a Gateway has a use for', () => {
    const ingressAnnotations = {
      'external-dns.alpha.kubernetes.io/hostname': 'n.example.org',
      'cert-manager.io/issuer': 'own',
    };
    expect(routeOf({ ingressAnnotations }).metadata.annotations).toEqual({
      'external-dns.alpha.kubernetes.io/hostname': 'n.example.org',
    });
  });

  it('divides the calls of a canary by weight, over a Service for each Deployment', () => {
    const rollout = { strategy: 'Canary', canaryReplicas: 1, canaryWeight: 5 };
    const objects = rendered({ ...spec, replicas: 4, rollout }, { defaultGateway });
    const backend = { group: '', kind: 'Service', port: 80 };
    expect(one(objects, 'HTTPRoute')).toMatchObject({
      spec: {
        rules: [
          {
            backendRefs: [
              { ...backend, name: 'notes-stable', weight: 95 },
              { ...backend, name: 'notes-canary', weight: 5 },
            ],
          },
        ],
      },
    });
    const services = ofKind(objects, 'Service').map(({ metadata, spec: service }) => [
      metadata.name,
      service,
    ]);
    expect(services).toMatchObject([
      ['notes', { selector: { 'app.kubernetes.io/managed-by': 'mcp-runtime' } }],
      [
        'notes-stable',
        { selector: { 'mcpruntime.org/rollout-track': 'stable' }, ports: [{ targetPort: 8091 }] },
      ],
      [
        'notes-canary',
        { selector: { 'mcpruntime.org/rollout-track': 'canary' }, ports: [{ targetPort: 8091 }] },
      ],
    ]);
  });

  it('lets pods of the Gateway in, besides those of the installation', () => {
    const policy = JSON.stringify(one(rendered(spec, { defaultGateway }), 'NetworkPolicy'));
    for (const namespace of ['edge', 'traefik'])
      expect(policy).toContain(`"kubernetes.io/metadata.name":"${namespace}"`);
    expect(JSON.stringify(one(rendered({}), 'NetworkPolicy'))).not.toContain('"edge"');
  });

  it('is refused without a Gateway', () => {
    expect(() => rendered(spec)).toThrow(/spec\.gatewayRef: names no Gateway/);
  });
});

describe('the URL that the proxy tells of itself', () => {
  it('is one with https where the route has a certificate', () => {
    const objects = rendered({ ingressHost: 'n.example.org', ingressTLS: {} });
    const value = 'https://n.example.org/notes/mcp';
    expect(containerOf(objects, 'mcp-gateway').env).toContainEqual({ name: 'EXTERNAL_BASE_URL', value });
  });
});
