// Operators of another installation, with an environment as the setup of the Go system writes it: what each variable
// does to servers that run, and that pull secrets of the namespace's shared account count where no others are known.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at, byName, conditionLine, items, type KubeObject } from '../harness/objects.ts';
import { LONG } from './replicas.ts';

const world = cluster();
const ns = namespace('installation');
const host = `${ns}.example.org`;

/** An empty one is not set. */
const ENVIRONMENT = {
  MCP_DEFAULT_INGRESS_HOST: host,
  DEFAULT_INGRESS_CLASS: 'nginx',
  MCP_DEFAULT_INGRESS_ENTRYPOINTS: 'websecure',
  MCP_DEFAULT_INGRESS_TLS: 'true',
  MCP_DEFAULT_INGRESS_TLS_SECRET: 'wildcard',
  MCP_DEFAULT_INGRESS_TLS_SECRET_NAMESPACE: 'traefik',
  MCP_INGRESS_READINESS_MODE: 'permissive',
  PROVISIONED_REGISTRY_URL: '',
  PROVISIONED_REGISTRY_USERNAME: '',
  PROVISIONED_REGISTRY_PASSWORD: '',
  MCP_REGISTRY_ENDPOINT: 'registry.registry.svc:5000',
  MCP_REGISTRY_PULL_HOST: 'nodes.example.org:32000',
  REQUEUE_DELAY_SECONDS: '3',
  MCP_GATEWAY_PROXY_IMAGE: 'example.org/proxy:7',
  MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.example.org:4318',
  MCP_SENTINEL_INGEST_URL: 'http://ingest.example.org/events',
  MCP_CLUSTER_NAME: 'east',
  MCP_MTLS_CLUSTER_ISSUER: 'ca',
  MCP_ENABLE_WEBHOOKS: 'true',
};

const SERVERS = {
  plain: {},
  prefixed: { publicPathPrefix: `${ns}/prefixed` },
  'any-class': { ingressClass: '' },
  pulled: { image: 'localhost:5000/team/pulled', useProvisionedRegistry: true },
  governed: { gateway: { enabled: true }, analytics: {} },
  named: { imagePullSecrets: ['own'] },
};

type Name = keyof typeof SERVERS;

const serverOf = (name: string, spec: object) => ({
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name, namespace: ns },
  spec: { image: 'example.org/server:1', ...spec },
});

/** A server that is ready, though nobody gave its Ingress an address, and its Deployment. */
const ready = (name: Name) =>
  eventually(
    `${name} is ready`,
    async () => {
      const server = await world.must('MCPServer', name, ns);
      expect(at(server, 'status', 'observedGeneration')).toBe(server.metadata.generation);
      expect(conditionLine(server, 'Ready')).toBe('True Observed');
      return { server, deployment: await world.must('Deployment', name, ns) };
    },
    LONG,
  );

const resolvedOf = async (name: Name) => at((await ready(name)).server, 'status', 'resolved');

const container = (deployment: KubeObject, name: string) =>
  byName(items(deployment, 'spec', 'template', 'spec', 'containers'), name);

const pullSecretsOf = (deployment: KubeObject) =>
  items(deployment, 'spec', 'template', 'spec', 'imagePullSecrets').map((each) => at(each, 'name'));

const shared = (...secrets: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'mcp-workload', namespace: ns },
  imagePullSecrets: secrets.map((name) => ({ name })),
});

beforeAll(async () => {
  await world.apply(shared('regcred', 'mirror'));
  await world.operators.restartAll(ENVIRONMENT);
  await world.apply(Object.entries(SERVERS).map(([name, spec]) => serverOf(name, spec)));
});

afterAll(async () => {
  await world.kubectl(['delete', 'mcpserver', '--all', '-n', ns]);
  await world.operators.restartAll();
  await world.operators.reset();
});

describe('routes of an installation', () => {
  it('are on its host, unless their author chose a prefix', async () => {
    expect(await resolvedOf('plain')).toMatchObject({ host, url: `https://${host}/plain/mcp` });
    expect(at(await world.must('Ingress', 'plain', ns), 'spec', 'rules', 0, 'host')).toBe(host);
    expect(await resolvedOf('prefixed')).not.toHaveProperty('host');
    expect(at(await world.must('Ingress', 'prefixed', ns), 'spec', 'rules', 0)).not.toHaveProperty('host');
  });

  it('are served with TLS at its entry points', async () => {
    await ready('plain');
    expect((await world.must('Ingress', 'plain', ns)).metadata.annotations).toEqual({
      'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
      'traefik.ingress.kubernetes.io/router.tls': 'true',
    });
  });

  it('are of its class where the author leaves that empty', async () => {
    expect(await resolvedOf('any-class')).toMatchObject({ ingressClass: 'nginx', ingressStrategy: 'nginx' });
    expect(at(await world.must('Ingress', 'any-class', ns), 'spec', 'ingressClassName')).toBe('nginx');
  });

  it('are in force without an address where that is enough', async () => {
    const { server } = await ready('plain');
    expect(server['status']).toMatchObject({ ingressReady: true, phase: 'Ready' });
    expect(items(await world.must('Ingress', 'plain', ns), 'status', 'loadBalancer', 'ingress')).toEqual([]);
  });
});

describe('the proxy of an installation', () => {
  it('is its image, tells its URL and cluster, and sends traces and events where they are collected', async () => {
    const { deployment } = await ready('governed');
    const proxy = container(deployment, 'mcp-gateway');
    expect(at(proxy, 'image')).toBe('example.org/proxy:7');
    const env = Object.fromEntries(
      items(proxy, 'env').map((each) => [String(at(each, 'name')), at(each, 'value')]),
    );
    expect(env).toMatchObject({
      EXTERNAL_BASE_URL: `https://${host}/governed/mcp`,
      MCP_CLUSTER_NAME: 'east',
      OTEL_SERVICE_NAME: 'governed-gateway',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.example.org:4318',
      ANALYTICS_INGEST_URL: 'http://ingest.example.org/events',
    });
  });
});

describe('images of an installation without credentials for its registry', () => {
  it('come from the address that its nodes know', async () => {
    const { deployment } = await ready('pulled');
    expect(at(container(deployment, 'pulled'), 'image')).toBe('nodes.example.org:32000/team/pulled:latest');
  });

  it('are pulled with the secrets of the shared account, unless the author names some', async () => {
    expect(pullSecretsOf((await ready('plain')).deployment)).toEqual(['regcred', 'mirror']);
    expect(pullSecretsOf((await ready('named')).deployment)).toEqual(['own']);
    const types = (await world.list('Secret', ns)).map((secret) => at(secret, 'type'));
    expect(types).not.toContain('kubernetes.io/dockerconfigjson');
  });

  it('are pulled with other secrets as soon as the shared account has others', async () => {
    await ready('plain');
    await world.apply(shared('newer'));
    await eventually('the pods have them', async () => {
      return pullSecretsOf(await world.must('Deployment', 'plain', ns)).join() === 'newer';
    });
    expect(pullSecretsOf(await world.must('Deployment', 'named', ns))).toEqual(['own']);
  });
});

describe('what has no effect', () => {
  it.each([
    ['MCP_ENABLE_WEBHOOKS', 'has no effect'],
    ['MCP_MTLS_CLUSTER_ISSUER', 'has no effect yet'],
    ['MCP_DEFAULT_INGRESS_TLS_SECRET', 'has no effect yet'],
    ['MCP_DEFAULT_INGRESS_TLS_SECRET_NAMESPACE', 'has no effect yet'],
  ])('is said in the log: %s', async (variable, words) => {
    for (const { index } of await world.operators.list()) {
      expect(await world.operators.log(index)).toContain(`${variable} ${words}`);
    }
  });
});
