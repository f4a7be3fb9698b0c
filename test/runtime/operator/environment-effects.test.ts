// What each variable of an operator's environment does to the children of a server: read as the operator reads it,
// rendered as the operator renders it.
import { describe, expect, it } from '@jest/globals';
import { MCPServer } from '#api/mcp-server.ts';
import { parseResource } from '#api/parse.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import { compilePolicy } from '#policy/compile.ts';
import { readOperatorSettings } from '#runtime/operator/config.ts';

type Members = Readonly<Record<string, unknown>>;
type Env = Readonly<Record<string, string>>;

const PROXY = { MCP_GATEWAY_PROXY_IMAGE: 'example.org/proxy:1' };
const GOVERNED = { gateway: { enabled: true } };
const RECORDED = { ...GOVERNED, analytics: {} };

/** The children of server `notes` in namespace `team-a`, as one text. */
function childrenWith(env: Env, spec: Members = {}): string {
  const read = readOperatorSettings({ ...PROXY, ...env });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const { config, policyEpoch: epoch } = read.value;
  const parsed = parseResource(MCPServer, {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: 'notes', namespace: 'team-a' },
    spec: { image: 'example.org/notes:1', ...spec },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const server = parsed.value;
  const inputs = { servers: '1', grants: '1', sessions: '1', tombstones: '1' };
  const none = { grants: [], sessions: [], tombstones: [] };
  const { document } = compilePolicy({ server, ...none, config, inputs, epoch });
  const objects: readonly Manifest[] = workloadObjects({ server, config, policy: document });
  return JSON.stringify(objects);
}

const variable = (name: string, value: string) => JSON.stringify({ name, value });
const host = (name: string) => `"rules":[{"host":"${name}"`;
const image = (name: string) => `"image":"${name}"`;

const TRAEFIK = 'traefik.ingress.kubernetes.io/router';
const REGISTRY = {
  PROVISIONED_REGISTRY_URL: 'reg.example.org',
  PROVISIONED_REGISTRY_USERNAME: 'robot',
  PROVISIONED_REGISTRY_PASSWORD: 'hidden',
};

describe('a variable of the operator', () => {
  it.each<[string, Env, Members, string]>([
    ['MCP_DEFAULT_INGRESS_HOST', { MCP_DEFAULT_INGRESS_HOST: 'a.example.org' }, {}, host('a.example.org')],
    ['DEFAULT_INGRESS_HOST', { DEFAULT_INGRESS_HOST: 'b.example.org' }, {}, host('b.example.org')],
    [
      'DEFAULT_INGRESS_CLASS',
      { DEFAULT_INGRESS_CLASS: 'nginx' },
      { ingressClass: '' },
      '"ingressClassName":"nginx"',
    ],
    [
      'MCP_DEFAULT_INGRESS_ENTRYPOINTS',
      { MCP_DEFAULT_INGRESS_ENTRYPOINTS: 'websecure' },
      {},
      `"${TRAEFIK}.entrypoints":"websecure"`,
    ],
    ['MCP_DEFAULT_INGRESS_TLS', { MCP_DEFAULT_INGRESS_TLS: 'true' }, {}, `"${TRAEFIK}.tls":"true"`],
    [
      'MCP_DEFAULT_INGRESS_TLS, for the URL that the proxy tells',
      { MCP_DEFAULT_INGRESS_TLS: 'true', MCP_DEFAULT_INGRESS_HOST: 'a.example.org' },
      GOVERNED,
      variable('EXTERNAL_BASE_URL', 'https://a.example.org/notes/mcp'),
    ],
    [
      'MCP_INGRESS_NAMESPACE',
      { MCP_INGRESS_NAMESPACE: 'contour' },
      GOVERNED,
      '"kubernetes.io/metadata.name":"contour"',
    ],
    [
      'MCP_DEFAULT_GATEWAY',
      { MCP_DEFAULT_GATEWAY: 'net/edge/https' },
      { ingressClass: 'gateway' },
      '"name":"edge","namespace":"net","sectionName":"https"',
    ],
    [
      'PROVISIONED_REGISTRY_URL',
      { PROVISIONED_REGISTRY_URL: 'reg.example.org' },
      { useProvisionedRegistry: true },
      image('reg.example.org/notes:1'),
    ],
    [
      'PROVISIONED_REGISTRY_USERNAME and _PASSWORD',
      REGISTRY,
      {},
      '"imagePullSecrets":[{"name":"mcp-runtime-registry-pull"}]',
    ],
    [
      'PROVISIONED_REGISTRY_SECRET_NAME',
      { ...REGISTRY, PROVISIONED_REGISTRY_SECRET_NAME: 'pull' },
      {},
      '"imagePullSecrets":[{"name":"pull"}]',
    ],
    [
      'MCP_REGISTRY_ENDPOINT',
      { MCP_REGISTRY_ENDPOINT: 'reg.internal:5000' },
      { useProvisionedRegistry: true },
      image('reg.internal:5000/notes:1'),
    ],
    [
      'MCP_REGISTRY_PULL_HOST',
      { MCP_REGISTRY_ENDPOINT: 'reg.internal:5000', MCP_REGISTRY_PULL_HOST: 'nodes:32000' },
      { useProvisionedRegistry: true },
      image('nodes:32000/notes:1'),
    ],
    [
      'MCP_IMAGE_MIRROR',
      { MCP_IMAGE_MIRROR: 'm.example.org/all' },
      GOVERNED,
      image('m.example.org/all/notes:1'),
    ],
    [
      'MCP_IMAGE_MIRROR, of proxies',
      { MCP_IMAGE_MIRROR: 'm.example.org/all' },
      GOVERNED,
      image('m.example.org/all/proxy:1'),
    ],
    [
      'MCP_IMAGE_MIRROR, of a proxy that the author names',
      { MCP_IMAGE_MIRROR: 'm.example.org/all' },
      { gateway: { enabled: true, image: 'r.example.org/proxy:9' } },
      image('m.example.org/all/proxy:9'),
    ],
    [
      'MCP_GATEWAY_PROXY_IMAGE',
      { MCP_GATEWAY_PROXY_IMAGE: 'example.org/proxy:2' },
      GOVERNED,
      image('example.org/proxy:2'),
    ],
    [
      'MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT',
      { MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' },
      GOVERNED,
      `${variable('OTEL_SERVICE_NAME', 'notes-gateway')},${variable('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://otel:4318')}`,
    ],
    [
      'MCP_SENTINEL_INGEST_URL',
      { MCP_SENTINEL_INGEST_URL: 'http://ingest/events' },
      RECORDED,
      variable('ANALYTICS_INGEST_URL', 'http://ingest/events'),
    ],
    [
      'MCP_ANALYTICS_INGEST_URL',
      { MCP_ANALYTICS_INGEST_URL: 'http://older/events' },
      RECORDED,
      variable('ANALYTICS_INGEST_URL', 'http://older/events'),
    ],
    ['MCP_CLUSTER_NAME', { MCP_CLUSTER_NAME: 'eu-1' }, GOVERNED, variable('MCP_CLUSTER_NAME', 'eu-1')],
    ['MCP_CLUSTER_DOMAIN', { MCP_CLUSTER_DOMAIN: 'corp.local' }, GOVERNED, 'notes.team-a.svc.corp.local'],
  ])('has its effect: %s', (_name, env, spec, expected) => {
    expect(childrenWith(env, spec)).toContain(expected);
    // Without the variable there is no such thing; what would be missed without it is not asked for.
    const without = { ...spec, analytics: undefined, ingressClass: undefined };
    expect(childrenWith({}, without)).not.toContain(expected);
  });

  it('has its effect: MCP_POLICY_EPOCH', () => {
    const epoch = String.raw`\"epoch\": 3`;
    expect(childrenWith({ MCP_POLICY_EPOCH: '3' }, GOVERNED)).toContain(epoch);
    expect(childrenWith({}, GOVERNED)).not.toContain(epoch);
  });

  it('never puts the password of the registry into a child', () => {
    const children = childrenWith(REGISTRY, { useProvisionedRegistry: true });
    expect(children).not.toContain('hidden');
    expect(children).not.toContain('robot');
  });
});
