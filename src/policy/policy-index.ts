// A policy document made ready for lookups: whatever a decision reads is found by key, conditions are compiled, and
// levels are numbers. Flat objects, because with a hundred thousand grants a decision waits for memory more than for
// anything else. An index is immutable; a new document gets a new one.
import type { ObjectRef, Principal } from '#api/principal.ts';
import type { Trust } from '#api/trust.ts';
import { allowTerms, toolTerms, type AllowTerms, type ToolTerms } from './allow-order.ts';
import { compileCondition, type Condition } from './condition.ts';
import {
  POLICY_FEATURES,
  type PolicyAllow,
  type PolicyDeny,
  type PolicyDocument,
  type PolicySession,
  type PolicySubject,
  type PolicySubjectRecord,
  type PolicyTool,
  type PolicyToolRule,
} from './document.ts';
import { indexSubjects, type SubjectIndex } from './subject-index.ts';

/** `broken`: the text can't be compiled, or the entry needs a feature that is unknown here. */
export type IndexedCondition = Condition | 'broken' | undefined;

export interface IndexedAllow extends AllowTerms {
  readonly maxTrust: Trust;
  readonly requiredTrust: Trust;
  readonly condition: IndexedCondition;
  /** Whether the entry requires a feature that is unknown here. */
  readonly lacksFeature: boolean;
}

export interface IndexedDeny {
  readonly grant: ObjectRef;
  readonly condition: IndexedCondition;
}

export interface IndexedRule {
  readonly tool: string;
  readonly deny: readonly IndexedDeny[];
  readonly allow: readonly IndexedAllow[];
}

export interface IndexedSubject {
  readonly subject: PolicySubject;
  /** In code-point order of the tools. */
  readonly rules: readonly IndexedRule[];
  readonly covers: readonly IndexedAllow[];
}

export interface IndexedTool extends ToolTerms {
  readonly declared: PolicyTool;
}

export interface IndexedSession extends ObjectRef {
  readonly human: string | undefined;
  readonly agent: string | undefined;
  readonly team: string | undefined;
  readonly revoked: boolean;
  readonly consentedTrust: Trust;
  /** Epoch milliseconds; infinite where it never expires. */
  readonly expiresAtMs: number;
}

export interface PolicyIndex {
  readonly document: PolicyDocument;
  /** Features that the whole document requires and that are unknown here; any of them denies everything. */
  readonly missingFeatures: readonly string[];
  readonly tools: ReadonlyMap<string, IndexedTool>;
  readonly subjects: SubjectIndex<IndexedSubject>;
  readonly deniedToAll: ReadonlyMap<string, ObjectRef>;
  /** By namespace, then name. */
  readonly sessions: ReadonlyMap<string, ReadonlyMap<string, IndexedSession>>;
}

type Compile = (text: string) => Condition | 'broken';

/** Compiles each text once, however many entries have it. */
function conditionCompiler(): Compile {
  const compiled = new Map<string, Condition | 'broken'>();
  return (text) => {
    const known = compiled.get(text);
    if (known !== undefined) return known;
    const result = compileCondition(text);
    const condition = result.ok ? result.value : 'broken';
    compiled.set(text, condition);
    return condition;
  };
}

function missingFeatures(requires: readonly string[] | undefined): readonly string[] {
  return requires?.filter((feature) => !POLICY_FEATURES.some((known) => known === feature)) ?? NONE;
}

/** Shared, because most records have no denies or no covers. */
const NONE: readonly never[] = [];

function each<From, To>(items: readonly From[], index: (item: From) => To): readonly To[] {
  return items.length === 0 ? NONE : items.map(index);
}

function indexAllow(allow: PolicyAllow, compile: Compile): IndexedAllow {
  const { grant, given, required, effects } = allowTerms(allow);
  return {
    grant,
    given,
    required,
    effects,
    maxTrust: allow.maxTrust,
    requiredTrust: allow.requiredTrust,
    condition: allow.condition === undefined ? undefined : compile(allow.condition),
    lacksFeature: missingFeatures(allow.requires).length > 0,
  };
}

function indexDeny(deny: PolicyDeny, compile: Compile): IndexedDeny {
  const { grant, condition } = deny;
  if (missingFeatures(deny.requires).length > 0) return { grant, condition: 'broken' };
  return { grant, condition: condition === undefined ? undefined : compile(condition) };
}

function indexRule({ tool, deny, allow }: PolicyToolRule, compile: Compile): IndexedRule {
  return {
    tool,
    deny: each(deny, (entry) => indexDeny(entry, compile)),
    allow: each(allow, (entry) => indexAllow(entry, compile)),
  };
}

function indexSubject({ subject, rules, covers }: PolicySubjectRecord, compile: Compile): IndexedSubject {
  const sorted = rules.toSorted((a, b) => (a.tool < b.tool ? -1 : 1));
  return {
    subject,
    rules: each(sorted, (rule) => indexRule(rule, compile)),
    covers: each(covers, (entry) => indexAllow(entry, compile)),
  };
}

/** Epoch milliseconds; a time that can't be read is over. */
function expiryOf({ expiresAt }: PolicySession): number {
  const expiresAtMs = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
  return Number.isNaN(expiresAtMs) ? -Infinity : expiresAtMs;
}

function indexSession(session: PolicySession): IndexedSession {
  const { human, agent, team } = session.subject;
  const { namespace, name, revoked, consentedTrust } = session;
  return { namespace, name, human, agent, team, revoked, consentedTrust, expiresAtMs: expiryOf(session) };
}

function indexSessions(sessions: readonly PolicySession[]): PolicyIndex['sessions'] {
  const byNamespace = new Map<string, Map<string, IndexedSession>>();
  for (const session of sessions) {
    const byName = byNamespace.get(session.namespace) ?? new Map<string, IndexedSession>();
    byNamespace.set(session.namespace, byName.set(session.name, indexSession(session)));
  }
  return byNamespace;
}

/** Builds the index of a document; costs time and memory in proportion to it, once per document. */
export function indexPolicy(document: PolicyDocument): PolicyIndex {
  const compile = conditionCompiler();
  const subjects = document.subjects.map((record) => indexSubject(record, compile));
  return {
    document,
    missingFeatures: missingFeatures(document.requires),
    tools: new Map(document.tools.map((declared) => [declared.name, { declared, ...toolTerms(declared) }])),
    subjects: indexSubjects(subjects, document.auth.emptySubjectMatchesAsserted),
    deniedToAll: new Map(document.deniedToAll.map(({ tool, grant }) => [tool, grant])),
    sessions: indexSessions(document.sessions),
  };
}

/** What a record says of one tool by name. Found by halving: a grant names a few tools, rarely hundreds. */
export function ruleFor({ rules }: IndexedSubject, tool: string): IndexedRule | undefined {
  let from = 0;
  let to = rules.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const rule = rules[middle];
    if (rule === undefined || rule.tool === tool) return rule;
    if (rule.tool < tool) from = middle + 1;
    else to = middle;
  }
  return undefined;
}

/** The session of a presented id, `name` (in the server's namespace) or `namespace/name`. */
export function findSession(index: PolicyIndex, id: string): IndexedSession | undefined {
  const slash = id.indexOf('/');
  if (slash === -1) return index.sessions.get(index.document.server.namespace)?.get(id);
  return index.sessions.get(id.slice(0, slash))?.get(id.slice(slash + 1));
}

/** Whether a session is this caller's: every field that it sets matches, and it sets at least one. */
export function isSessionOf({ human, agent, team }: IndexedSession, principal: Principal): boolean {
  if (principal.assurance === 'anonymous') return false;
  if (human === undefined && agent === undefined && team === undefined) return false;
  return (
    (human === undefined || human === principal.human) &&
    (agent === undefined || agent === principal.agent) &&
    (team === undefined || principal.teams.includes(team))
  );
}
