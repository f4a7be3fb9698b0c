// What an installation decides, under the names that its programs read. Operator and distributors get the same, because
// both compile policy from it. What is not decided is not set, so that defaults are in one place.
import { DISTRIBUTOR, DISTRIBUTOR_TLS_NAME, NAMESPACES } from '#api/names.ts';
import { DISTRIBUTOR_PORTS } from '#api/distributor-api.ts';
import { DEFAULT_OPERATOR_CONFIG, type GatewayAddress, type OperatorConfig } from '#api/operator-config.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import type { EnvVar } from '#constructs/kit/kubernetes.ts';
import { isDistributorOff, type ControlPlaneProps } from './control-plane-props.ts';

export type Values = Readonly<Record<string, string | undefined>>;

const address = ({ namespace, name, sectionName }: GatewayAddress): string =>
  [namespace, name, ...(sectionName === undefined ? [] : [sectionName])].join('/');

/** What was decided, as text. */
function configured(config: Partial<DeepReadonly<OperatorConfig>>): Values {
  const { defaultGateway, ingressTls } = config;
  return {
    MCP_CLUSTER_NAME: config.clusterName,
    MCP_CLUSTER_DOMAIN: config.clusterDomain,
    MCP_DEFAULT_INGRESS_HOST: config.ingressHost,
    DEFAULT_INGRESS_CLASS: config.ingressClass,
    MCP_DEFAULT_GATEWAY: defaultGateway && address(defaultGateway),
    MCP_INGRESS_READINESS_MODE: config.ingressReadiness,
    MCP_DEFAULT_INGRESS_ENTRYPOINTS: config.ingressEntrypoints,
    MCP_DEFAULT_INGRESS_TLS: ingressTls?.toString(),
    MCP_INGRESS_NAMESPACE: config.ingressNamespace,
    PROVISIONED_REGISTRY_URL: config.provisionedRegistryUrl,
    PROVISIONED_REGISTRY_SECRET_NAME: config.provisionedPullSecret,
    MCP_REGISTRY_PULL_HOST: config.registryPullHost,
    MCP_IMAGE_MIRROR: config.imageMirror,
    MCP_GATEWAY_PROXY_IMAGE: config.gatewayImage,
    MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: config.gatewayOtlpEndpoint,
    MCP_SENTINEL_INGEST_URL: config.ingestUrl,
  };
}

/** Where the distributors of this installation are; nowhere where it has none. */
function distributors({ distributor, config = {} }: ControlPlaneProps): Values {
  if (isDistributorOff(distributor)) {
    return {
      MCP_DISTRIBUTOR_URL: config.distributorUrl,
      MCP_DISTRIBUTOR_SERVER_NAME: config.distributorServerName,
    };
  }
  const domain = config.clusterDomain ?? DEFAULT_OPERATOR_CONFIG.clusterDomain;
  const host = `${DISTRIBUTOR.podsService}.${NAMESPACES.platform}.svc.${domain}`;
  return {
    MCP_DISTRIBUTOR_URL: config.distributorUrl ?? `https://${host}:${DISTRIBUTOR_PORTS.stream}`,
    MCP_DISTRIBUTOR_SERVER_NAME: config.distributorServerName ?? DISTRIBUTOR_TLS_NAME,
  };
}

export function installationEnvironment(props: ControlPlaneProps): Values {
  const { config = {}, policyEpoch, logLevel } = props;
  return {
    ...configured(config),
    ...distributors(props),
    MCP_POLICY_EPOCH: policyEpoch?.toString(),
    LOG_LEVEL: logLevel,
  };
}

/** With its version: the API server fills it in, and what it fills in looks like drift to whoever compares. */
const field = (name: string, fieldPath: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
});

/** Who a program is, and what is set in its environment. */
export function variablesOf(values: Values): readonly EnvVar[] {
  return [
    field('POD_NAME', 'metadata.name'),
    field('POD_NAMESPACE', 'metadata.namespace'),
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
  ];
}
