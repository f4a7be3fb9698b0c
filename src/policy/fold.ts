// Folds what all grants say into one record per subject and tool. Whatever is dropped could never have changed a
// decision, its reason or the grant it is attributed to; so a lookup stays as short when a thousand grants name a team.
import { SIDE_EFFECTS } from '#api/side-effect.ts';
import { trustRank } from '#api/trust.ts';
import {
  allowTerms,
  compareAllows,
  compareRefs,
  toolTerms,
  UNDECLARED_TOOL,
  type ToolTerms,
} from './allow-order.ts';
import type {
  PolicyAllow,
  PolicyContent,
  PolicyDeny,
  PolicySubject,
  PolicySubjectRecord,
  PolicyTool,
} from './document.ts';
import type { GrantTerms } from './grant-terms.ts';
import { subjectKey } from './subject-key.ts';

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

interface Conditional {
  readonly condition?: string | undefined;
}

/**
 * Of entries in the order in which they speak: up to the first without a condition, because those behind it could only
 * repeat it; and of several with one condition the first.
 */
function undominated<Entry extends Conditional>(sorted: readonly Entry[]): readonly Entry[] {
  const kept: Entry[] = [];
  const conditions = new Set<string>();
  for (const entry of sorted) {
    const { condition } = entry;
    if (condition === undefined) return [...kept, entry];
    if (!conditions.has(condition)) kept.push(entry);
    conditions.add(condition);
  }
  return kept;
}

function foldAllows(tool: ToolTerms, allows: readonly PolicyAllow[]): PolicyAllow[] {
  const ranked = allows.map((allow) => ({ allow, terms: allowTerms(allow) }));
  const sorted = ranked.sort(
    (a, b) =>
      compareAllows(tool, a.terms, b.terms) || byText(a.allow.condition ?? '', b.allow.condition ?? ''),
  );
  return [...undominated(sorted.map(({ allow }) => allow))];
}

/** A deny without a condition makes those with one redundant. */
function foldDenies(denies: readonly PolicyDeny[]): PolicyDeny[] {
  const order = (a: PolicyDeny, b: PolicyDeny) =>
    Number(a.condition !== undefined) - Number(b.condition !== undefined) ||
    compareRefs(a.grant, b.grant) ||
    byText(a.condition ?? '', b.condition ?? '');
  return [...undominated(denies.toSorted(order))];
}

/** The best cover for each side effect, and the best of all, which speaks for tools that no cover allows. */
function foldCovers(covers: readonly PolicyAllow[]): PolicyAllow[] {
  const sorted = covers.toSorted(
    (a, b) => trustRank(b.maxTrust) - trustRank(a.maxTrust) || compareRefs(a.grant, b.grant),
  );
  const best = [
    sorted[0],
    ...SIDE_EFFECTS.map((effect) => sorted.find(({ sideEffects }) => sideEffects.includes(effect))),
  ];
  const kept = new Set(best.filter((cover) => cover !== undefined));
  return sorted.filter((cover) => kept.has(cover));
}

function groupBy<Item, Value>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  valueOf: (item: Item) => Value,
): ReadonlyMap<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [valueOf(item)]);
    else group.push(valueOf(item));
  }
  return groups;
}

function foldSubject(
  subject: PolicySubject,
  grants: readonly GrantTerms[],
  tools: ReadonlyMap<string, ToolTerms>,
): PolicySubjectRecord {
  const denies = groupBy(
    grants.flatMap((grant) => grant.denies),
    ({ tool }) => tool,
    ({ deny }) => deny,
  );
  const allows = groupBy(
    grants.flatMap((grant) => grant.allows),
    ({ tool }) => tool,
    ({ allow }) => allow,
  );
  const names = [...new Set([...denies.keys(), ...allows.keys()])].sort(byText);
  return {
    subject,
    rules: names.map((tool) => ({
      tool,
      deny: foldDenies(denies.get(tool) ?? []),
      allow: foldAllows(tools.get(tool) ?? UNDECLARED_TOOL, allows.get(tool) ?? []),
    })),
    covers: foldCovers(grants.flatMap(({ cover }) => cover ?? [])),
  };
}

/** Folds the terms of grants, in any order, to the part of a document that speaks of them. */
export function foldGrants(
  grants: readonly GrantTerms[],
  tools: readonly PolicyTool[],
): Pick<PolicyContent, 'subjects' | 'deniedToAll'> {
  const declared = new Map(tools.map((tool) => [tool.name, toolTerms(tool)]));
  const withSubject = grants.flatMap((grant) =>
    grant.subject === undefined ? [] : [{ grant, subject: grant.subject }],
  );
  const groups = groupBy(
    withSubject,
    ({ subject }) => subjectKey(subject),
    (item) => item,
  );
  const subjects = [...groups]
    .sort(([a], [b]) => byText(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      return first === undefined
        ? []
        : [
            foldSubject(
              first.subject,
              group.map(({ grant }) => grant),
              declared,
            ),
          ];
    });
  const toAll = groupBy(
    grants.filter(({ subject }) => subject === undefined).flatMap(({ denies }) => denies),
    ({ tool }) => tool,
    ({ deny }) => deny.grant,
  );
  const deniedToAll = [...toAll]
    .sort(([a], [b]) => byText(a, b))
    .flatMap(([tool, refs]) => {
      const [grant] = refs.toSorted(compareRefs);
      return grant === undefined ? [] : [{ tool, grant }];
    });
  return { subjects, deniedToAll };
}
