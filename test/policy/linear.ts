// The oracle: the rules of a decision written straight down, over the raw objects, looking at each of them every time.
// It shares no code with the policy room, so that both can only agree by being right, or by the same misunderstanding.
import { MCPAccessGrant, type McpAccessGrant } from '#api/mcp-access-grant.ts';
import { MCPAgentSession, type McpAgentSession } from '#api/mcp-agent-session.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { parseResource } from '#api/parse.ts';
import type { Principal } from '#api/principal.ts';
import { SIDE_EFFECTS } from '#api/side-effect.ts';

export interface RawGrant {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: {
    readonly subject?: unknown;
    readonly disabled?: unknown;
    readonly toolRules?: readonly {
      readonly name: string;
      readonly decision: string;
      readonly condition?: string;
    }[];
  };
}

export interface RawSession {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly creationTimestamp?: string;
    readonly uid?: string;
  };
}

export interface World {
  readonly server: McpServer;
  readonly grants: readonly RawGrant[];
  readonly sessions: readonly RawSession[];
  readonly tombstones: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly until: string;
  }[];
  readonly maxLifetimeMs: number;
  readonly idleTimeoutMs: number;
  /** What each condition means; one that is not here can't be compiled. */
  readonly conditions: Readonly<Record<string, (args: unknown) => boolean | 'fails'>>;
}

export interface Question {
  readonly principal: Principal;
  readonly tool: string;
  readonly session?: string | undefined;
  readonly sessionLastUsedMs?: number | undefined;
  readonly args: unknown;
}

export interface Answer {
  readonly outcome: 'allow' | 'deny' | 'would_deny';
  readonly reason: string;
  readonly told: string;
  readonly grant?: string | undefined;
}

const LEVEL: Readonly<Record<string, number>> = { low: 1, medium: 2, high: 3 };
const level = (trust: string): number => LEVEL[trust] ?? 0;
const keyOf = ({ metadata }: RawGrant | RawSession): string => `${metadata.namespace}/${metadata.name}`;
const byCodePoint = (a: string, b: string): number => Number(a > b) - Number(a < b);

interface SubjectFields {
  readonly humanID?: string | undefined;
  readonly agentID?: string | undefined;
  readonly teamID?: string | undefined;
  readonly anonymous?: boolean | undefined;
}

function speaksOf(subject: SubjectFields, { server }: World, caller: Principal): boolean {
  if (caller.assurance === 'anonymous') return subject.anonymous === true;
  if (subject.anonymous === true) return false;
  if (!subject.humanID && !subject.agentID && !subject.teamID) {
    return caller.assurance === 'verified' || server.spec.access?.emptySubjectMatchesAsserted === true;
  }
  return (
    (!subject.humanID || subject.humanID === caller.human) &&
    (!subject.agentID || subject.agentID === caller.agent) &&
    (!subject.teamID || caller.teams.includes(subject.teamID))
  );
}

function isAccepted({ server }: World, { metadata }: RawGrant | RawSession): boolean {
  const own = metadata.namespace === server.metadata.namespace;
  return own || (server.spec.access?.fromNamespaces ?? []).includes(metadata.namespace);
}

function sessionReason(
  world: World,
  question: Question,
  nowMs: number,
): string | McpAgentSession | undefined {
  const { principal, session: id, sessionLastUsedMs } = question;
  if (id === undefined) return world.server.spec.session?.required === true ? 'missing_session' : undefined;
  const key = id.includes('/') ? id : `${world.server.metadata.namespace ?? ''}/${id}`;
  const raw = world.sessions.find((candidate) => keyOf(candidate) === key && isAccepted(world, candidate));
  const parsed = raw === undefined ? undefined : parseResource(MCPAgentSession, raw);
  if (raw === undefined || parsed?.ok !== true) return 'session_not_found';
  const { spec } = parsed.value;
  if (principal.assurance === 'anonymous' || !speaksOf(spec.subject, world, principal))
    return 'session_not_found';
  const created = raw.metadata.creationTimestamp;
  const isBuried = world.tombstones.some(
    (stone) =>
      `${stone.namespace}/${stone.name}` === key &&
      (created === undefined || Date.parse(created) < Date.parse(stone.until)),
  );
  if (spec.revoked === true || isBuried) return 'session_revoked';
  if (spec.expiresAt !== undefined && nowMs >= Date.parse(spec.expiresAt)) return 'session_expired';
  if (created !== undefined && nowMs >= Date.parse(created) + world.maxLifetimeMs) return 'session_expired';
  if (sessionLastUsedMs !== undefined && nowMs - sessionLastUsedMs >= world.idleTimeoutMs)
    return 'session_expired';
  return parsed.value;
}

interface Deny {
  readonly grant: string;
  readonly conditional: boolean;
}

interface Allow {
  readonly grant: string;
  readonly effectAllowed: boolean;
  readonly required: number;
  readonly given: number;
  readonly condition: string | undefined;
  readonly named: boolean;
}

interface Gathered {
  readonly denies: Deny[];
  readonly allows: Allow[];
  matches: boolean;
  names: boolean;
}

function holds(world: World, condition: string, args: unknown): boolean | 'fails' {
  return world.conditions[condition]?.(args) ?? 'fails';
}

function gatherDenies(world: World, raw: RawGrant, question: Question, found: Gathered): void {
  for (const rule of raw.spec.toolRules ?? []) {
    if (rule.name !== question.tool || rule.decision !== 'deny') continue;
    found.names = true;
    const { condition } = rule;
    if (condition !== undefined && holds(world, condition, question.args) === false) continue;
    found.denies.push({ grant: keyOf(raw), conditional: condition !== undefined });
  }
}

function gatherAllows(
  world: World,
  raw: RawGrant,
  spec: McpAccessGrant['spec'],
  tool: string,
  found: Gathered,
): void {
  const declared = world.server.spec.tools?.find(({ name }) => name === tool);
  const effect = declared?.sideEffect;
  const effectAllowed = effect !== undefined && (spec.allowedSideEffects ?? []).includes(effect);
  const rules = spec.toolRules ?? [];
  const rule = rules.find(({ name, decision }) => name === tool && decision === 'allow');
  if (rules.length > 0 && rule === undefined) return;
  found.names ||= rule !== undefined;
  found.allows.push({
    grant: keyOf(raw),
    effectAllowed,
    required: Math.max(level(declared?.requiredTrust ?? 'low'), level(rule?.requiredTrust ?? 'low')),
    given: level(spec.maxTrust),
    condition: rule?.condition,
    named: rule !== undefined,
  });
}

function readSubject(raw: RawGrant): SubjectFields | undefined {
  const read = MCPAccessGrant.spec.shape.subject.safeParse(raw.spec.subject);
  if (!read.success) return undefined;
  const { humanID, agentID, teamID, anonymous } = read.data ?? {};
  return anonymous === true && (humanID || agentID || teamID) ? undefined : (read.data ?? {});
}

function gather(world: World, question: Question): Gathered {
  const found: Gathered = { denies: [], allows: [], matches: false, names: false };
  const toAll: Deny[] = [];
  for (const raw of world.grants) {
    if (!isAccepted(world, raw)) continue;
    const parsed = parseResource(MCPAccessGrant, raw);
    const subject = readSubject(raw);
    const isOff = raw.spec.disabled === true;
    if (subject === undefined) {
      const denies = (raw.spec.toolRules ?? []).some(
        (rule) => rule.name === question.tool && rule.decision === 'deny',
      );
      if (denies && !isOff) toAll.push({ grant: keyOf(raw), conditional: false });
      continue;
    }
    const isEmpty = !subject.humanID && !subject.agentID && !subject.teamID && subject.anonymous !== true;
    if (!speaksOf(subject, world, question.principal)) {
      // Its denies bind this caller too, and tell nothing of the tool.
      if (isEmpty && !isOff) gatherDenies(world, raw, question, { ...found });
      continue;
    }
    found.matches = true;
    if (isOff) continue;
    gatherDenies(world, raw, question, found);
    if (parsed.ok) gatherAllows(world, raw, parsed.value.spec, question.tool, found);
  }
  if (found.denies.length === 0) found.denies.push(...toAll);
  return found;
}

const STAGES = [
  'tool_side_effect_unknown',
  'side_effect_not_allowed',
  'trust_too_low',
  'condition_not_met',
  'allowed',
];

function stageOf(world: World, question: Question, allow: Allow, consented: number | undefined): string {
  const declared = world.server.spec.tools?.find(({ name }) => name === question.tool);
  if (declared?.sideEffect === undefined) return 'tool_side_effect_unknown';
  if (!allow.effectAllowed) return 'side_effect_not_allowed';
  if (Math.min(allow.given, consented ?? 3) < allow.required) return 'trust_too_low';
  if (allow.condition === undefined || holds(world, allow.condition, question.args) === true)
    return 'allowed';
  return 'condition_not_met';
}

/** Side effect allowed, enough trust to ever pass, least trust asked for, most given, code-point order. */
function preferred(a: Allow, b: Allow): number {
  return (
    Number(b.effectAllowed) - Number(a.effectAllowed) ||
    Number(b.given >= b.required) - Number(a.given >= a.required) ||
    a.required - b.required ||
    b.given - a.given ||
    byCodePoint(a.grant, b.grant)
  );
}

function toolAnswer(world: World, question: Question, found: Gathered, consented: number | undefined) {
  const [deny] = found.denies.toSorted(
    (a, b) => Number(a.conditional) - Number(b.conditional) || byCodePoint(a.grant, b.grant),
  );
  if (deny !== undefined) return { passes: false, reason: 'tool_denied', grant: deny.grant };
  const judged = found.allows.map((allow) => ({ allow, stage: stageOf(world, question, allow, consented) }));
  const [best] = judged.toSorted(
    (a, b) => STAGES.indexOf(b.stage) - STAGES.indexOf(a.stage) || preferred(a.allow, b.allow),
  );
  if (best !== undefined)
    return { passes: best.stage === 'allowed', reason: best.stage, grant: best.allow.grant };
  const reason = found.matches ? 'tool_not_granted' : 'no_matching_grant';
  if (world.server.spec.policy?.defaultDecision !== 'allow') return { passes: false, reason };
  const effect = world.server.spec.tools?.find(({ name }) => name === question.tool)?.sideEffect;
  if (effect === undefined) return { passes: false, reason: 'tool_side_effect_unknown' };
  return { passes: effect !== 'destructive', reason };
}

function isKnowable({ server }: World, { tool }: Question, found: Gathered): boolean {
  const effect = server.spec.tools?.find(({ name }) => name === tool)?.sideEffect;
  const isCovered = found.allows.some((allow) => !allow.named && allow.effectAllowed);
  const byDefault =
    server.spec.policy?.defaultDecision === 'allow' && SIDE_EFFECTS.some((known) => known === effect);
  return found.names || isCovered || (byDefault && effect !== 'destructive');
}

function isIdentified({ server }: World, { assurance, human, agent, teams }: Principal): boolean {
  const mode = server.spec.auth?.mode ?? 'header';
  if (assurance === 'anonymous') return mode === 'none';
  if (assurance === 'asserted' && (mode === 'oauth' || mode === 'mtls')) return false;
  return human !== undefined || agent !== undefined || teams.length > 0;
}

/** Decides one call of a tool. */
export function decideLinearly(world: World, question: Question, nowMs: number): Answer {
  const refusal = world.server.spec.policy?.mode === 'observe' ? 'would_deny' : 'deny';
  const refuse = (reason: string): Answer => ({ outcome: refusal, reason, told: reason });
  if (!isIdentified(world, question.principal)) return refuse('missing_identity');
  const session = sessionReason(world, question, nowMs);
  if (typeof session === 'string') return refuse(session);
  const found = gather(world, question);
  const consented = session === undefined ? undefined : level(session.spec.consentedTrust);
  const { passes, reason, grant } = toolAnswer(world, question, found, consented);
  if (passes) return { outcome: 'allow', reason, told: reason, grant };
  return {
    outcome: refusal,
    reason,
    told: isKnowable(world, question, found) ? reason : 'unknown_tool',
    grant,
  };
}
