// What an installation decides, as its operator and its distributors read it from their environments. All of them get the
// same variables: a policy says what follows from them (the cluster's name, the URL of a server), and everybody who
// compiles one has to come to the same revision. No credential is among them.
import { z } from 'zod';
import { mirrorRegistry, pulledImage } from '#api/image-mirror.ts';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { dnsLabel } from '#api/schema.ts';
import { envHttpUrl, envInteger } from '#runtime/process/env.ts';

const text = () => z.string().optional();
/** As Go reads a flag: manifests of the Go system write `1` as well as `true`. */
const flag = () =>
  z
    .enum(['true', 'false', '1', '0', 't', 'f', 'T', 'F', 'TRUE', 'FALSE', 'True', 'False'], {
      error: 'expected true or false',
    })
    .default('false')
    .transform((word) => /^(1|t|true)$/i.test(word));

const gatewayName = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-.a-z0-9]*[a-z0-9])?(\/[-.a-z0-9]+)?$/,
    'expected namespace/name or namespace/name/listener',
  )
  .transform((value) => {
    const [namespace = '', name = '', sectionName] = value.split('/');
    return { namespace, name, ...(sectionName !== undefined && { sectionName }) };
  });

/** Members of a program's environment schema. */
export const INSTALLATION_VARIABLES = {
  MCP_DEFAULT_INGRESS_HOST: text().describe('the host of routes whose author sets neither host nor prefix'),
  DEFAULT_INGRESS_HOST: text().describe('the older name of MCP_DEFAULT_INGRESS_HOST'),
  DEFAULT_INGRESS_CLASS: text().describe('the ingress class of servers whose class is empty'),
  MCP_DEFAULT_INGRESS_ENTRYPOINTS: text().describe('the entry points of Traefik routes'),
  MCP_DEFAULT_INGRESS_TLS: flag().describe('whether routes are served with TLS'),
  MCP_INGRESS_READINESS_MODE: text().describe('strict or permissive'),
  MCP_INGRESS_NAMESPACE: dnsLabel.optional().describe('the namespace of the ingress controller'),
  MCP_DEFAULT_GATEWAY: gatewayName.optional().describe('the Gateway of servers that name none'),
  PROVISIONED_REGISTRY_URL: text().describe("the platform's registry"),
  MCP_REGISTRY_ENDPOINT: text().describe("the registry's address in the cluster"),
  MCP_REGISTRY_PULL_HOST: text().describe("the registry's address for nodes"),
  MCP_IMAGE_MIRROR: mirrorRegistry
    .optional()
    .describe('the registry that images come from instead of their own'),
  MCP_GATEWAY_PROXY_IMAGE: text().describe('the image of the proxy'),
  MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: text().describe('where proxies send traces'),
  MCP_DISTRIBUTOR_URL: envHttpUrl().optional().describe('where proxies hear of policy'),
  MCP_DISTRIBUTOR_SERVER_NAME: text().describe('the name in the certificates of the distributors'),
  MCP_SENTINEL_INGEST_URL: text().describe('where proxies send audit events'),
  MCP_ANALYTICS_INGEST_URL: text().describe('the older name of MCP_SENTINEL_INGEST_URL'),
  MCP_CLUSTER_NAME: text().describe('the name of the cluster in policy and audit'),
  MCP_CLUSTER_DOMAIN: text().describe('the domain of Services'),
  MCP_POLICY_EPOCH: envInteger(0, 1_000_000)
    .default(0)
    .describe('the epoch of policies, raised after the cluster was restored from a backup'),
} as const;

type Installation = z.output<z.ZodObject<typeof INSTALLATION_VARIABLES>>;

/** The name of a pull secret isn't known here: there is one only where somebody has the credentials. */
export function installationConfigOf(env: Installation): OperatorConfig {
  const defaults = DEFAULT_OPERATOR_CONFIG;
  const config: OperatorConfig = {
    ...defaults,
    clusterName: env.MCP_CLUSTER_NAME ?? defaults.clusterName,
    clusterDomain: env.MCP_CLUSTER_DOMAIN ?? defaults.clusterDomain,
    ingressHost: env.MCP_DEFAULT_INGRESS_HOST ?? env.DEFAULT_INGRESS_HOST,
    ingressClass: env.DEFAULT_INGRESS_CLASS ?? defaults.ingressClass,
    ingressEntrypoints: env.MCP_DEFAULT_INGRESS_ENTRYPOINTS ?? defaults.ingressEntrypoints,
    ingressTls: env.MCP_DEFAULT_INGRESS_TLS,
    ingressNamespace: env.MCP_INGRESS_NAMESPACE ?? defaults.ingressNamespace,
    ingressReadiness: env.MCP_INGRESS_READINESS_MODE === 'permissive' ? 'permissive' : 'strict',
    defaultGateway: env.MCP_DEFAULT_GATEWAY,
    provisionedRegistryUrl: env.PROVISIONED_REGISTRY_URL,
    registryPullHost: env.MCP_REGISTRY_PULL_HOST ?? env.MCP_REGISTRY_ENDPOINT ?? defaults.registryPullHost,
    imageMirror: env.MCP_IMAGE_MIRROR,
    gatewayOtlpEndpoint: env.MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT,
    // Without the slash at the end that a URL gets.
    distributorUrl: env.MCP_DISTRIBUTOR_URL?.origin,
    distributorServerName: env.MCP_DISTRIBUTOR_SERVER_NAME,
    ingestUrl: env.MCP_SENTINEL_INGEST_URL ?? env.MCP_ANALYTICS_INGEST_URL,
  };
  const image = env.MCP_GATEWAY_PROXY_IMAGE;
  // As pods name it: an update in waves compares it with what runs.
  return { ...config, gatewayImage: image && pulledImage(image, config) };
}
