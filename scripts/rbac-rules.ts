// The rules of the roles of our programs, made of the permissions that stand beside the code that needs them: one rule for
// all that may be done in the same ways, with the reasons above it, so that a reviewer reads why and not only what.
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Permission, Verb } from '#api/permission.ts';
import { VERBS } from '#api/permission.ts';

/** A file of rules: where it is, from the root of the repository, and whose permissions it holds. */
export interface RulesFile {
  readonly file: string;
  /** Folder of the program. */
  readonly program: string;
  /** Start of the names in it: `OPERATOR`. */
  readonly prefix: string;
  readonly permissions: readonly Permission[];
}

/** What may be done with one resource, all permissions for it taken together. */
interface ResourceRule {
  readonly group: string;
  readonly resource: string;
  readonly names: readonly string[] | undefined;
  readonly verbs: readonly Verb[];
  readonly reasons: readonly string[];
}

/** A rule of RBAC, and why it is there: `mcpservers: every server is watched.` */
export interface ExplainedRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly Verb[];
  readonly reasons: readonly string[];
}

const unique = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

function groupBy<T>(items: readonly T[], keyOf: (item: T) => unknown): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

/** In the order in which permissions list verbs. */
const sortedVerbs = (verbs: readonly Verb[]) => VERBS.filter((verb) => verbs.includes(verb));

const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b));

function perResource(permissions: readonly Permission[]): readonly ResourceRule[] {
  const sortedNames = ({ names }: Permission) => (names === undefined ? undefined : [...names].sort());
  return groupBy(permissions, (each) => [each.group, each.resource, sortedNames(each) ?? null]).flatMap(
    (same) =>
      same.slice(0, 1).map((first) => ({
        group: first.group,
        resource: first.resource,
        names: sortedNames(first),
        verbs: sortedVerbs(same.flatMap(({ verbs }) => verbs)),
        reasons: unique(same.map(({ reason }) => reason)),
      })),
  );
}

function merged(same: readonly ResourceRule[]): readonly ExplainedRule[] {
  const sorted = [...same].sort((a, b) => byText(a.resource, b.resource));
  const byReason = groupBy(
    sorted.flatMap(({ resource, reasons }) => reasons.map((reason) => ({ resource, reason }))),
    ({ reason }) => reason,
  );
  return sorted.slice(0, 1).map(({ group, names, verbs }) => ({
    apiGroups: [group],
    resources: sorted.map(({ resource }) => resource),
    ...(names !== undefined && { resourceNames: names }),
    verbs,
    reasons: byReason.flatMap((each) =>
      each.slice(0, 1).map(({ reason }) => `${each.map(({ resource }) => resource).join(', ')}: ${reason}`),
    ),
  }));
}

/** The rules of one scope, the same for the same permissions in any order. */
export function rbacRules(
  permissions: readonly Permission[],
  scope: NonNullable<Permission['scope']>,
): readonly ExplainedRule[] {
  const wanted = permissions.filter((each) => (each.scope ?? 'cluster') === scope);
  const ordered = [...wanted].sort((a, b) => byText(a.reason, b.reason));
  const rules = groupBy(perResource(ordered), ({ group, names, verbs }) => [group, names ?? null, verbs]);
  const keyOf = ({ apiGroups, resources, resourceNames = [] }: ExplainedRule) =>
    [...apiGroups, ...resources, ...resourceNames].join('\n');
  return rules.flatMap(merged).sort((a, b) => byText(keyOf(a), keyOf(b)));
}

/** Words of a comment in lines that the formatter leaves alone. */
function comment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 100) lines.push(`${lines.pop() ?? ''} ${word}`);
    else lines.push(word);
  }
  return lines.map((line) => `// ${line}\n`).join('');
}

function literal({ reasons, ...rule }: ExplainedRule): string {
  const { resourceNames, ...rest } = rule;
  const members = { ...rest, ...(resourceNames !== undefined && { resourceNames }) };
  const text = Object.entries(members).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${reasons.map(comment).join('')}{ ${text.join(', ')} },\n`;
}

const constant = (name: string, says: string, rules: readonly ExplainedRule[]): string =>
  `/** ${says} */\nexport const ${name}: readonly RbacRule[] = [\n${rules.map(literal).join('')}];\n`;

/** The whole file, as the formatter wants it. */
export async function rulesFile(root: string, wanted: RulesFile): Promise<string> {
  const { file, program, prefix, permissions } = wanted;
  const own = rbacRules(permissions, 'platform');
  const text = [
    `// Generated from the permissions in ${program} by \`npm run generate\`; edits are lost.\n` +
      "import type { RbacRule } from '#constructs/kit/rbac-rule.ts';\n",
    constant(`${prefix}_CLUSTER_RULES`, 'In every namespace.', rbacRules(permissions, 'cluster')),
    ...(own.length === 0 ? [] : [constant(`${prefix}_PLATFORM_RULES`, "In the platform's namespace.", own)]),
  ].join('\n');
  const filepath = path.join(root, file);
  return await format(text, { ...(await resolveConfig(filepath)), filepath });
}
