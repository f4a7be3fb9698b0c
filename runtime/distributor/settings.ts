// The distributor's configuration: the variables of the installation, which the operator gets too, and its own few.
import { z } from 'zod';
import { DISTRIBUTOR_PORTS } from '#api/distributor-api.ts';
import { NAMESPACES } from '#api/names.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { INSTALLATION_VARIABLES, installationConfigOf } from '#runtime/policy-book/installation.ts';
import { envInteger, readEnv, type Env, type EnvProblem } from '#runtime/process/env.ts';
import { LOG_LEVELS, type LogLevel } from '#runtime/process/log.ts';

const environment = z.object({
  ...INSTALLATION_VARIABLES,
  MCP_OPERATOR_SERVICE_ACCOUNT: z
    .string()
    .default('mcp-runtime-operator-controller-manager')
    .describe('the service account in the namespace of the platform that may read acknowledgements'),
  STREAM_PORT: envInteger(0, 65_535)
    .default(DISTRIBUTOR_PORTS.stream)
    .describe('the port of the streams of proxies and of the operator'),
  PAGES_PORT: envInteger(0, 65_535)
    .default(DISTRIBUTOR_PORTS.pages)
    .describe('the port of metrics, liveness and readiness'),
  BIND_ADDRESS: z.string().optional().describe('the address of both; every address where it is not set'),
  POD_NAME: z.string().default('mcp-runtime-distributor').describe('the name of this replica'),
  POD_NAMESPACE: z.string().default(NAMESPACES.platform).describe('the namespace of the platform'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('the least level that is logged'),
});

export interface DistributorSettings {
  readonly config: OperatorConfig;
  readonly policyEpoch: number;
  /** Who may read acknowledgements, in `namespace`. */
  readonly operatorAccount: string;
  readonly streamPort: number;
  readonly pagesPort: number;
  readonly host: string | undefined;
  readonly name: string;
  readonly namespace: string;
  readonly logLevel: LogLevel;
}

export type SettingsResult =
  | { readonly ok: true; readonly value: DistributorSettings }
  | { readonly ok: false; readonly problems: readonly EnvProblem[] };

/** Reads the environment of a distributor; every problem at once. */
export function readDistributorSettings(env: Env): SettingsResult {
  const read = readEnv(environment, env);
  if (!read.ok) return read;
  const { value } = read;
  return {
    ok: true,
    value: {
      config: installationConfigOf(value),
      policyEpoch: value.MCP_POLICY_EPOCH,
      operatorAccount: value.MCP_OPERATOR_SERVICE_ACCOUNT,
      streamPort: value.STREAM_PORT,
      pagesPort: value.PAGES_PORT,
      host: value.BIND_ADDRESS,
      name: value.POD_NAME,
      namespace: value.POD_NAMESPACE,
      logLevel: value.LOG_LEVEL,
    },
  };
}
