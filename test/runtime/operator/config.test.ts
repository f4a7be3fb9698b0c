import { describe, expect, it } from '@jest/globals';
import { readOperatorSettings, type OperatorSettings } from '#runtime/operator/config.ts';

function settings(env: Readonly<Record<string, string>>): OperatorSettings {
  const read = readOperatorSettings(env);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

const config = (env: Readonly<Record<string, string>>) => settings(env).config;

describe('the environment of an operator', () => {
  it('may be empty: nothing of an installation is configured then', () => {
    expect(settings({})).toMatchObject({
      config: {
        clusterName: 'local',
        ingressClass: 'traefik',
        ingressEntrypoints: 'web',
        ingressTls: false,
        ingressReadiness: 'strict',
        registryPullHost: 'registry.registry.svc.cluster.local:5000',
      },
      requeueMs: 10_000,
      policyEpoch: 0,
      namespace: 'mcp-runtime',
      remarks: [],
    });
    expect(config({}).ingressHost).toBeUndefined();
    expect(config({}).gatewayImage).toBeUndefined();
    expect(config({}).ingestUrl).toBeUndefined();
  });

  it.each([
    ['MCP_DEFAULT_INGRESS_HOST', 'mcp.example.org', { ingressHost: 'mcp.example.org' }],
    ['DEFAULT_INGRESS_HOST', 'old.example.org', { ingressHost: 'old.example.org' }],
    ['DEFAULT_INGRESS_CLASS', 'nginx', { ingressClass: 'nginx' }],
    ['MCP_DEFAULT_INGRESS_ENTRYPOINTS', 'websecure', { ingressEntrypoints: 'websecure' }],
    ['MCP_DEFAULT_INGRESS_TLS', 'true', { ingressTls: true }],
    ['MCP_DEFAULT_INGRESS_TLS', '1', { ingressTls: true }],
    ['MCP_DEFAULT_INGRESS_TLS', 'false', { ingressTls: false }],
    ['MCP_INGRESS_READINESS_MODE', 'permissive', { ingressReadiness: 'permissive' }],
    ['MCP_INGRESS_READINESS_MODE', 'strict', { ingressReadiness: 'strict' }],
    ['MCP_INGRESS_NAMESPACE', 'contour', { ingressNamespace: 'contour' }],
    ['MCP_DEFAULT_GATEWAY', 'infra/public', { defaultGateway: { namespace: 'infra', name: 'public' } }],
    [
      'MCP_DEFAULT_GATEWAY',
      'infra/public/https',
      { defaultGateway: { namespace: 'infra', name: 'public', sectionName: 'https' } },
    ],
    ['PROVISIONED_REGISTRY_URL', 'reg.example.org', { provisionedRegistryUrl: 'reg.example.org' }],
    ['MCP_REGISTRY_ENDPOINT', 'reg.internal:5000', { registryPullHost: 'reg.internal:5000' }],
    ['MCP_REGISTRY_PULL_HOST', 'node.example.org:32000', { registryPullHost: 'node.example.org:32000' }],
    ['MCP_IMAGE_MIRROR', 'm.example.org:5000/all', { imageMirror: 'm.example.org:5000/all' }],
    ['MCP_GATEWAY_PROXY_IMAGE', 'example.org/proxy:1', { gatewayImage: 'example.org/proxy:1' }],
    [
      'MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT',
      'http://otel:4318',
      { gatewayOtlpEndpoint: 'http://otel:4318' },
    ],
    ['MCP_SENTINEL_INGEST_URL', 'http://ingest/events', { ingestUrl: 'http://ingest/events' }],
    ['MCP_ANALYTICS_INGEST_URL', 'http://old/events', { ingestUrl: 'http://old/events' }],
    ['MCP_CLUSTER_NAME', 'eu-1', { clusterName: 'eu-1' }],
    ['MCP_CLUSTER_DOMAIN', 'corp.local', { clusterDomain: 'corp.local' }],
  ])('takes %s=%s', (name, value, expected) => {
    expect(config({ [name]: value })).toMatchObject(expected);
  });

  it('takes the newer of two names', () => {
    expect(
      config({
        MCP_DEFAULT_INGRESS_HOST: 'new.example.org',
        DEFAULT_INGRESS_HOST: 'old.example.org',
        MCP_SENTINEL_INGEST_URL: 'http://new/events',
        MCP_ANALYTICS_INGEST_URL: 'http://old/events',
        MCP_REGISTRY_PULL_HOST: 'pull:5000',
        MCP_REGISTRY_ENDPOINT: 'endpoint:5000',
      }),
    ).toMatchObject({
      ingressHost: 'new.example.org',
      ingestUrl: 'http://new/events',
      registryPullHost: 'pull:5000',
    });
  });

  it('names a pull secret only where the credentials of the registry are complete', () => {
    const url = { PROVISIONED_REGISTRY_URL: 'reg.example.org' };
    const user = { ...url, PROVISIONED_REGISTRY_USERNAME: 'robot' };
    const all = { ...user, PROVISIONED_REGISTRY_PASSWORD: 'hidden' };
    expect(config(url).provisionedPullSecret).toBeUndefined();
    expect(config(user).provisionedPullSecret).toBeUndefined();
    expect(config(all).provisionedPullSecret).toBe('mcp-runtime-registry-pull');
    expect(config({ ...all, PROVISIONED_REGISTRY_SECRET_NAME: 'pull' }).provisionedPullSecret).toBe('pull');
    expect(settings(all).registryCredentials).toEqual({
      url: 'reg.example.org',
      username: 'robot',
      password: 'hidden',
    });
    expect(JSON.stringify(config(all))).not.toContain('hidden');
  });

  it('says what has no effect, and goes on', () => {
    const { remarks, config: read } = settings({
      MCP_ENABLE_WEBHOOKS: 'true',
      MCP_INGRESS_READINESS_MODE: 'lenient',
      MCP_MTLS_CLUSTER_ISSUER: 'ca',
      MCP_DEFAULT_INGRESS_TLS_SECRET: 'tls',
      MCP_DEFAULT_INGRESS_TLS_SECRET_NAMESPACE: 'traefik',
    });
    expect(read.ingressReadiness).toBe('strict');
    expect(remarks).toHaveLength(5);
    for (const name of ['MCP_ENABLE_WEBHOOKS', 'MCP_INGRESS_READINESS_MODE', 'MCP_MTLS_CLUSTER_ISSUER']) {
      expect(remarks.some((remark) => remark.startsWith(name))).toBe(true);
    }
  });

  it('takes the seconds between two looks, the epoch, the replica and older field managers', () => {
    expect(
      settings({
        REQUEUE_DELAY_SECONDS: '3',
        MCP_POLICY_EPOCH: '2',
        POD_NAME: 'operator-1',
        POD_NAMESPACE: 'platform',
        MCP_LEGACY_FIELD_MANAGERS: 'a, b',
        MCP_ACKNOWLEDGEMENTS_URL: 'http://127.0.0.1:9000',
      }),
    ).toMatchObject({
      requeueMs: 3000,
      policyEpoch: 2,
      identity: 'operator-1',
      namespace: 'platform',
      legacyManagers: ['a', 'b'],
      acknowledgementsUrl: new URL('http://127.0.0.1:9000'),
    });
  });

  it('refuses what it can not read, with the names, and without repeating a secret', () => {
    const read = readOperatorSettings({
      REQUEUE_DELAY_SECONDS: 'soon',
      MCP_DEFAULT_INGRESS_TLS: 'maybe',
      MCP_DEFAULT_GATEWAY: 'public',
      LOG_LEVEL: 'loud',
    });
    if (read.ok) throw new Error('it was taken');
    expect(read.problems.map(({ variable }) => variable).sort()).toEqual([
      'LOG_LEVEL',
      'MCP_DEFAULT_GATEWAY',
      'MCP_DEFAULT_INGRESS_TLS',
      'REQUEUE_DELAY_SECONDS',
    ]);
  });
});
