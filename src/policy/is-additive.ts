// Whether one document takes nothing away from another. Whoever writes policy may gather additions for a moment, and
// must not hold back a denial. What is hard to compare counts as taken away: that costs a write and no safety.
import { objectKey } from '#api/principal.ts';
import { trustRank } from '#api/trust.ts';
import { allowTerms, toolTerms, type AllowTerms, type ToolTerms } from './allow-order.ts';
import { canonicalJson } from './canonical-json.ts';
import type {
  PolicyAllow,
  PolicyContent,
  PolicyDeny,
  PolicySession,
  PolicySubjectRecord,
} from './document.ts';
import { subjectKey } from './subject-key.ts';

const areEqual = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

function byKey<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [keyOf(item), item]));
}

/** Trust that a call needs with an allow, or undefined where no call can pass with it. */
function neededTrust(tool: ToolTerms, allow: AllowTerms): number | undefined {
  const needed = Math.max(tool.required, allow.required);
  return (allow.effects & tool.effect) !== 0 && allow.given >= needed ? needed : undefined;
}

/** Whether every call of the tool that passes with `before` passes with `after`. */
function replaces(tool: ToolTerms, before: PolicyAllow, after: PolicyAllow): boolean {
  const asked = neededTrust(tool, allowTerms(before));
  if (asked === undefined) return true;
  const asks = neededTrust(tool, allowTerms(after));
  if (asks === undefined || asks > asked) return false;
  const isAsOpen = after.condition === undefined || after.condition === before.condition;
  return isAsOpen && (after.requires ?? []).every((feature) => before.requires?.includes(feature) === true);
}

/** Rules and covers of a record, as they are for one tool. */
interface Rules {
  readonly rules: ReadonlyMap<string, PolicySubjectRecord['rules'][number]>;
  readonly covers: readonly PolicyAllow[];
}

const NOTHING: Rules = { rules: new Map(), covers: [] };

function recordOf(record: PolicySubjectRecord | undefined): Rules {
  return record === undefined
    ? NOTHING
    : { rules: byKey(record.rules, ({ tool }) => tool), covers: record.covers };
}

const allowsOf = ({ rules, covers }: Rules, tool: string): readonly PolicyAllow[] => [
  ...(rules.get(tool)?.allow ?? []),
  ...covers,
];

const contentOf = ({ condition, requires }: PolicyDeny): string => canonicalJson({ condition, requires });

function deniesNothingNew(before: Rules, after: Rules): boolean {
  return [...after.rules].every(([tool, { deny }]) => {
    if (deny.length === 0) return true;
    const known = (before.rules.get(tool)?.deny ?? []).map(contentOf);
    return deny.every((entry) => known.includes(contentOf(entry)));
  });
}

type Tools = readonly (readonly [name: string, terms: ToolTerms])[];

function allowsAsMuch(tools: Tools, before: Rules, after: Rules): boolean {
  return tools.every(([name, terms]) => {
    const allows = allowsOf(after, name);
    return allowsOf(before, name).every((allow) => allows.some((other) => replaces(terms, allow, other)));
  });
}

function subjectsAreKept(before: PolicyContent, after: PolicyContent): boolean {
  // Under a default that allows, a grant can take away by speaking of a tool at all.
  if (before.policy.defaultDecision === 'allow') return areEqual(before.subjects, after.subjects);
  const tools: Tools = before.tools.map((tool) => [tool.name, toolTerms(tool)]);
  const [known, next] = [before, after].map(({ subjects }) =>
    byKey(subjects, ({ subject }) => subjectKey(subject)),
  );
  return [...new Set([...(known?.keys() ?? []), ...(next?.keys() ?? [])])].every((key) => {
    const [one, other] = [known?.get(key), next?.get(key)];
    if (one !== undefined && areEqual(one, other)) return true;
    const [past, future] = [recordOf(one), recordOf(other)];
    return deniesNothingNew(past, future) && allowsAsMuch(tools, past, future);
  });
}

/** A later end, or none. */
function endsNoEarlier(before: PolicySession, after: PolicySession): boolean {
  if (after.expiresAt === undefined) return true;
  return before.expiresAt !== undefined && Date.parse(after.expiresAt) >= Date.parse(before.expiresAt);
}

function sessionsAreKept(before: PolicyContent, after: PolicyContent): boolean {
  const next = byKey(after.sessions, objectKey);
  return before.sessions.every((session) => {
    if (session.revoked) return true;
    const other = next.get(objectKey(session));
    return (
      other !== undefined &&
      !other.revoked &&
      areEqual(session.subject, other.subject) &&
      trustRank(other.consentedTrust) >= trustRank(session.consentedTrust) &&
      endsNoEarlier(session, other)
    );
  });
}

/** What everything else depends on: compared as a whole, because it changes rarely. */
function frameOf(content: PolicyContent): object {
  const { schema, requires, server, auth, policy, session, audit, limits } = content;
  return { schema, requires, server, auth, policy, session, audit, limits };
}

/**
 * Whether no request that `before` lets pass is denied by `after`, now or at any later time.
 * False also where that would be hard to tell.
 */
export function isAdditive(before: PolicyContent, after: PolicyContent): boolean {
  if (!areEqual(frameOf(before), frameOf(after))) return false;
  const tools = byKey(after.tools, ({ name }) => name);
  const denied = new Set(before.deniedToAll.map(({ tool }) => tool));
  return (
    before.tools.every((tool) => areEqual(tool, tools.get(tool.name))) &&
    after.deniedToAll.every(({ tool }) => denied.has(tool)) &&
    sessionsAreKept(before, after) &&
    subjectsAreKept(before, after)
  );
}
