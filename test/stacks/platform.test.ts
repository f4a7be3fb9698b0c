import { describe, expect, it } from '@jest/globals';
import { ApiObject, App } from 'cdk8s';
import { PROFILES } from '#constructs/kit/settings.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import type { Environment } from '#environment/environment-schema.ts';
import { synthesise, type SynthesisedProgram } from '#render/synthesise.ts';
import { Platform } from '#stacks/platform.ts';
import { z } from 'zod';
import { refusal } from '../constructs/build.ts';
import { LEAST } from '../environment/build.ts';

const oauth = Auth.oauth({ issuerUrl: 'https://login.example.org' });
const server = { image: 'example.org/notes:1', auth: oauth };

const synthesised = (environment: Environment, use: (platform: Platform) => unknown = () => undefined) =>
  synthesise((app) => use(new Platform(app, environment)));

const objectsOf = ({ charts }: SynthesisedProgram) =>
  charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));

const operator = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.looseObject({
            env: z.array(z.object({ name: z.string(), value: z.string().optional() }).loose()),
          }),
        ]),
      }),
    }),
  }),
});

function operatorEnvironment(program: SynthesisedProgram): Readonly<Record<string, string | undefined>> {
  const found = objectsOf(program).find(
    ({ metadata }) =>
      metadata.name.endsWith('controller-manager') &&
      metadata.namespace !== undefined &&
      metadata.labels !== undefined &&
      'control-plane' in metadata.labels,
  );
  const [{ env }] = operator.parse(found).spec.template.spec.containers;
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

describe('a platform', () => {
  it.each(PROFILES)('of profile %s is these objects', (profile) => {
    const { charts, warnings } = synthesised(LEAST[profile]);
    expect(warnings).toEqual([]);
    // What the control plane and the sentinel are made of stands in tests of their own.
    const ofOthers = ['bootstrap', 'platform', 'sentinel'];
    const names = charts.map(({ name, objects }) => [
      name,
      ofOthers.includes(name)
        ? 'as without an environment'
        : objects.map(
            ({ manifest: { kind, metadata } }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
          ),
    ]);
    expect(Object.fromEntries(names)).toMatchSnapshot();
  });

  it('tells its operator everything that its parts decide', () => {
    const program = synthesised({
      ...LEAST.production,
      name: 'blue',
      otlpEndpoint: 'http://otel.observability.svc:4318',
      registry: { mode: 'external', host: 'registry.example.org', credentials: { secretName: 'login' } },
    });
    expect(operatorEnvironment(program)).toMatchObject({
      MCP_CLUSTER_NAME: 'blue',
      MCP_DEFAULT_INGRESS_HOST: 'mcp.example.org',
      DEFAULT_INGRESS_CLASS: 'gateway',
      MCP_DEFAULT_GATEWAY: 'mcp-gateway/mcp-gateway',
      MCP_DEFAULT_INGRESS_TLS: 'true',
      MCP_INGRESS_NAMESPACE: 'mcp-gateway',
      PROVISIONED_REGISTRY_URL: 'registry.example.org',
      MCP_GATEWAY_PROXY_IMAGE: 'example.org/mcp-runtime/proxy:1.0.0',
      MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.observability.svc:4318',
      MCP_SENTINEL_INGEST_URL: 'http://mcp-sentinel.mcp-sentinel.svc.cluster.local:8081/events',
    });
  });

  describe('with a mirror', () => {
    const mirror = 'mirror.example.org/all';
    const images = { repository: 'example.org/mcp-runtime', tag: '1.0.0', mirror };
    const withPods = (platform: Platform) => {
      const chart = platform.servers();
      new McpServer(chart, 'notes', server);
      const pod = {
        initContainers: [{ name: 'first', image: 'r.example.org:5000/tools/first:1' }],
        containers: [{ name: 'main', image: 'mirror.example.org/all/main:2' }],
        volumes: [{ name: 'data', image: { reference: 'data@sha256:00' } }],
      };
      const job = { template: { spec: pod } };
      new ApiObject(chart, 'job', {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'tools' },
        spec: { jobTemplate: { spec: job } },
      });
    };
    const texts = (environment: Environment) =>
      [
        ...JSON.stringify(objectsOf(synthesised(environment, withPods))).matchAll(
          /"((?:[^"\s]*\/)?[\w.-]+(?::[\w.]+|@sha256:00))"/g,
        ),
      ].flatMap(([, text]) => (text === undefined || /^(https?|sha256):/.test(text) ? [] : [text]));

    it('pulls every pod from there, whoever wrote it, and tells the operator', () => {
      const environment = { ...LEAST.production, images };
      const found = texts(environment).filter((text) => text.startsWith('mirror.example.org'));
      expect(new Set(found)).toEqual(
        new Set(
          [
            ...['operator', 'distributor', 'sentinel', 'proxy'].map((name) => `mcp-runtime/${name}:1.0.0`),
            ...['tools/first:1', 'main:2', 'data@sha256:00'],
          ].map((name) => `${mirror}/${name}`),
        ),
      );
      // What its author wrote stands in the resource; the operator knows where it is pulled from.
      expect(texts(environment)).toContain('example.org/notes:1');
      expect(operatorEnvironment(synthesised(environment))).toMatchObject({
        MCP_IMAGE_MIRROR: mirror,
        MCP_GATEWAY_PROXY_IMAGE: `${mirror}/mcp-runtime/proxy:1.0.0`,
      });
    });

    it('pulls the registry in the cluster from elsewhere where that is the mirror', () => {
      const registry = {
        mode: 'bundled-https',
        image: 'example.org/registry:3.0.0',
        htpasswdSecret: 'users',
      } as const;
      const host = 'registry.registry.svc.cluster.local:5000';
      const withMirror = (name: string) =>
        texts({ ...LEAST.production, registry, images: { ...images, mirror: name } });
      expect(withMirror(mirror)).toContain(`${mirror}/registry:3.0.0`);
      expect(withMirror(`${host}/all`)).toContain('example.org/registry:3.0.0');
      expect(withMirror(`${host}/all`)).toContain(`${host}/all/mcp-runtime/operator:1.0.0`);
    });
  });

  it('gives its servers the way in, also those that stacks beside it hold', () => {
    const program = synthesised({ ...LEAST.production, teams: { lab: {} } }, (platform) => {
      platform.team('lab').server('notes', server);
      new McpServer(platform.servers(), 'search', server);
    });
    const classes = objectsOf(program)
      .filter(({ kind }) => kind === 'MCPServer')
      .map(({ metadata, spec }) => [
        metadata.namespace,
        z.looseObject({ ingressClass: z.string() }).parse(spec).ingressClass,
      ]);
    expect(classes).toEqual([
      ['mcp-team-lab', 'gateway'],
      ['mcp-servers', 'gateway'],
    ]);
  });

  it('is as strict with its servers as its profile', () => {
    const withHeaders = (platform: Platform) =>
      new McpServer(platform.servers(), 'notes', {
        ...server,
        auth: Auth.header(),
        image: 'example.org/notes',
      });
    expect(() => synthesised(LEAST.production, withHeaders)).toThrow(
      /servers\/notes: believes headers.*\[asserted-identity\]\n {2}servers\/notes: runs example.org\/notes:latest.*\[floating-image\]$/s,
    );
    expect(synthesised(LEAST.team, withHeaders).warnings.map(({ name }) => name)).toEqual(['floating-image']);
  });

  it('knows which of its classes is internal', () => {
    const open = (exposure: 'public' | 'internal') =>
      synthesised(
        { ...LEAST.team, ingress: { gatewayClassName: 'contour', exposure } },
        (platform) => new McpServer(platform.servers(), 'docs', { ...server, auth: Auth.none() }),
      ).warnings.map(({ name }) => name);
    expect(open('public')).toEqual(['open-server']);
    expect(open('internal')).toEqual([]);
  });

  it('has a certificate where its way in and its registry look for one', () => {
    const program = synthesised({
      ...LEAST.production,
      moreHosts: ['tools.example.org'],
      registry: {
        mode: 'bundled-https',
        image: 'example.org/registry:3.0.0',
        htpasswdSecret: 'users',
        host: 'images.example.org',
      },
    });
    const certificates = objectsOf(program)
      .filter(({ kind }) => kind === 'Certificate')
      .map(({ metadata, spec }) => [
        metadata.namespace,
        z.object({ secretName: z.string(), dnsNames: z.array(z.string()) }).parse(spec),
      ]);
    expect(certificates).toEqual([
      ['mcp-gateway', { secretName: 'mcp-runtime-tls', dnsNames: ['mcp.example.org', 'tools.example.org'] }],
      [
        'registry',
        {
          secretName: 'registry-tls',
          dnsNames: [
            'registry.registry.svc.cluster.local',
            'registry.registry.svc',
            'registry.registry',
            'images.example.org',
          ],
        },
      ],
    ]);
  });

  it('lets those who scrape read what the sentinel counts, where somebody scrapes', () => {
    const admitted = (environment: Environment) =>
      JSON.stringify(
        objectsOf(synthesised(environment)).filter(({ kind }) => kind === 'NetworkPolicy'),
      ).includes('"watch"');
    const observability = { metrics: 'prometheus-operator', namespace: 'watch' } as const;
    expect(admitted({ ...LEAST.team, observability })).toBe(true);
    expect(admitted({ ...LEAST.team, observability: { ...observability, metrics: 'none' } })).toBe(false);
    const sentinel = { apiToken: { secretName: 'api', key: 'key' } };
    const monitors = objectsOf(synthesised({ ...LEAST.team, observability, sentinel })).filter(
      ({ kind }) => kind === 'PodMonitor',
    );
    expect(JSON.stringify(monitors)).toContain('"credentials":{"key":"key","name":"api"}');
  });

  it('has proxies send traces to its collector, unless it names another place', () => {
    const collector = {
      image: 'example.org/otel-collector:0.150.0',
      endpoint: 'http://tempo.monitoring:4318',
    };
    const observability = { collector };
    const tracesOf = (environment: Environment) =>
      operatorEnvironment(synthesised(environment)).MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT;
    expect(tracesOf({ ...LEAST.team, observability })).toBe(
      'http://otel-collector.mcp-sentinel.svc.cluster.local:4318',
    );
    expect(tracesOf({ ...LEAST.team, observability, otlpEndpoint: 'http://a.example.org:4318' })).toBe(
      'http://a.example.org:4318',
    );
    expect(tracesOf(LEAST.team)).toBeUndefined();
  });

  it('leaves the certificate of a Gateway to whoever makes the Gateway', () => {
    const { charts } = synthesised({
      ...LEAST.team,
      ingress: { gatewayClassName: 'istio', existing: true, namespace: 'net', name: 'edge' },
    });
    const entrance = charts.find(({ name }) => name === 'entrance')?.objects ?? [];
    expect(entrance.map(({ manifest: { kind, metadata } }) => `${kind} ${metadata.name}`)).toEqual([
      'ClusterIssuer mcp-runtime-self-signed',
      'Certificate mcp-runtime-ca',
      'ClusterIssuer mcp-runtime-ca',
    ]);
  });

  it('backs its events up, unless it is a laptop, they may be lost, or the environment says otherwise', () => {
    const claims = (environment: Environment) =>
      objectsOf(synthesised(environment)).filter(({ kind }) => kind === 'PersistentVolumeClaim').length;
    expect(PROFILES.map((profile) => claims(LEAST[profile]))).toEqual([0, 1, 1]);
    const ephemeral = { reason: 'a trial' };
    expect(claims({ ...LEAST.team, sentinel: { storage: { ephemeral } } })).toBe(0);
    expect(claims({ ...LEAST.team, sentinel: { backup: { enabled: false } } })).toBe(0);
    expect(claims({ ...LEAST.team, sentinel: { backup: { volume: { existingClaim: 'vault' } } } })).toBe(0);
    expect(claims({ ...LEAST.laptop, sentinel: { backup: { enabled: true } } })).toBe(1);
  });

  it('has no secret in any object, and the same bytes each time', () => {
    for (const profile of PROFILES) {
      const objects = objectsOf(synthesised(LEAST[profile]));
      expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      expect(JSON.stringify(objectsOf(synthesised(LEAST[profile])))).toBe(JSON.stringify(objects));
    }
  });

  it('says everything that is wrong with its environment, each with its path', () => {
    const error = refusal(() => new Platform(new App(), { ...LEAST.laptop, name: 'A B', images: {} }));
    expect(error.constructPath).toBe('environment');
    expect(error.problems.map(({ path }) => path)).toEqual(['name']);
  });

  it('names the teams that it has where one is asked for that it has not', () => {
    const platform = new Platform(new App(), { ...LEAST.laptop, teams: { lab: {} } });
    expect(() => platform.team('labs')).toThrow(
      'the environment has no team "labs"; it has lab; did you mean "lab"?',
    );
  });
});
