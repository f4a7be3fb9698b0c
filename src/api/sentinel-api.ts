// What the sentinel's API answers, for its console, the CLI and tests. Lists are pages with an opaque cursor; times
// are ISO 8601 in UTC; every page says how many acknowledged events the store does not show yet.
import { z } from 'zod';
import { AUDIT_DECISIONS, AUDIT_KINDS, AUDIT_OUTCOMES, auditEvent, auditPayload } from './audit-event.ts';
import { inventoryGrant, inventoryServer, inventorySession, SERVER_STATES } from './inventory.ts';
import { ASSURANCES } from './principal.ts';
import { SIDE_EFFECTS } from './side-effect.ts';
import { TRUST_LEVELS } from './trust.ts';

export const SENTINEL_PATHS = {
  events: '/api/v1/events',
  decisions: '/api/v1/decisions',
  decisionStream: '/api/v1/decisions/stream',
  servers: '/api/v1/servers',
  access: '/api/v1/access',
  summary: '/api/v1/summary',
  session: '/api/v1/session',
  backups: '/api/v1/backups',
  chains: '/api/v1/chains',
  health: '/health',
  ready: '/ready',
  metrics: '/metrics',
} as const;

const count = z.number().int().nonnegative();
const trust = z.enum(TRUST_LEVELS).optional();

/** One request and what became of it: a `complete` event, or `decided` and `finished` put together. */
export const decisionRecord = z.object({
  /** As `before` of the next request: what is older than this record. */
  cursor: z.string(),
  id: z.string(),
  timestamp: z.string(),
  namespace: z.string(),
  server: z.string(),
  kind: z.enum(AUDIT_KINDS),
  decision: z.enum(AUDIT_DECISIONS),
  reason: z.string(),
  caller: z.object({
    humanId: z.string().optional(),
    agentId: z.string().optional(),
    teamId: z.string().optional(),
    assurance: z.enum(ASSURANCES).optional(),
  }),
  session: z.string().optional(),
  httpMethod: z.string(),
  path: z.string(),
  rpcMethod: z.string().optional(),
  rpcId: z.string().optional(),
  tool: z.string().optional(),
  sideEffect: z.enum(SIDE_EFFECTS).optional(),
  trust: z.object({ required: trust, granted: trust, consented: trust, effective: trust }),
  /** HTTP status; absent while the call is under way. */
  status: count.optional(),
  outcome: z.enum(AUDIT_OUTCOMES),
  /** Absent while the call is under way. */
  durationMs: z.number().nonnegative().optional(),
  grant: z.string().optional(),
  policyRevision: z.string().optional(),
  traceId: z.string().optional(),
  client: z.string().optional(),
});
export type DecisionRecord = z.output<typeof decisionRecord>;

/** Acknowledged events that are in the log and not yet in the store. */
const pending = count;
/** Pass it as the next request's cursor; absent on the last page. */
const next = z.string().optional();

export const decisionPage = z.object({ decisions: z.array(decisionRecord), next, pending });
export type DecisionPage = z.output<typeof decisionPage>;

/** An event as it is stored. Newer proxies may add members; they are kept. */
export const storedEvent = auditEvent.extend({ payload: auditPayload.loose() }).loose();
export type StoredEvent = z.output<typeof storedEvent>;

export const eventPage = z.object({ events: z.array(storedEvent), next, pending });
export type EventPage = z.output<typeof eventPage>;

const decisionCounts = z.object({ allow: count, deny: count, would_deny: count });
export type DecisionCounts = z.output<typeof decisionCounts>;

/** A server of the inventory, or one that is known by its events only (`unlisted`). */
export const serverRecord = inventoryServer.extend({
  state: z.enum([...SERVER_STATES, 'unlisted']),
  /** Decisions within the window of the answer. */
  counts: decisionCounts,
  lastEventAt: z.string().optional(),
});
export type ServerRecord = z.output<typeof serverRecord>;

export const serverList = z.object({
  servers: z.array(serverRecord),
  windowMinutes: count,
  /** Set where the inventory file can't be read; the servers are then the last known ones. */
  problem: z.string().optional(),
});
export type ServerList = z.output<typeof serverList>;

export const accessList = z.object({
  grants: z.array(inventoryGrant),
  sessions: z.array(inventorySession),
  problem: z.string().optional(),
});
export type AccessList = z.output<typeof accessList>;

export const trafficSummary = z.object({
  /** One entry per minute, ascending, without gaps; the last one is the current minute. */
  minutes: z.array(decisionCounts.extend({ at: z.string() })),
  /** The most frequent reasons of the same time, most frequent first. */
  reasons: z.array(z.object({ decision: z.enum(AUDIT_DECISIONS), reason: z.string(), count })),
  pending,
});
export type TrafficSummary = z.output<typeof trafficSummary>;

/** A finished backup. */
export const backupRecord = z.object({
  name: z.string(),
  createdAt: z.string(),
  /** Version of the program that made it. */
  program: z.string(),
  /** The sentinel whose events it holds; another one where the folder is shared, or after a loss. */
  sentinel: z.string(),
  events: count,
  bytes: count,
});
export type BackupRecord = z.output<typeof backupRecord>;

export const backupList = z.object({
  /** The latest first. */
  backups: z.array(backupRecord),
  /** How many of its own the sentinel keeps. */
  retain: count,
  /** Absent where they are made only when somebody asks. */
  everyMs: count.optional(),
  /** The one that is being made. */
  running: z.string().optional(),
  /** The last attempt, where it failed. */
  failure: z.object({ at: z.string(), message: z.string() }).optional(),
});
export type BackupList = z.output<typeof backupList>;

/** A backup that was begun; `backupList` tells when it is finished. */
export const backupBegun = z.object({ name: z.string() });

/** Events of one start of one proxy, which form a chain: each holds the hash of the one before. */
export const chainList = z.object({
  events: count,
  chains: count,
  /** What is wrong with those that are not whole, one sentence each. */
  problems: z.array(z.string()),
  pending,
});
export type ChainList = z.output<typeof chainList>;

/** Data of the `decisions` message of the live stream. */
export const liveDecisions = z.object({
  decisions: z.array(decisionRecord),
  /** Left out because there were more than a reader can follow. */
  skipped: count,
});
export type LiveDecisions = z.output<typeof liveDecisions>;

/** Messages of the live stream (server-sent events). `inventory` has no data but `{}`. */
export const LIVE_MESSAGES = { decisions: 'decisions', inventory: 'inventory' } as const;

export const healthReport = z.object({
  /** `degraded`: events are taken and kept, but something does not work; `components` says what. */
  status: z.enum(['ok', 'degraded']),
  components: z.record(
    z.string(),
    z.object({ status: z.enum(['ok', 'degraded']), message: z.string().optional() }),
  ),
  pending,
});
export type HealthReport = z.output<typeof healthReport>;

export const apiError = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
export type ApiError = z.output<typeof apiError>;

/** Queries of the lists, as text, the way they stand in a URL. */
const filter = z.string().min(1).max(256).optional();
const limit = (max: number) => z.coerce.number().int().min(1).max(max).default(100);

export const decisionQuery = z.strictObject({
  server: filter,
  namespace: filter,
  decision: z.enum(AUDIT_DECISIONS).optional(),
  reason: filter,
  since: z.iso.datetime({ offset: true }).optional(),
  /** `next` of the page before; pages go from the latest to the oldest. */
  before: z.string().min(1).max(512).optional(),
  limit: limit(500),
});
export type DecisionQuery = z.output<typeof decisionQuery>;

export const eventQuery = z.strictObject({
  server: filter,
  namespace: filter,
  decision: z.enum(AUDIT_DECISIONS).optional(),
  reason: filter,
  /** The event's id: `decided` and `finished` share one. */
  id: filter,
  session: filter,
  human: filter,
  agent: filter,
  tool: filter,
  kind: z.enum(AUDIT_KINDS).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  /** `next` of the page before; pages go from the oldest to the latest. */
  after: z.string().min(1).max(512).optional(),
  limit: limit(1000),
});
export type EventQuery = z.output<typeof eventQuery>;

export const streamQuery = z.strictObject({
  server: filter,
  namespace: filter,
  decision: z.enum(AUDIT_DECISIONS).optional(),
});
export type StreamQuery = z.output<typeof streamQuery>;

export const summaryQuery = z.strictObject({
  server: filter,
  namespace: filter,
  /** How far back, in minutes. */
  minutes: z.coerce.number().int().min(1).max(1440).default(60),
});
export type SummaryQuery = z.output<typeof summaryQuery>;
