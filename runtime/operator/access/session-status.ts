// What a session's status says, and when it has to be looked at again: an end comes by itself, without an event. Pure. A
// session that has ended, or was revoked, is no fault of anything; one that nobody can carry out is.
import { ACCESS_CONDITIONS, CONDITION_REASONS } from '#api/conditions.ts';
import type { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { type McpAgentSession } from '#api/mcp-agent-session.ts';
import type { Problem, Result } from '#api/result.ts';
import type { Condition } from '#api/schema.ts';
import type { SessionReport, Tombstone } from '#policy/compile.ts';
import { isBuried } from '#policy/session-terms.ts';
import type { ServerPolicy } from '#runtime/policy-book/policy-book.ts';
import { bondOf, conditionsOf, sentenceOf, timeText, type Bond, type Standing } from './findings.ts';
import type { Tracker } from './tracker.ts';
import type { z } from 'zod';

export type McpAgentSessionStatus = z.output<typeof MCPAgentSession.status>;

export interface SessionStatusInput {
  readonly namespace: string;
  readonly generation: number;
  readonly session: Result<McpAgentSession, readonly Problem[]>;
  /** The server that it names. */
  readonly serverKey: string | undefined;
  readonly policy: ServerPolicy;
  /** What the compiler says of it; absent where nothing was compiled. */
  readonly report: SessionReport | undefined;
  /** Of sessions of its name. */
  readonly tombstones: readonly Tombstone[];
  /** Who keeps the object in the cluster, so that it isn't removed after its end. */
  readonly tracker: Tracker | undefined;
  readonly previous: readonly Condition[];
  readonly nowMs: number;
}

export interface SessionView {
  readonly status: McpAgentSessionStatus;
  /** Whether its time after the end is over and nobody keeps it. */
  readonly isToBeRemoved: boolean;
  /** Until the next change that comes by itself. */
  readonly lookAgainMs?: number | undefined;
}

interface Judged extends Pick<Standing, 'active' | 'outlook'> {
  readonly phase: NonNullable<McpAgentSessionStatus['phase']>;
}

/** How and when a session ended. */
interface End {
  readonly how: 'Revoked' | 'Expired';
  readonly reason: typeof REVOKED | typeof REVOKED_BEFORE | typeof EXPIRED;
  readonly atMs: number;
  readonly message: string;
}

const { OBSERVED, INVALID_SPEC, REVOKED, REVOKED_BEFORE, EXPIRED } = CONDITION_REASONS;

/** When the revocation was first reported, if that was before now. */
function revokedAtMs({ previous, nowMs }: SessionStatusInput): number {
  const active = previous.find(({ type }) => type === ACCESS_CONDITIONS.ACTIVE);
  const isKnown =
    active?.status === 'False' && (active.reason === REVOKED || active.reason === REVOKED_BEFORE);
  const atMs = isKnown ? Date.parse(active.lastTransitionTime) : nowMs;
  return Number.isNaN(atMs) ? nowMs : atMs;
}

function expiryOf(session: McpAgentSession, report: SessionReport | undefined): number | undefined {
  const expiresAt = report?.expiresAt ?? session.spec.expiresAt;
  if (expiresAt === undefined) return undefined;
  const ms = Date.parse(expiresAt);
  return Number.isNaN(ms) ? undefined : ms;
}

function endOf(
  input: SessionStatusInput,
  session: McpAgentSession,
  expiresMs: number | undefined,
): End | undefined {
  const { report, tombstones, nowMs } = input;
  const expired: End | undefined =
    expiresMs !== undefined && expiresMs <= nowMs
      ? { how: 'Expired', reason: EXPIRED, atMs: expiresMs, message: `It ended at ${timeText(expiresMs)}.` }
      : undefined;
  const isSaid = session.spec.revoked === true;
  const isRevoked = isSaid || report?.revoked === true || tombstones.some((each) => isBuried(session, each));
  if (!isRevoked) return expired;
  const atMs = Math.min(revokedAtMs(input), expired?.atMs ?? Infinity);
  if (isSaid) {
    const message = 'It was revoked, which cannot be taken back. For access again, make a new session.';
    return { how: 'Revoked', reason: REVOKED, atMs, message };
  }
  const until = tombstones
    .map((each) => each.until)
    .sort()
    .at(-1);
  const message = `A session of this name was revoked before${until === undefined ? '' : `, which holds for objects made before ${until}`}. For access again, make a session of another name.`;
  return { how: 'Revoked', reason: REVOKED_BEFORE, atMs, message };
}

function invalid(problems: readonly Problem[]): Judged {
  const message = `${sentenceOf(problems)}. Nobody can use this session.`;
  return { phase: 'Invalid', active: { status: 'False', reason: INVALID_SPEC, message }, outlook: 'stalled' };
}

function unbound({ state, reason, message }: Bond): Judged {
  if (state === 'server_invalid') {
    return { phase: 'Pending', active: { status: 'Unknown', reason, message }, outlook: 'reconciling' };
  }
  return { phase: 'Unbound', active: { status: 'False', reason, message }, outlook: 'stalled' };
}

function active({ serverKey }: SessionStatusInput, expiresMs: number | undefined): Judged {
  const until = expiresMs === undefined ? 'It has no end.' : `It ends at ${timeText(expiresMs)}.`;
  const message = `In force for ${serverKey ?? ''}. ${until}`;
  return { phase: 'Active', active: { status: 'True', reason: OBSERVED, message }, outlook: 'ready' };
}

function ended({ how, reason, message }: End, kept: string): Judged {
  return {
    phase: how,
    active: { status: 'False', reason, message: `${message}${kept}` },
    outlook: 'ready',
  };
}

interface Removal {
  readonly isDue: boolean;
  readonly inMs?: number | undefined;
  /** Why it stays although it is due. */
  readonly kept: string;
}

function removalOf(session: McpAgentSession, end: End, input: SessionStatusInput): Removal {
  const { ttlSecondsAfterExpired } = session.spec;
  if (ttlSecondsAfterExpired === undefined) return { isDue: false, kept: '' };
  const inMs = end.atMs + ttlSecondsAfterExpired * 1000 - input.nowMs;
  if (inMs > 0) return { isDue: false, inMs, kept: '' };
  const { tracker } = input;
  if (tracker === undefined) return { isDue: true, kept: '' };
  const kept = ` It stays although spec.ttlSecondsAfterExpired is over: ${tracker.by} tracks it (${tracker.mark}) and would make it anew. Remove it there.`;
  return { isDue: false, kept };
}

function statusOf(
  input: SessionStatusInput,
  bond: Bond,
  { phase, active: statement, outlook }: Judged,
  expiresMs?: number,
): McpAgentSessionStatus {
  const { serverKey, generation, previous, nowMs } = input;
  return {
    observedGeneration: generation,
    phase,
    message: statement.message,
    ...(bond.state === 'bound' && serverKey !== undefined && { boundServer: serverKey }),
    ...(expiresMs !== undefined && { expiresAt: timeText(expiresMs) }),
    conditions: conditionsOf(
      { bond, active: statement, outlook },
      { conditions: previous, generation, nowMs },
    ),
  };
}

/** Revoked comes before expired, and both before whether the server is there: an end is an end without it. */
export function sessionView(input: SessionStatusInput): SessionView {
  const { session: read, serverKey, namespace, policy, report, nowMs } = input;
  const bond = bondOf(serverKey, namespace, policy, report?.state);
  if (!read.ok) return { status: statusOf(input, bond, invalid(read.error)), isToBeRemoved: false };
  const session = read.value;
  const expiresMs = expiryOf(session, report);
  const end = endOf(input, session, expiresMs);
  if (end !== undefined) {
    const { isDue, inMs, kept } = removalOf(session, end, input);
    const status = statusOf(input, bond, ended(end, kept), expiresMs);
    return { status, isToBeRemoved: isDue, lookAgainMs: inMs };
  }
  const problems = report?.problems ?? [];
  if (problems.length > 0) return { status: statusOf(input, bond, invalid(problems)), isToBeRemoved: false };
  const judged = bond.state === 'bound' ? active(input, expiresMs) : unbound(bond);
  const lookAgainMs = expiresMs === undefined ? undefined : expiresMs - nowMs;
  return { status: statusOf(input, bond, judged, expiresMs), isToBeRemoved: false, lookAgainMs };
}
