// The operator's configuration: the environment of an installation and a few flags, parsed once. Every variable of the
// Go operator is understood; what no longer has an effect is accepted and said.
import { z } from 'zod';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { NAMESPACES } from '#api/names.ts';
import { dnsLabel } from '#api/schema.ts';
import {
  envHttpUrl,
  envInteger,
  envList,
  readEnv,
  SECRET,
  type Env,
  type EnvProblem,
} from '#runtime/process/env.ts';
import { LOG_LEVELS, type LogLevel } from '#runtime/process/log.ts';

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

const environment = z.object({
  MCP_DEFAULT_INGRESS_HOST: text().describe('the host of routes whose author sets neither host nor prefix'),
  DEFAULT_INGRESS_HOST: text().describe('the older name of MCP_DEFAULT_INGRESS_HOST'),
  DEFAULT_INGRESS_CLASS: text().describe('the ingress class of servers whose class is empty'),
  MCP_DEFAULT_INGRESS_ENTRYPOINTS: text().describe('the entry points of Traefik routes'),
  MCP_DEFAULT_INGRESS_TLS: flag().describe('whether routes are served with TLS'),
  MCP_DEFAULT_INGRESS_TLS_SECRET: text().describe('the Secret of the default TLS store, mode mtls only'),
  MCP_DEFAULT_INGRESS_TLS_SECRET_NAMESPACE: text().describe('the namespace of that Secret, mode mtls only'),
  MCP_INGRESS_READINESS_MODE: text().describe('strict or permissive'),
  MCP_INGRESS_NAMESPACE: dnsLabel.optional().describe('the namespace of the ingress controller'),
  MCP_DEFAULT_GATEWAY: gatewayName.optional().describe('the Gateway of servers that name none'),
  PROVISIONED_REGISTRY_URL: text().describe("the platform's registry"),
  PROVISIONED_REGISTRY_USERNAME: text().describe('the user of that registry'),
  PROVISIONED_REGISTRY_PASSWORD: z
    .string()
    .optional()
    .describe('the password of that user')
    .register(SECRET, { shown: false }),
  PROVISIONED_REGISTRY_SECRET_NAME: z
    .string()
    .default('mcp-runtime-registry-pull')
    .describe('the name of the pull secret that is made of them'),
  MCP_REGISTRY_ENDPOINT: text().describe("the registry's address in the cluster"),
  MCP_REGISTRY_PULL_HOST: text().describe("the registry's address for nodes"),
  REQUEUE_DELAY_SECONDS: envInteger(1, 3600)
    .default(10)
    .describe('the seconds after which a server that is not ready is looked at again'),
  MCP_GATEWAY_PROXY_IMAGE: text().describe('the image of the proxy'),
  MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT: text().describe('where proxies send traces'),
  MCP_SENTINEL_INGEST_URL: text().describe('where proxies send audit events'),
  MCP_ANALYTICS_INGEST_URL: text().describe('the older name of MCP_SENTINEL_INGEST_URL'),
  MCP_CLUSTER_NAME: text().describe('the name of the cluster in policy and audit'),
  MCP_CLUSTER_DOMAIN: text().describe('the domain of Services'),
  MCP_MTLS_CLUSTER_ISSUER: text().describe('the issuer of certificates, mode mtls only'),
  MCP_ENABLE_WEBHOOKS: text().describe('whether webhooks validate; they are not needed'),
  MCP_ACKNOWLEDGEMENTS_URL: envHttpUrl()
    .optional()
    .describe('where to learn which policy each proxy enforces'),
  MCP_POLICY_EPOCH: envInteger(0, 1_000_000)
    .default(0)
    .describe('the epoch of policies, raised after the cluster was restored from a backup'),
  MCP_LEGACY_FIELD_MANAGERS: envList()
    .default(['manager', 'operator', 'mcp-runtime-operator', 'mcp-runtime-operator-controller-manager'])
    .describe('the field managers of an operator that ran before, whose fields are taken over'),
  POD_NAME: z.string().default('mcp-runtime-operator').describe('the name of this replica'),
  POD_NAMESPACE: z.string().default(NAMESPACES.platform).describe('the namespace of this replica'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('the least level that is logged'),
});

type Environment = z.output<typeof environment>;

/** User and password for the platform's registry. Never part of a rendered tree. */
export interface RegistryCredentials {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface OperatorSettings {
  /** What constructs and policy are told of the installation. */
  readonly config: OperatorConfig;
  readonly registryCredentials?: RegistryCredentials | undefined;
  readonly acknowledgementsUrl?: URL | undefined;
  readonly legacyManagers: readonly string[];
  readonly policyEpoch: number;
  /** After how long a server that is not ready is looked at again, event or not. */
  readonly requeueMs: number;
  readonly namespace: string;
  /** Name of this replica in the lease. */
  readonly identity: string;
  readonly logLevel: LogLevel;
  /** What was set and has no effect, or not the one that was meant: one sentence each. */
  readonly remarks: readonly string[];
}

export type SettingsResult =
  | { readonly ok: true; readonly value: OperatorSettings }
  | { readonly ok: false; readonly problems: readonly EnvProblem[] };

function remarksOf(env: Environment): readonly string[] {
  const mode = env.MCP_INGRESS_READINESS_MODE;
  const mtls = [
    'MCP_MTLS_CLUSTER_ISSUER',
    'MCP_DEFAULT_INGRESS_TLS_SECRET',
    'MCP_DEFAULT_INGRESS_TLS_SECRET_NAMESPACE',
  ] as const;
  return [
    ...(mode === undefined || mode === 'strict' || mode === 'permissive'
      ? []
      : [
          `MCP_INGRESS_READINESS_MODE is ${JSON.stringify(mode)}; strict is used. It is strict or permissive.`,
        ]),
    ...(env.MCP_ENABLE_WEBHOOKS === undefined
      ? []
      : ['MCP_ENABLE_WEBHOOKS has no effect: the API server itself validates, by the rules in the CRDs.']),
    ...mtls.flatMap((name) =>
      env[name] === undefined ? [] : [`${name} has no effect yet: auth.mode mtls is not served.`],
    ),
  ];
}

function credentialsOf(env: Environment): RegistryCredentials | undefined {
  const { PROVISIONED_REGISTRY_URL: url } = env;
  const { PROVISIONED_REGISTRY_USERNAME: username, PROVISIONED_REGISTRY_PASSWORD: password } = env;
  if (url === undefined || username === undefined || password === undefined) return undefined;
  return { url, username, password };
}

function operatorConfigOf(env: Environment): OperatorConfig {
  const defaults = DEFAULT_OPERATOR_CONFIG;
  const registry = env.MCP_REGISTRY_PULL_HOST ?? env.MCP_REGISTRY_ENDPOINT ?? defaults.registryPullHost;
  return {
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
    provisionedPullSecret:
      credentialsOf(env) === undefined ? undefined : env.PROVISIONED_REGISTRY_SECRET_NAME,
    registryPullHost: registry,
    gatewayImage: env.MCP_GATEWAY_PROXY_IMAGE,
    gatewayOtlpEndpoint: env.MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT,
    ingestUrl: env.MCP_SENTINEL_INGEST_URL ?? env.MCP_ANALYTICS_INGEST_URL,
  };
}

/** Reads the environment of an operator; every problem at once. */
export function readOperatorSettings(env: Env): SettingsResult {
  const read = readEnv(environment, env);
  if (!read.ok) return read;
  const { value } = read;
  return {
    ok: true,
    value: {
      config: operatorConfigOf(value),
      registryCredentials: credentialsOf(value),
      acknowledgementsUrl: value.MCP_ACKNOWLEDGEMENTS_URL,
      legacyManagers: value.MCP_LEGACY_FIELD_MANAGERS,
      policyEpoch: value.MCP_POLICY_EPOCH,
      requeueMs: value.REQUEUE_DELAY_SECONDS * 1000,
      namespace: value.POD_NAMESPACE,
      identity: value.POD_NAME,
      logLevel: value.LOG_LEVEL,
      remarks: remarksOf(value),
    },
  };
}
