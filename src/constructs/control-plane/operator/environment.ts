// The environment of the operator: the installation's decisions under the names that the operator reads. What is not
// decided is not set, so that its defaults are in one place. Credentials come by reference.
import type { GatewayAddress, OperatorConfig } from '#api/operator-config.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import type { EnvVar } from '#constructs/kit/kubernetes.ts';
import type { ControlPlaneProps, RegistryCredentialsRef } from '../control-plane-props.ts';

type Values = Readonly<Record<string, string | undefined>>;

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
    MCP_GATEWAY_PROXY_IMAGE: config.gatewayImage,
    MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: config.gatewayOtlpEndpoint,
    MCP_SENTINEL_INGEST_URL: config.ingestUrl,
  };
}

/**
 * What a reconcile makes lives for milliseconds. A small young generation keeps the heap of a thousand servers within
 * half of the memory of the default, for a little more time in the collector.
 */
const NODE_OPTIONS = '--max-semi-space-size=4';

function ofTheOperator(props: ControlPlaneProps): Values {
  const { policyEpoch, requeueSeconds, legacyFieldManagers } = props;
  return {
    NODE_OPTIONS,
    MCP_ACKNOWLEDGEMENTS_URL: props.acknowledgementsUrl,
    MCP_POLICY_EPOCH: policyEpoch?.toString(),
    REQUEUE_DELAY_SECONDS: requeueSeconds?.toString(),
    MCP_LEGACY_FIELD_MANAGERS: legacyFieldManagers?.join(','),
    LOG_LEVEL: props.logLevel,
  };
}

function credentials(reference: RegistryCredentialsRef | undefined): readonly EnvVar[] {
  if (reference === undefined) return [];
  const { secretName, usernameKey = 'username', passwordKey = 'password' } = reference;
  const from = (name: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: secretName, key } },
  });
  return [
    from('PROVISIONED_REGISTRY_USERNAME', usernameKey),
    from('PROVISIONED_REGISTRY_PASSWORD', passwordKey),
  ];
}

/** With its version: the API server fills it in, and what it fills in looks like drift to whoever compares. */
const field = (name: string, fieldPath: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
});

export function operatorEnvironment(props: ControlPlaneProps): readonly EnvVar[] {
  const values = { ...configured(props.config ?? {}), ...ofTheOperator(props) };
  return [
    field('POD_NAME', 'metadata.name'),
    field('POD_NAMESPACE', 'metadata.namespace'),
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ...credentials(props.registryCredentials),
  ];
}
