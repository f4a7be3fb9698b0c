// One record of what the proxy saw and did, in its final shape. It is a superset of the single-event form that Go
// installations send (envelope and payload names are the same), so their consumers go on reading it.
import { z } from 'zod';
import { RISK_LEVELS, SIDE_EFFECTS } from './side-effect.ts';
import { ASSURANCES } from './principal.ts';
import { TRUST_LEVELS } from './trust.ts';

/** What kind of traffic an event records. */
export const AUDIT_KINDS = [
  'request',
  'notification',
  'refused',
  'stream_opened',
  'stream_ended',
  'server_request',
] as const;

/**
 * `complete`: decision and outcome in one event. A call that streams, or that must be on record before it is
 * forwarded, has two events with one id: `decided`, then `finished`.
 */
export const AUDIT_PHASES = ['complete', 'decided', 'finished'] as const;

/** `would_deny`: observe mode let the request pass, and `reason` says why policy would not have. */
export const AUDIT_DECISIONS = ['allow', 'deny', 'would_deny'] as const;

/** What became of a request that was let through; `none` where none was. */
export const AUDIT_OUTCOMES = ['none', 'answered', 'unknown', 'cancelled'] as const;

/**
 * Fields that may hold what identifies a person, or what a caller chose to say. A server can ask that its proxy doesn't
 * record them as they are (`spec.audit.redact`): identities become pseudonyms, the others are left out.
 */
export const REDACTABLE_FIELDS = [
  'human_id',
  'agent_id',
  'subject_team_id',
  'session_id',
  'client',
  'client_ip',
  'path',
  'rpc_id',
] as const;

export type RedactableField = (typeof REDACTABLE_FIELDS)[number];

const text = z.string().max(4096);
const count = z.number().int().nonnegative();

export const auditPayload = z.object({
  kind: z.enum(AUDIT_KINDS),
  phase: z.enum(AUDIT_PHASES),
  /** HTTP method, and the path without its query. */
  method: text,
  path: text,
  /** The HTTP status sent to the caller; 0 while unknown (`decided`). */
  status: count,
  /** Milliseconds from the request's head to the end of its answer, of which `upstream_ms` waiting for the server. */
  latency_ms: z.number().nonnegative(),
  upstream_ms: z.number().nonnegative().optional(),
  bytes_in: count,
  bytes_out: count,
  server: text,
  namespace: text,
  team_id: text.optional(),
  cluster: text.optional(),
  human_id: text.optional(),
  agent_id: text.optional(),
  subject_team_id: text.optional(),
  /** The agent session (consent) that the caller presented, as presented. */
  session_id: text.optional(),
  assurance: z.enum(ASSURANCES).optional(),
  decision: z.enum(AUDIT_DECISIONS),
  /** One of `REASONS`; a string here so that a store can hold the events of newer proxies. */
  reason: text,
  outcome: z.enum(AUDIT_OUTCOMES),
  policy_version: text.optional(),
  policy_revision: text.optional(),
  rpc_method: text.optional(),
  /** The JSON-RPC id as it stands in the body: `1`, `"a"`. */
  rpc_id: text.optional(),
  tool_name: text.optional(),
  matched_grant: text.optional(),
  matched_grant_namespace: text.optional(),
  matched_session: text.optional(),
  matched_session_namespace: text.optional(),
  required_trust: z.enum(TRUST_LEVELS).optional(),
  required_side_effect: z.enum(SIDE_EFFECTS).optional(),
  risk_level: z.enum(RISK_LEVELS).optional(),
  admin_trust: z.enum(TRUST_LEVELS).optional(),
  consented_trust: z.enum(TRUST_LEVELS).optional(),
  effective_trust: z.enum(TRUST_LEVELS).optional(),
  /** Protocol era of the request, once known. */
  era: z.enum(['legacy', 'modern']).optional(),
  /** Name and version that the client said of itself; never a metric label. */
  client: text.optional(),
  client_ip: text.optional(),
  /**
   * Where the server asks for it (`spec.audit.arguments`), `<key id>:<hex>`: HMAC-SHA256 of the arguments' bytes as they
   * were sent. Arguments themselves are never recorded.
   */
  arguments_digest: text.optional(),
});

export const auditEvent = z.object({
  /** Unique for a request; `decided` and `finished` share it. With `phase` it is what a store deduplicates by. */
  id: z.string().min(1).max(64),
  timestamp: z.iso.datetime({ precision: null }),
  trace_id: z.string().max(64).optional(),
  /** `<server>-gateway` by default. */
  source: text,
  /** `mcp.request` by default. */
  event_type: text,
  /** The proxy that recorded it (pod name), a number that grows with each of its starts, and a gapless count within. */
  instance: z.string().min(1).max(253),
  boot_epoch: count,
  seq: count,
  /** SHA-256 (hex) of the event before it of the same instance and boot epoch, as sent; 64 zeros for the first. */
  prev_hash: z.string().regex(/^[0-9a-f]{64}$/),
  payload: auditPayload,
});

/** One audit event, our form. */
export type AuditEvent = z.output<typeof auditEvent>;
export type AuditPayload = z.output<typeof auditPayload>;
export type AuditDecision = (typeof AUDIT_DECISIONS)[number];

/** The single-event form of Go installations: no id, no chain, fewer payload fields. Ingest accepts it beside ours. */
export const goAuditEvent = z.object({
  timestamp: z.iso.datetime({ precision: null, offset: true }),
  trace_id: z.string().max(64).optional(),
  source: text,
  event_type: text,
  payload: auditPayload.partial().loose(),
});

export type GoAuditEvent = z.output<typeof goAuditEvent>;

/** `prev_hash` of the first event of a boot epoch. */
export const FIRST_PREV_HASH = '0'.repeat(64);

/** Limits of one `POST /events`: bytes after decompression, and events. */
export const INGEST_LIMITS = { bodyBytes: 4 * 1024 * 1024, events: 1000 } as const;
