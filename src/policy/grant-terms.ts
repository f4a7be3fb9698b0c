// What one grant contributes to a policy. A valid grant gives its allows and denies; an invalid one keeps what can be
// read of its denies, for everybody if nobody can tell whom it means; a disabled one gives nothing but its subject.
import { z } from 'zod';
import { MCPAccessGrant, type McpAccessGrant } from '#api/mcp-access-grant.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { parseResource } from '#api/parse.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import type { Problem } from '#api/result.ts';
import { SIDE_EFFECTS } from '#api/side-effect.ts';
import { bindingOf, type Binding, type RawObject } from './binding.ts';
import { compileCondition } from './condition.ts';
import type { PolicyAllow, PolicyDeny, PolicySubject } from './document.ts';

/** What became of a grant. Problems make it `invalid`; warnings change nothing. */
export interface GrantReport extends ObjectRef {
  readonly state: Binding | 'disabled' | 'invalid';
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface GrantTerms {
  readonly report: GrantReport;
  /** Absent where the grant doesn't count, or where nobody can tell whom it means. */
  readonly subject?: PolicySubject;
  readonly denies: readonly { readonly tool: string; readonly deny: PolicyDeny }[];
  readonly allows: readonly { readonly tool: string; readonly allow: PolicyAllow }[];
  readonly cover?: PolicyAllow;
}

const CONDITIONAL = { requires: ['conditions'] };

function withCondition(condition: string | undefined): Pick<PolicyAllow, 'condition' | 'requires'> {
  return condition === undefined ? {} : { condition, ...CONDITIONAL };
}

type SubjectSpec = NonNullable<McpAccessGrant['spec']['subject']>;

/** An empty field is one that isn't set. */
export function policySubject(subject: SubjectSpec | undefined): PolicySubject {
  return {
    ...(subject?.humanID && { human: subject.humanID }),
    ...(subject?.agentID && { agent: subject.agentID }),
    ...(subject?.teamID && { team: subject.teamID }),
    ...(subject?.anonymous === true && { anonymous: true as const }),
  };
}

function validTerms(ref: ObjectRef, spec: McpAccessGrant['spec']): Omit<GrantTerms, 'report'> {
  const { maxTrust } = spec;
  const sideEffects = SIDE_EFFECTS.filter((effect) => spec.allowedSideEffects?.includes(effect) === true);
  const rules = spec.toolRules ?? [];
  const denying = rules.filter((rule) => rule.decision === 'deny');
  const allowing = rules.filter((rule) => rule.decision === 'allow');
  return {
    subject: policySubject(spec.subject),
    denies: denying.map(({ name, condition }) => ({
      tool: name,
      deny: { grant: ref, ...withCondition(condition) },
    })),
    allows: allowing.map(({ name, requiredTrust, condition }) => ({
      tool: name,
      allow: { grant: ref, maxTrust, requiredTrust, sideEffects, ...withCondition(condition) },
    })),
    ...(rules.length === 0 && { cover: { grant: ref, maxTrust, requiredTrust: 'low', sideEffects } }),
  };
}

const anything = z.unknown().optional();
const rawSpec = z.object({
  spec: z.object({ disabled: anything, subject: anything, toolRules: anything }),
});
const rawDeny = z.object({ name: z.string().min(1), decision: z.literal('deny'), condition: anything });
const rawSubject = MCPAccessGrant.spec.shape.subject.nullish();

/** The denies of a grant that can't be read as a whole. A condition that isn't text can't hold the deny back. */
function readableDenies(ref: ObjectRef, rules: unknown): GrantTerms['denies'] {
  return z
    .array(z.unknown())
    .catch([])
    .parse(rules)
    .flatMap((rule) => {
      const read = rawDeny.safeParse(rule);
      if (!read.success) return [];
      const { name, condition } = read.data;
      return [
        {
          tool: name,
          deny: { grant: ref, ...withCondition(z.string().optional().catch(undefined).parse(condition)) },
        },
      ];
    });
}

function readableSubject(raw: unknown): PolicySubject | undefined {
  const read = rawSubject.safeParse(raw);
  if (!read.success) return undefined;
  const subject = policySubject(read.data ?? undefined);
  const contradicts = subject.anonymous === true && Object.keys(subject).length > 1;
  return contradicts ? undefined : subject;
}

function invalidTerms({ ref, raw }: RawObject): Omit<GrantTerms, 'report'> {
  const read = rawSpec.safeParse(raw);
  if (!read.success) return { denies: [], allows: [] };
  const { subject: rawSubjectOf, disabled, toolRules } = read.data.spec;
  const subject = readableSubject(rawSubjectOf);
  const denies = disabled === true ? [] : readableDenies(ref, toolRules);
  return { denies, allows: [], ...(subject !== undefined && { subject }) };
}

function toolWarnings(server: McpServer, spec: McpAccessGrant['spec']): readonly Problem[] {
  const declared = new Set((server.spec.tools ?? []).map(({ name }) => name));
  return (spec.toolRules ?? []).flatMap(({ name, condition }, at) => {
    const path = `spec.toolRules[${at}]`;
    const compiled = condition === undefined ? undefined : compileCondition(condition);
    return [
      ...(declared.has(name)
        ? []
        : [{ path: `${path}.name`, message: `${server.metadata.name} declares no tool '${name}'` }]),
      ...(compiled?.ok === false
        ? [{ path: `${path}.condition`, message: `cannot be used: ${compiled.error}` }]
        : []),
    ];
  });
}

/** An empty subject allows verified callers; in header mode there are none unless the server says otherwise. */
function subjectWarnings(server: McpServer, subject: PolicySubject): readonly Problem[] {
  const mode = server.spec.auth?.mode ?? 'header';
  if (Object.keys(subject).length > 0 || mode === 'oauth' || mode === 'mtls') return [];
  if (mode === 'header' && server.spec.access?.emptySubjectMatchesAsserted === true) return [];
  const message = `is empty, so it allows verified callers only, and ${server.metadata.name} verifies nobody (auth.mode ${mode}); its denies bind everybody`;
  return [{ path: 'spec.subject', message }];
}

/** Reads one raw grant for a server. */
export function grantTerms(
  object: RawObject,
  server: McpServer,
  duplicates: ReadonlySet<string>,
): GrantTerms {
  const { ref, raw } = object;
  const report = { ...ref, problems: [], warnings: [] };
  const binding = bindingOf(object, server);
  if (binding !== 'bound') return { report: { ...report, state: binding }, denies: [], allows: [] };
  const parsed = parseResource(MCPAccessGrant, raw);
  const doubled = duplicates.has(objectKey(ref))
    ? [{ path: 'metadata.name', message: 'several grants have this namespace and name' }]
    : [];
  if (!parsed.ok || doubled.length > 0) {
    const problems = [...(parsed.ok ? [] : parsed.error), ...doubled];
    return { report: { ...report, state: 'invalid', problems }, ...invalidTerms(object) };
  }
  const { spec } = parsed.value;
  const subject = policySubject(spec.subject);
  const warnings = [...toolWarnings(server, spec), ...subjectWarnings(server, subject)];
  if (spec.disabled === true) {
    return { report: { ...report, state: 'disabled', warnings }, subject, denies: [], allows: [] };
  }
  return { report: { ...report, state: 'bound', warnings }, ...validTerms(ref, spec) };
}
