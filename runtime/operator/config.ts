// The operator's configuration: the environment of an installation and a few flags, parsed once. Every variable of the
// Go operator is understood; what no longer has an effect is accepted and said.
import { z } from 'zod';
import type { OperatorConfig } from '#api/operator-config.ts';
import { NAMESPACES } from '#api/names.ts';
import { INSTALLATION_VARIABLES, installationConfigOf } from '#runtime/policy-book/installation.ts';
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
import { ROTATE_AFTER_MS } from './keys/keys-plan.ts';
import { TRUST_TIMES, type TrustTimes } from './trust/trust-plan.ts';

const YEAR_SECONDS = 365 * 24 * 3600;

const text = () => z.string().optional();

const environment = z.object({
  ...INSTALLATION_VARIABLES,
  MCP_DEFAULT_INGRESS_TLS_SECRET: text().describe('the Secret of the default TLS store, mode mtls only'),
  MCP_DEFAULT_INGRESS_TLS_SECRET_NAMESPACE: text().describe('the namespace of that Secret, mode mtls only'),
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
  REQUEUE_DELAY_SECONDS: envInteger(1, 3600)
    .default(10)
    .describe('the seconds after which a server that is not ready is looked at again'),
  MCP_MTLS_CLUSTER_ISSUER: text().describe('the issuer of certificates, mode mtls only'),
  MCP_ENABLE_WEBHOOKS: text().describe('whether webhooks validate; they are not needed'),
  MCP_ACKNOWLEDGEMENTS_URL: envHttpUrl()
    .optional()
    .describe('where to learn which policy each proxy enforces'),
  MCP_ACKNOWLEDGEMENTS_TOKEN_FILE: text().describe('the file of the token that is shown there'),
  MCP_CA_ROTATE_AFTER_SECONDS: envInteger(10, 10 * YEAR_SECONDS)
    .default(TRUST_TIMES.rotateAfterMs / 1000)
    .describe('the age at which the authority of the platform is followed by a new one, in seconds'),
  MCP_CA_OVERLAP_SECONDS: envInteger(5, YEAR_SECONDS)
    .default(TRUST_TIMES.overlapMs / 1000)
    .describe('how long a new authority is made known before it signs, in seconds'),
  MCP_KEYS_ROTATE_AFTER_SECONDS: envInteger(3600, 10 * YEAR_SECONDS)
    .default(ROTATE_AFTER_MS / 1000)
    .describe("the age at which the keys of a server's proxies get a successor, in seconds"),
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
  readonly acknowledgementsTokenFile?: string | undefined;
  /** When certificates are replaced; absent where there are no distributors to have any. */
  readonly trust?: TrustTimes | undefined;
  /** Age at which the newest key of a server gets a successor. */
  readonly keysRotateAfterMs: number;
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

/** An authority that is followed later lives longer, so that none ends before its successor signs. */
function trustOf(env: Environment): TrustTimes | undefined {
  if (env.MCP_DISTRIBUTOR_URL === undefined) return undefined;
  const rotateAfterMs = env.MCP_CA_ROTATE_AFTER_SECONDS * 1000;
  const overlapMs = env.MCP_CA_OVERLAP_SECONDS * 1000;
  const authorityValidMs = Math.max(TRUST_TIMES.authorityValidMs, rotateAfterMs + 3 * overlapMs);
  return { ...TRUST_TIMES, rotateAfterMs, overlapMs, authorityValidMs };
}

function credentialsOf(env: Environment): RegistryCredentials | undefined {
  const { PROVISIONED_REGISTRY_URL: url } = env;
  const { PROVISIONED_REGISTRY_USERNAME: username, PROVISIONED_REGISTRY_PASSWORD: password } = env;
  if (url === undefined || username === undefined || password === undefined) return undefined;
  return { url, username, password };
}

function operatorConfigOf(env: Environment): OperatorConfig {
  const hasPullSecret = credentialsOf(env) !== undefined;
  return {
    ...installationConfigOf(env),
    ...(hasPullSecret && { provisionedPullSecret: env.PROVISIONED_REGISTRY_SECRET_NAME }),
  };
}

/** Reads the environment of an operator; every problem at once. */
export function readOperatorSettings(env: Env): SettingsResult {
  const read = readEnv(environment, env);
  if (!read.ok) return read;
  const { value } = read;
  if (2 * value.MCP_CA_OVERLAP_SECONDS > value.MCP_CA_ROTATE_AFTER_SECONDS) {
    // Authorities would be made faster than any of them comes to sign.
    const message =
      'MCP_CA_OVERLAP_SECONDS is more than half of MCP_CA_ROTATE_AFTER_SECONDS; make it shorter';
    return { ok: false, problems: [{ variable: 'MCP_CA_OVERLAP_SECONDS', message }] };
  }
  return {
    ok: true,
    value: {
      config: operatorConfigOf(value),
      registryCredentials: credentialsOf(value),
      acknowledgementsUrl: value.MCP_ACKNOWLEDGEMENTS_URL,
      acknowledgementsTokenFile: value.MCP_ACKNOWLEDGEMENTS_TOKEN_FILE,
      trust: trustOf(value),
      keysRotateAfterMs: value.MCP_KEYS_ROTATE_AFTER_SECONDS * 1000,
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
