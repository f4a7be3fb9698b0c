// What a proxy is told to be, as its parts take it, read once from the environment at its start.
import os from 'node:os';
import { readEnv, type Env, type EnvProblem, type EnvResult } from '#runtime/process/env.ts';
import type { LOG_LEVELS } from '#runtime/process/log.ts';
import { PROXY_VARIABLES, type ProxyVariables } from './variables.ts';

export interface AuditConfig {
  readonly url: URL;
  readonly apiKey: string | undefined;
  readonly tokenFile: string | undefined;
  readonly source: string;
  readonly eventType: string;
  readonly spoolMaxBytes: number;
}

/** Where distributors are found, and who we are towards them. */
export interface PolicyStreamConfig {
  readonly url: URL;
  readonly serverName: string;
  readonly identityFolder: string;
}

/** Where spans go. */
export interface TracesConfig {
  readonly url: URL;
  readonly serviceName: string;
  /** Of the traces that begin here, from 0 to 1. */
  readonly share: number;
  readonly delayMs: number;
}

export interface ProxyLimits {
  readonly maxBodyBytes: number;
  readonly maxAnswerBytes: number;
  readonly maxConcurrent: number;
  readonly maxConcurrentPerSubject: number;
  /** Of requests, where the policy says nothing. */
  readonly subjectRate: { readonly perMinute: number; readonly burst: number };
  readonly maxBufferedBytes: number;
  readonly maxBufferedAnswerBytes: number;
  readonly requestTimeoutMs: number;
  readonly unreadTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

export interface ProxyConfig {
  readonly port: number;
  readonly metricsPort: number;
  readonly bindAddress: string | undefined;
  readonly upstreamUrl: URL;
  readonly upstreamTimeouts: {
    readonly connectTimeoutMs: number;
    readonly headTimeoutMs: number;
    readonly idleTimeoutMs: number;
  };
  readonly policyFile: string;
  /** Undefined: the file is all there is. */
  readonly policyStream: PolicyStreamConfig | undefined;
  readonly server: { readonly name: string; readonly namespace: string; readonly cluster: string };
  readonly externalBaseUrl: URL | undefined;
  /** Empty, or a path without a slash at its end. */
  readonly stripPrefix: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Lower case. */
  readonly forwardHeaders: readonly string[];
  /** Undefined: nothing is recorded. */
  readonly audit: AuditConfig | undefined;
  /** Undefined: keys of this proxy alone. */
  readonly keysFile: string | undefined;
  /** Undefined: no peers. */
  readonly peerPort: number | undefined;
  /** Empty texts where nobody said. */
  readonly pod: { readonly host: string; readonly uid: string };
  /** Undefined: nobody collects spans. */
  readonly traces: TracesConfig | undefined;
  readonly stateFolder: string;
  readonly instance: string;
  readonly limits: ProxyLimits;
  readonly drainMs: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

export function readProxyConfig(env: Env): EnvResult<ProxyConfig> {
  const read = readEnv(PROXY_VARIABLES, env);
  if (!read.ok) return read;
  const problems = peerProblems(read.value);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: configOf(read.value) };
}

/** Peers find each other by address, know each other by the keys, and their pods by the uid. */
function peerProblems(env: ProxyVariables): readonly EnvProblem[] {
  if (env.PEER_PORT === undefined) return [];
  return (['KEYS_FILE', 'POD_IP', 'POD_UID'] as const)
    .filter((variable) => env[variable] === undefined)
    .map((variable) => ({ variable, message: `${variable} is not set, and PEER_PORT needs it.` }));
}

function configOf(env: ProxyVariables): ProxyConfig {
  return {
    port: env.PORT,
    metricsPort: env.METRICS_PORT,
    bindAddress: env.BIND_ADDRESS,
    upstreamUrl: env.UPSTREAM_URL,
    upstreamTimeouts: {
      connectTimeoutMs: env.UPSTREAM_CONNECT_TIMEOUT_MS,
      headTimeoutMs: env.UPSTREAM_TIMEOUT_MS,
      idleTimeoutMs: env.UPSTREAM_IDLE_TIMEOUT_MS,
    },
    policyFile: env.POLICY_FILE,
    policyStream: policyStreamOf(env),
    server: { name: env.MCP_SERVER_NAME, namespace: env.MCP_SERVER_NAMESPACE, cluster: env.MCP_CLUSTER_NAME },
    externalBaseUrl: env.EXTERNAL_BASE_URL,
    stripPrefix: env.STRIP_PREFIX ?? '',
    allowedHosts: env.ALLOWED_HOSTS,
    allowedOrigins: env.ALLOWED_ORIGINS,
    forwardHeaders: env.FORWARD_HEADERS.map((name) => name.toLowerCase()),
    audit: auditOf(env),
    keysFile: env.KEYS_FILE,
    peerPort: env.PEER_PORT,
    pod: { host: env.POD_IP ?? '', uid: env.POD_UID ?? '' },
    traces: tracesOf(env),
    stateFolder: env.STATE_DIR,
    instance: env.INSTANCE ?? os.hostname(),
    limits: {
      maxBodyBytes: env.MAX_BODY_BYTES,
      maxAnswerBytes: env.MAX_ANSWER_BYTES,
      maxConcurrent: env.MAX_CONCURRENT,
      maxConcurrentPerSubject: env.MAX_CONCURRENT_PER_SUBJECT,
      subjectRate: { perMinute: env.SUBJECT_RATE_PER_MINUTE, burst: env.SUBJECT_RATE_BURST },
      maxBufferedBytes: env.MAX_BUFFERED_BYTES,
      maxBufferedAnswerBytes: env.MAX_BUFFERED_ANSWER_BYTES,
      requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
      unreadTimeoutMs: env.UNREAD_TIMEOUT_MS,
      answerTimeoutMs: env.UPSTREAM_ANSWER_TIMEOUT_MS,
    },
    drainMs: env.DRAIN_MS,
    logLevel: env.LOG_LEVEL,
  };
}

function policyStreamOf(env: ProxyVariables): PolicyStreamConfig | undefined {
  const { POLICY_STREAM_URL: url, POLICY_STREAM_SERVER_NAME: name, IDENTITY_DIR: identityFolder } = env;
  if (url === undefined) return undefined;
  return { url, serverName: name ?? url.hostname, identityFolder };
}

function tracesOf(env: ProxyVariables): TracesConfig | undefined {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  return {
    url: new URL(`${endpoint.pathname.replace(/\/$/, '')}/v1/traces`, endpoint),
    serviceName: env.OTEL_SERVICE_NAME ?? `${env.MCP_SERVER_NAME}-gateway`,
    share: env.OTEL_TRACES_SAMPLER_ARG,
    delayMs: env.OTEL_BSP_SCHEDULE_DELAY,
  };
}

function auditOf(env: ProxyVariables): AuditConfig | undefined {
  if (env.ANALYTICS_INGEST_URL === undefined) return undefined;
  return {
    url: env.ANALYTICS_INGEST_URL,
    apiKey: env.ANALYTICS_API_KEY,
    tokenFile: env.ANALYTICS_TOKEN_FILE,
    source: env.ANALYTICS_SOURCE ?? `${env.MCP_SERVER_NAME}-gateway`,
    eventType: env.ANALYTICS_EVENT_TYPE,
    spoolMaxBytes: env.SPOOL_MAX_BYTES,
  };
}
