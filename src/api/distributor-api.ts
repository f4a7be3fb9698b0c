// The wire between proxies, distributors and the operator. A proxy holds one stream to every ready distributor: policy
// comes down, what it enforces goes up, one JSON object a line in both directions. The operator reads the sum of what
// proxies said. Both ends parse what arrives by these schemas; who is speaking is decided by a token, never by a line.
import { z } from 'zod';

/** Ports of a distributor. */
export const DISTRIBUTOR_PORTS = {
  /** TLS: streams of proxies and of the operator. */
  stream: 9443,
  /** Plain HTTP: metrics, liveness, readiness. */
  pages: 8080,
} as const;

export const DISTRIBUTOR_PATHS = {
  /** `POST`, both bodies NDJSON and open for as long as the stream lives. */
  policy: '/policy',
  /** `GET`, the answer NDJSON and open; see docs/distributor.md. */
  acknowledgements: '/acknowledgements',
  health: '/healthz',
  ready: '/readyz',
  metrics: '/metrics',
} as const;

/**
 * Variables by which the program serves many streams in little memory. Young objects live for milliseconds; and a
 * connection's buffers are larger than what is ever in them, which costs nothing where each is a mapping of its own.
 */
export const DISTRIBUTOR_MEMORY = {
  NODE_OPTIONS: '--max-semi-space-size=1',
  /** Both of the C library; another than GNU's passes them over. */
  MALLOC_MMAP_THRESHOLD_: '16384',
  /** What is asked of the system at a time; buffers would go into what is left of more, and not be mapped. */
  MALLOC_TOP_PAD_: '4096',
} as const;

/** How often each side says something, if only that nothing is new; silence of three times that ends a stream. */
export const STREAM_BEAT_MS = 10_000;

/** Most bytes of a line that a proxy sends. What comes down is bounded by the largest policy there is. */
export const STREAM_LINE_BYTES = 64 * 1024;

const revision = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const resourceVersion = z.string().regex(/^\d{1,20}$/);

/** Caches that a policy is made from. */
export const POLICY_INPUTS = ['servers', 'grants', 'sessions', 'tombstones'] as const;

const inputs = z.object({
  servers: resourceVersion,
  grants: resourceVersion,
  sessions: resourceVersion,
  tombstones: resourceVersion,
});

/** Which document, and from which view of the cluster. */
export const policyMark = z.object({ revision, inputs, epoch: z.number().int().nonnegative() });

export type PolicyMark = z.output<typeof policyMark>;

/** Proxy to distributor. The first line of a stream is `hello`. */
export const upMessage = z.union([
  z.object({
    hello: z.object({
      /** Schemas of policy documents that this proxy reads, best first. */
      schemas: z.array(z.string().max(100)).min(1).max(16),
      /** Features that it knows (`POLICY_FEATURES`). */
      features: z.array(z.string().max(100)).max(64),
      /** What is in force, where there is something. */
      enforced: policyMark.optional(),
    }),
  }),
  /** In force from now on. */
  z.object({ enforced: policyMark }),
  /** A document was not taken, and why; `behind` names the caches in which it is older than what is in force. */
  z.object({
    refused: z.object({
      revision,
      message: z.string().max(2_000),
      behind: z.array(z.enum(POLICY_INPUTS)).max(4).optional(),
    }),
  }),
  z.object({
    audit: z.object({
      /** Last batch that ingest acknowledged; absent where none was yet. */
      deliveredAt: z.iso.datetime({ precision: null }).optional(),
      /** Whether events wait longer than they should. */
      delayed: z.boolean(),
    }),
  }),
]);

export type UpMessage = z.output<typeof upMessage>;

/**
 * Why a distributor ends a stream. The proxy connects again, after `server_gone` and `schema_unknown` a minute later. `replaced`: the
 * pod has opened another. `schema_unknown`: none of the proxy's schemas is served. `misbehaved`: it didn't speak as
 * agreed here.
 */
export const STREAM_ENDS = [
  'token_expired',
  'pod_gone',
  'server_gone',
  'draining',
  'replaced',
  'schema_unknown',
  'misbehaved',
] as const;

/** Distributor to proxy. `document` is a policy document; whoever takes it proves it whole (`parsePolicy`). */
export const downMessage = z.union([
  z.object({ document: z.unknown() }).refine((line) => line.document !== undefined),
  /** What is current. Where that is in force already, it is hereby confirmed to be so. */
  z.object({ current: policyMark }),
  z.object({ end: z.object({ reason: z.enum(STREAM_ENDS), message: z.string() }) }),
]);

export type DownMessage = z.output<typeof downMessage>;
