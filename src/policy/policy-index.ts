// A policy document made ready for lookups: whatever a decision reads is found by key, and conditions are compiled. An
// index is immutable; a new document gets a new one.
import type { ObjectRef, Principal } from '#api/principal.ts';
import type { AllowTerms } from './allow-order.ts';
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
} from './document.ts';
import { indexSubjects, type SubjectIndex } from './subject-index.ts';

/** `broken`: the text can't be compiled, or the entry needs a feature that is unknown here. */
export type IndexedCondition = Condition | 'broken' | undefined;

export interface IndexedAllow extends AllowTerms {
  readonly condition: IndexedCondition;
  /** The first feature that the entry requires and that is unknown here. */
  readonly missingFeature: string | undefined;
}

export interface IndexedDeny {
  readonly grant: ObjectRef;
  readonly condition: IndexedCondition;
}

export interface IndexedRule {
  readonly deny: readonly IndexedDeny[];
  readonly allow: readonly IndexedAllow[];
}

export interface IndexedSubject {
  readonly subject: PolicySubject;
  readonly rules: ReadonlyMap<string, IndexedRule>;
  readonly covers: readonly IndexedAllow[];
}

export interface IndexedSession {
  readonly session: PolicySession;
  /** Epoch milliseconds; infinite where it never expires. */
  readonly expiresAtMs: number;
}

export interface PolicyIndex {
  readonly document: PolicyDocument;
  /** Features that the whole document requires and that are unknown here; any of them denies everything. */
  readonly missingFeatures: readonly string[];
  readonly tools: ReadonlyMap<string, PolicyTool>;
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

function missingFeature(requires: readonly string[] | undefined): string | undefined {
  return requires?.find((feature) => !POLICY_FEATURES.some((known) => known === feature));
}

function indexAllow(allow: PolicyAllow, compile: Compile): IndexedAllow {
  return {
    grant: allow.grant,
    maxTrust: allow.maxTrust,
    requiredTrust: allow.requiredTrust,
    sideEffects: allow.sideEffects,
    condition: allow.condition === undefined ? undefined : compile(allow.condition),
    missingFeature: missingFeature(allow.requires),
  };
}

function indexDeny(deny: PolicyDeny, compile: Compile): IndexedDeny {
  const { grant, condition } = deny;
  if (missingFeature(deny.requires) !== undefined) return { grant, condition: 'broken' };
  return { grant, condition: condition === undefined ? undefined : compile(condition) };
}

function indexSubject(record: PolicySubjectRecord, compile: Compile): IndexedSubject {
  const rules = new Map<string, IndexedRule>();
  for (const rule of record.rules) {
    rules.set(rule.tool, {
      deny: rule.deny.map((deny) => indexDeny(deny, compile)),
      allow: rule.allow.map((allow) => indexAllow(allow, compile)),
    });
  }
  const covers = record.covers.map((allow) => indexAllow(allow, compile));
  return { subject: record.subject, rules, covers };
}

function indexSession(session: PolicySession): IndexedSession {
  if (session.expiresAt === undefined) return { session, expiresAtMs: Infinity };
  const expiresAtMs = Date.parse(session.expiresAt);
  return { session, expiresAtMs: Number.isNaN(expiresAtMs) ? -Infinity : expiresAtMs };
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
  const records = document.subjects.map((record) => indexSubject(record, compile));
  return {
    document,
    missingFeatures: document.requires.filter((feature) => missingFeature([feature]) !== undefined),
    tools: new Map(document.tools.map((tool) => [tool.name, tool])),
    subjects: indexSubjects(records, document.auth.emptySubjectMatchesAsserted),
    deniedToAll: new Map(document.deniedToAll.map(({ tool, grant }) => [tool, grant])),
    sessions: indexSessions(document.sessions),
  };
}

/** The session of a presented id, `name` (in the server's namespace) or `namespace/name`. */
export function findSession(index: PolicyIndex, id: string): IndexedSession | undefined {
  const slash = id.indexOf('/');
  if (slash === -1) return index.sessions.get(index.document.server.namespace)?.get(id);
  return index.sessions.get(id.slice(0, slash))?.get(id.slice(slash + 1));
}

/** Whether a session is this caller's: every field that its subject sets matches, and it sets at least one. */
export function isSessionOf(session: PolicySession, principal: Principal): boolean {
  const { human, agent, team, anonymous } = session.subject;
  if (principal.assurance === 'anonymous' || anonymous === true) return false;
  if (human === undefined && agent === undefined && team === undefined) return false;
  return (
    (human === undefined || human === principal.human) &&
    (agent === undefined || agent === principal.agent) &&
    (team === undefined || principal.teams.includes(team))
  );
}
