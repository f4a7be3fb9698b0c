// The variables of the proxy's environment: what its renderer sets (src/api/proxy-config.ts) and its own tuning, with
// defaults.
import { isIP } from 'node:net';
import { z } from 'zod';
import { OWN_HEADERS, PROXY_PATHS, PROXY_PORTS } from '#api/proxy-config.ts';
import { SECRET, envHttpUrl, envInteger, envList } from '#runtime/process/env.ts';
import { LOG_LEVELS } from '#runtime/process/log.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A URL, or `host:port` as it is written in places where the scheme goes without saying. */
const otlpEndpoint = z
  .string()
  .transform((text) => (text.includes('://') ? text : `http://${text}`))
  .pipe(envHttpUrl());

const envShare = z
  .string()
  .refine((text) => /^(0|1|0?\.\d{1,9}|1\.0{1,9})$/.test(text), 'expected a number from 0 to 1')
  .transform(Number);

export const PROXY_VARIABLES = z.object({
  PORT: envInteger(0, 65_535)
    .default(PROXY_PORTS.gateway)
    .describe('the port of the MCP listener; 0 takes a free one'),
  BIND_ADDRESS: z.string().optional().describe('the address of both listeners; all addresses when not set'),
  METRICS_PORT: envInteger(0, 65_535)
    .default(PROXY_PORTS.metrics)
    .describe('the port of metrics, health and readiness; 0 takes a free one'),
  UPSTREAM_URL: envHttpUrl().describe(
    'the origin of the server behind the proxy, such as http://127.0.0.1:8088',
  ),
  POLICY_FILE: z.string().default(PROXY_PATHS.policyFile).describe('the path of the policy document'),
  POLICY_STREAM_URL: envHttpUrl()
    .refine((url) => url.protocol === 'https:', 'expected https://, because a token is sent there')
    .optional()
    .describe('where distributors are found, such as https://distributor.mcp-runtime.svc:9443'),
  POLICY_STREAM_SERVER_NAME: z
    .string()
    .max(253)
    .optional()
    .describe('the name in the certificates of the distributors'),
  IDENTITY_DIR: z.string().default(PROXY_PATHS.identityFolder).describe('the folder of tokens and the CA'),
  MCP_SERVER_NAME: z.string().describe('the name of the MCPServer'),
  MCP_SERVER_NAMESPACE: z.string().describe('the namespace of the MCPServer'),
  MCP_CLUSTER_NAME: z.string().default('local'),
  EXTERNAL_BASE_URL: envHttpUrl().optional().describe('the URL under which callers reach the server'),
  STRIP_PREFIX: z
    .string()
    .regex(/^\/[^?#]*[^/?#]$/, 'expected a path such as /team/server, without a slash at its end')
    .optional()
    .describe('the path prefix that is removed before forwarding'),
  ALLOWED_HOSTS: envList().default([]),
  ALLOWED_ORIGINS: envList().default([]),
  FORWARD_HEADERS: envList()
    .refine(
      (names) => !names.some((name) => OWN_HEADERS.has(name.toLowerCase())),
      'expected no header that frames or routes a request, because the proxy sets these itself',
    )
    .default([]),
  ANALYTICS_INGEST_URL: envHttpUrl().optional().describe('where audit events are posted, http://…/events'),
  ANALYTICS_SOURCE: z.string().optional(),
  ANALYTICS_EVENT_TYPE: z.string().default('mcp.request'),
  ANALYTICS_API_KEY: z.string().optional().register(SECRET, { shown: false }),
  ANALYTICS_TOKEN_FILE: z.string().optional().describe('the file of a token for ingest'),
  KEYS_FILE: z.string().optional().describe('the file of the keys that all proxies of the server share'),
  PEER_PORT: envInteger(0, 65_535)
    .optional()
    .describe('the port where proxies of the same server hand over requests; 0 takes a free one'),
  POD_IP: z
    .string()
    .max(45)
    .refine((ip) => isIP(ip) !== 0, 'expected an IP address')
    .optional(),
  POD_UID: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the uid of a pod')
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
    .optional()
    .describe('where spans are sent, such as http://collector.example.org:4318'),
  OTEL_SERVICE_NAME: z.string().max(255).optional(),
  OTEL_TRACES_SAMPLER_ARG: envShare
    .default(1)
    .describe('the share of the traces that begin here which are recorded, from 0 to 1'),
  OTEL_BSP_SCHEDULE_DELAY: envInteger(100, 600_000)
    .default(5_000)
    .describe('the milliseconds after which spans are sent'),
  STATE_DIR: z.string().default(PROXY_PATHS.stateFolder),
  INSTANCE: z.string().max(253).optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(', ')}`).default('info'),
  SPOOL_MAX_BYTES: envInteger(64 * KIB, 1024 ** 4)
    .default(64 * MIB)
    .describe('the most bytes of audit events kept on disk'),
  MAX_BODY_BYTES: envInteger(1, 1024 * MIB)
    .default(4 * MIB)
    .describe('the largest request body'),
  MAX_ANSWER_BYTES: envInteger(1, 1024 * MIB)
    .default(16 * MIB)
    .describe('the largest single message of an answer'),
  MAX_CONCURRENT: envInteger(1, 1_000_000).default(4096).describe('the most requests in progress'),
  MAX_CONCURRENT_PER_SUBJECT: envInteger(1, 1_000_000)
    .default(256)
    .describe('the most requests in progress of one caller'),
  SUBJECT_RATE_PER_MINUTE: envInteger(1, 1_000_000_000)
    .default(60_000)
    .describe('the most requests of one caller a minute, where the policy says nothing'),
  SUBJECT_RATE_BURST: envInteger(1, 1_000_000_000)
    .default(2_000)
    .describe('the most requests of one caller at once, where the policy says nothing'),
  MAX_BUFFERED_BYTES: envInteger(1, 1024 ** 4)
    .default(64 * MIB)
    .describe('the most bytes of request bodies held at a time'),
  MAX_BUFFERED_ANSWER_BYTES: envInteger(1, 1024 ** 4)
    .default(64 * MIB)
    .describe('the most bytes of answers held at a time'),
  REQUEST_TIMEOUT_MS: envInteger(100, 3_600_000)
    .default(30_000)
    .describe('the milliseconds in which a request has to arrive'),
  UNREAD_TIMEOUT_MS: envInteger(100, 86_400_000)
    .default(60_000)
    .describe('the milliseconds in which a caller has to take something of an answer'),
  UPSTREAM_CONNECT_TIMEOUT_MS: envInteger(1, 600_000).default(2_000),
  UPSTREAM_TIMEOUT_MS: envInteger(1, 86_400_000)
    .default(60_000)
    .describe('the milliseconds until the head of an answer'),
  UPSTREAM_IDLE_TIMEOUT_MS: envInteger(1, 86_400_000)
    .default(300_000)
    .describe('the milliseconds without a byte of a body or stream'),
  UPSTREAM_ANSWER_TIMEOUT_MS: envInteger(1, 86_400_000)
    .default(300_000)
    .describe('the milliseconds from the head of an answer that is no stream to its end'),
  DRAIN_MS: envInteger(0, 3_600_000)
    .default(25_000)
    .describe('the milliseconds that open requests get at shutdown'),
});

export type ProxyVariables = z.output<typeof PROXY_VARIABLES>;
