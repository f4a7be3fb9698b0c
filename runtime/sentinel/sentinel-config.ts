// The sentinel's configuration: its environment, parsed once. The contract with whoever starts it is
// src/api/sentinel-config.ts; defaults are stated there.
import path from 'node:path';
import { z } from 'zod';
import { parseDurationMs } from '#api/duration.ts';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';
import type { Env, EnvProblem, EnvResult } from '#runtime/process/env.ts';
import { envInteger, envList, readEnv, SECRET } from '#runtime/process/env.ts';
import { LOG_LEVELS } from '#runtime/process/log.ts';
import { isLoopbackHost } from './api/guard.ts';

const MiB = 1024 * 1024;
const SHORTEST_EVERY_MS = 60_000;

const environment = z.object({
  DATA_DIR: z
    .string()
    .describe('the folder of log and store')
    .transform((folder) => path.resolve(folder)),
  INGEST_PORT: envInteger(0, 65535).default(SENTINEL_PORTS.ingest).describe('the port of POST /events'),
  INGEST_HOST: z.string().default('127.0.0.1').describe('the address ingest listens on'),
  INGEST_KEYS_FILE: z.string().optional().describe('the JSON file of keys that ingest accepts'),
  INGEST_TOKENS: z
    .enum(['kubernetes'])
    .optional()
    .describe('kubernetes where ingest accepts the tokens of pods'),
  API_PORT: envInteger(0, 65535).default(SENTINEL_PORTS.api).describe('the port of the API and the console'),
  API_HOST: z.string().default('127.0.0.1').describe('the address the API listens on'),
  API_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('the bearer token of the API, 16 characters or more')
    .register(SECRET, { shown: false }),
  API_ALLOWED_HOSTS: envList().default([]).describe('Host names accepted besides loopback'),
  INVENTORY_FILE: z.string().optional().describe('the JSON file of servers, grants and sessions'),
  INVENTORY: z
    .enum(['kubernetes'])
    .optional()
    .describe('kubernetes where servers, grants and sessions are read from the cluster'),
  CONSOLE_DIR: z.string().optional().describe('the folder of the built console'),
  RETENTION_DAYS: envInteger(1, 3650).default(90).describe('how many days events are kept'),
  STREAM_MAX_BYTES: envInteger(128 * MiB, 1024 ** 4)
    .default(2048 * MiB)
    .describe('the bound of the log on disk, in bytes'),
  BACKUP_DIR: z
    .string()
    .optional()
    .describe('the folder of backups')
    .transform((folder) => (folder === undefined ? undefined : path.resolve(folder))),
  BACKUP_EVERY: z
    .string()
    .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, 'expected a duration such as 24h or 90m')
    .transform(parseDurationMs)
    .refine((everyMs) => everyMs >= SHORTEST_EVERY_MS, 'expected a minute or more')
    .optional()
    .describe('the time from one backup to the next'),
  BACKUP_RETAIN: envInteger(1, 1000).default(7).describe('how many backups are kept'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('the least level that is logged'),
});

export type SentinelConfig = z.output<typeof environment>;

export function readSentinelConfig(env: Env): EnvResult<SentinelConfig> {
  const result = readEnv(environment, env);
  if (!result.ok) return result;
  const problems = PROBLEMS.flatMap((check) => check(result.value) ?? []);
  return problems.length === 0 ? result : { ok: false, problems };
}

/** What a restore reads of it: it takes no events and answers nobody. */
const restoreEnvironment = environment.pick({ DATA_DIR: true, BACKUP_DIR: true });

export type RestoreConfig = z.output<typeof restoreEnvironment>;

export function readRestoreConfig(env: Env): EnvResult<RestoreConfig> {
  return readEnv(restoreEnvironment, env);
}

/** What no variable says by itself. */
const PROBLEMS: readonly ((config: SentinelConfig) => EnvProblem | undefined)[] = [
  ({ API_HOST, API_TOKEN }) => {
    if (isLoopbackHost(API_HOST) || API_TOKEN !== undefined) return undefined;
    const message = `API_HOST is "${API_HOST}", which other machines can reach: set API_TOKEN, or bind 127.0.0.1.`;
    return { variable: 'API_HOST', message };
  },
  ({ INGEST_KEYS_FILE, INGEST_TOKENS }) => {
    if (INGEST_KEYS_FILE !== undefined || INGEST_TOKENS !== undefined) return undefined;
    const message =
      'INGEST_KEYS_FILE is not set, so ingest knows no client: set it, or INGEST_TOKENS=kubernetes in a cluster.';
    return { variable: 'INGEST_KEYS_FILE', message };
  },
  ({ BACKUP_DIR, BACKUP_EVERY }) => {
    if (BACKUP_DIR !== undefined || BACKUP_EVERY === undefined) return undefined;
    return { variable: 'BACKUP_DIR', message: 'BACKUP_EVERY is set and BACKUP_DIR is not: set both.' };
  },
  ({ BACKUP_DIR, DATA_DIR }) => {
    if (BACKUP_DIR === undefined || !isWithin(BACKUP_DIR, DATA_DIR)) return undefined;
    const message = `BACKUP_DIR is ${BACKUP_DIR}, within DATA_DIR, and would be lost with it: take another folder.`;
    return { variable: 'BACKUP_DIR', message };
  },
  ({ INVENTORY, INVENTORY_FILE }) => {
    if (INVENTORY === undefined || INVENTORY_FILE === undefined) return undefined;
    return {
      variable: 'INVENTORY',
      message: 'INVENTORY and INVENTORY_FILE are both set: unset one of them.',
    };
  },
];

function isWithin(folder: string, parent: string): boolean {
  const relative = path.relative(parent, folder);
  return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`));
}
