// The environment of the sidecar. What a policy says is not in it: that comes in the policy document, so that a
// changed policy never restarts a pod.
import { IDENTITY_FILES, PROXY_PATHS, PROXY_PORTS, type ProxyEnvironment } from '#api/proxy-config.ts';
import type { ResolvedGateway } from '#api/resolve-gateway.ts';
import type { EnvVar } from '#constructs/kit/kubernetes.ts';
import type { Termination } from './termination.ts';
import type { WorkloadContext } from './workload-context.ts';

const list = (items: readonly string[]): string | undefined =>
  items.length === 0 ? undefined : items.join(',');

/**
 * The token of the pod, for an ingest that knows it: the installation's own. Any other gets a key where its author names
 * one, and never the token: whoever has that is the server.
 */
function ingestTokenFile({ config }: WorkloadContext, { analytics }: ResolvedGateway): string | undefined {
  if (analytics?.apiKeySecretRef !== undefined || analytics?.ingestUrl !== config.ingestUrl) return undefined;
  return config.ingestUrl && `${PROXY_PATHS.identityFolder}/${IDENTITY_FILES.ingestToken}`;
}

function contract(
  context: WorkloadContext,
  gateway: ResolvedGateway,
  { proxyDrainMs }: Termination,
): ProxyEnvironment {
  const { resolved, config } = context;
  const { analytics } = gateway;
  return {
    PORT: String(gateway.port),
    METRICS_PORT: String(PROXY_PORTS.metrics),
    UPSTREAM_URL: gateway.upstreamUrl,
    POLICY_FILE: PROXY_PATHS.policyFile,
    POLICY_STREAM_URL: config.distributorUrl,
    POLICY_STREAM_SERVER_NAME: config.distributorServerName,
    MCP_SERVER_NAME: resolved.name,
    MCP_SERVER_NAMESPACE: resolved.namespace,
    MCP_CLUSTER_NAME: config.clusterName,
    EXTERNAL_BASE_URL: gateway.externalUrl,
    STRIP_PREFIX: gateway.stripPrefix,
    ALLOWED_HOSTS: list(gateway.allowedHosts),
    ALLOWED_ORIGINS: list(gateway.allowedOrigins),
    FORWARD_HEADERS: list(gateway.forwardHeaders),
    ANALYTICS_INGEST_URL: analytics?.ingestUrl,
    ANALYTICS_SOURCE: analytics?.source,
    ANALYTICS_EVENT_TYPE: analytics?.eventType,
    ANALYTICS_TOKEN_FILE: ingestTokenFile(context, gateway),
    STATE_DIR: PROXY_PATHS.stateFolder,
    KEYS_FILE: PROXY_PATHS.keysFile,
    PEER_PORT: String(PROXY_PORTS.peers),
    DRAIN_MS: String(proxyDrainMs),
  };
}

/** Standard variables of OpenTelemetry, where the installation has a collector. */
function telemetry({ resolved, config }: WorkloadContext): Readonly<Record<string, string>> {
  if (config.gatewayOtlpEndpoint === undefined) return {};
  return {
    OTEL_SERVICE_NAME: `${resolved.name}-gateway`,
    OTEL_EXPORTER_OTLP_ENDPOINT: config.gatewayOtlpEndpoint,
  };
}

/** Which pod it is: how its peers find it, and tell it from a later one with its address. */
const POD: readonly EnvVar[] = [
  { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
  { name: 'POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
];

function apiKey({ analytics }: ResolvedGateway): readonly EnvVar[] {
  if (analytics?.apiKeySecretRef === undefined) return [];
  return [{ name: 'ANALYTICS_API_KEY', valueFrom: { secretKeyRef: analytics.apiKeySecretRef } }];
}

export function proxyEnvironment(
  context: WorkloadContext,
  gateway: ResolvedGateway,
  end: Termination,
): readonly EnvVar[] {
  const values = { ...contract(context, gateway, end), ...telemetry(context) };
  const plain = Object.entries(values).flatMap(([name, value]: [string, string | undefined]) =>
    value === undefined || value === '' ? [] : [{ name, value }],
  );
  return [...plain, ...POD, ...apiKey(gateway)];
}
