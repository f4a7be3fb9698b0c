// What one session contributes to a policy: whose it is, how far it consents, when it ends. Revocation is final: an
// object that was revoked and deleted leaves a tombstone, and applying its manifest again doesn't revive it.
import { MCPAgentSession, type McpAgentSession } from '#api/mcp-agent-session.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { parseResource } from '#api/parse.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import type { Problem } from '#api/result.ts';
import { bindingOf, type Binding, type RawObject } from './binding.ts';
import type { PolicySession } from './document.ts';
import { policySubject } from './grant-terms.ts';

/** A revoked session whose object was deleted. */
export interface Tombstone extends ObjectRef {
  /** Uid of the deleted object, where it had one. */
  readonly uid?: string | undefined;
  /** ISO time until which a new object of this name counts as the revoked one. */
  readonly until: string;
}

export interface SessionReport extends ObjectRef {
  readonly state: Binding | 'invalid';
  readonly problems: readonly Problem[];
  readonly revoked: boolean;
  /** ISO time; absent where it never ends. */
  readonly expiresAt?: string | undefined;
}

export interface SessionTerms {
  readonly report: SessionReport;
  /** Absent where the session doesn't count. */
  readonly session?: PolicySession;
}

export interface SessionContext {
  readonly server: McpServer;
  readonly maxLifetimeSeconds: number;
  readonly duplicates: ReadonlySet<string>;
  /** By `namespace/name`. */
  readonly tombstones: ReadonlyMap<string, readonly Tombstone[]>;
}

/** The last instant that an ISO time of four-digit years can write; whatever ends later ends then. */
const LAST_INSTANT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The earlier of the session's own end and its creation plus the longest lifetime. */
function endOf({ metadata, spec }: McpAgentSession, maxLifetimeSeconds: number): string | undefined {
  const createdMs = Date.parse(metadata.creationTimestamp ?? '');
  const ends = [
    spec.expiresAt === undefined ? Infinity : Date.parse(spec.expiresAt),
    Number.isNaN(createdMs) ? Infinity : createdMs + maxLifetimeSeconds * 1000,
  ];
  const endMs = Math.min(...ends);
  if (endMs === Infinity) return undefined;
  const readableMs = Number.isNaN(endMs) ? 0 : Math.max(0, endMs);
  return new Date(Math.min(readableMs, LAST_INSTANT_MS)).toISOString();
}

/**
 * Whether a tombstone speaks of an object: the same one, or one of its name that isn't known to have been created
 * after the tombstone's time.
 */
export function isBuried({ metadata }: McpAgentSession, tombstone: Tombstone): boolean {
  if (tombstone.uid !== undefined && tombstone.uid === metadata.uid) return true;
  const createdMs = Date.parse(metadata.creationTimestamp ?? '');
  const untilMs = Date.parse(tombstone.until);
  return !(createdMs >= untilMs);
}

/** Reads one raw session for a server. */
export function sessionTerms(object: RawObject, context: SessionContext): SessionTerms {
  const { ref, raw } = object;
  const report = { ...ref, problems: [], revoked: false };
  const binding = bindingOf(object, context.server);
  if (binding !== 'bound') return { report: { ...report, state: binding } };
  const parsed = parseResource(MCPAgentSession, raw);
  if (!parsed.ok) return { report: { ...report, state: 'invalid', problems: parsed.error } };
  if (context.duplicates.has(objectKey(ref))) {
    const problems = [{ path: 'metadata.name', message: 'several sessions have this namespace and name' }];
    return { report: { ...report, state: 'invalid', problems } };
  }
  const { spec } = parsed.value;
  const buried = context.tombstones.get(objectKey(ref)) ?? [];
  const revoked = spec.revoked === true || buried.some((tombstone) => isBuried(parsed.value, tombstone));
  const expiresAt = endOf(parsed.value, context.maxLifetimeSeconds);
  const session: PolicySession = {
    ...ref,
    subject: policySubject(spec.subject),
    consentedTrust: spec.consentedTrust,
    revoked,
    ...(expiresAt !== undefined && { expiresAt }),
  };
  return { report: { ...report, state: 'bound', revoked, expiresAt }, session };
}
