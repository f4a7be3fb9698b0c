// Checks about the tool: denies first, then one allow that satisfies everything by itself, then the default.
import { objectKey } from '#api/principal.ts';
import { lowerTrust, trustRank } from '#api/trust.ts';
import { allowRank, compareAllows, compareRefs, requiredRank, type ToolTerms } from './allow-order.ts';
import type { PolicyReason } from '#api/reasons.ts';
import type { ConditionOutcome } from './condition.ts';
import {
  type IndexedAllow,
  type IndexedCondition,
  type IndexedDeny,
  type IndexedSubject,
} from './policy-index.ts';
import { subjectsOf } from './subject-index.ts';
import { refuse, type Trial, type Verdict } from './trial.ts';

const UNDECLARED: ToolTerms = { requiredTrust: 'low' };

/** Why an allow doesn't apply, in the order of its own checks; where several fail, the one that came furthest speaks. */
const FAILURES = [
  'tool_side_effect_unknown',
  'side_effect_not_allowed',
  'trust_too_low',
  'policy_feature_missing',
  'condition_not_met',
] as const satisfies readonly PolicyReason[];
type Failure = (typeof FAILURES)[number];

/** Looks up the tool and the records that speak of the caller. */
export function findTool(trial: Trial): Verdict | undefined {
  const { index, request, note } = trial;
  if (request.tool === undefined) {
    note?.('tool', 'fail', 'the call names no tool');
    return refuse('unknown_tool');
  }
  trial.tool = index.tools.get(request.tool);
  trial.subjects = subjectsOf(index.subjects, request.principal);
  const terms =
    trial.tool === undefined
      ? 'is not declared by the server'
      : `has side effect ${trial.tool.sideEffect ?? 'unknown'} and needs ${trial.tool.requiredTrust} trust`;
  note?.('tool', 'note', `${request.tool} ${terms}`);
  note?.('subjects', 'note', `${trial.subjects.length} of the policy's subjects match the caller`);
  return undefined;
}

function evaluate(trial: Trial, condition: Exclude<IndexedCondition, undefined>): ConditionOutcome {
  if (condition === 'broken') return 'failed';
  const { principal, readArguments, tool: name } = trial.request;
  const { tool } = trial;
  return condition.evaluate({
    readArguments,
    subject: {
      human: principal.human ?? '',
      agent: principal.agent ?? '',
      teams: principal.teams,
      assurance: principal.assurance,
    },
    tool: {
      name: name ?? '',
      requiredTrust: tool?.requiredTrust ?? 'low',
      sideEffect: tool?.sideEffect ?? '',
      riskLevel: tool?.riskLevel ?? '',
    },
  });
}

/** While listing, a condition on arguments is open: the allow may come to apply, the deny need not. */
function isOpen(trial: Trial, condition: Exclude<IndexedCondition, undefined>): boolean {
  return trial.request.listing === true && condition !== 'broken' && condition.readsArguments;
}

function denyApplies(trial: Trial, { condition }: IndexedDeny): boolean {
  if (condition === undefined) return true;
  return !isOpen(trial, condition) && evaluate(trial, condition) !== 'not_met';
}

/** Denies without a condition speak before those with one, then code-point order of the grant. */
function speaksBefore(a: IndexedDeny, b: IndexedDeny | undefined): boolean {
  if (b === undefined) return true;
  if ((a.condition === undefined) !== (b.condition === undefined)) return a.condition === undefined;
  return compareRefs(a.grant, b.grant) < 0;
}

export function checkDenies(trial: Trial): Verdict | undefined {
  const { index, request, note, subjects } = trial;
  const tool = request.tool ?? '';
  let denying: IndexedDeny | undefined;
  for (const subject of subjects) {
    const denies = subject.rules.get(tool)?.deny;
    if (denies === undefined) continue;
    for (const deny of denies) {
      if (speaksBefore(deny, denying) && denyApplies(trial, deny)) denying = deny;
    }
  }
  const grant = denying?.grant ?? index.deniedToAll.get(tool);
  if (grant === undefined) {
    note?.('deny rules', 'pass', `no grant denies ${tool} to this caller`);
    return undefined;
  }
  note?.('deny rules', 'fail', `${objectKey(grant)} denies ${tool}`);
  return { passes: false, reason: 'tool_denied', grant };
}

/** Why an allow doesn't apply to the call, or undefined where it does. */
function failureOf(trial: Trial, tool: ToolTerms, allow: IndexedAllow): Failure | undefined {
  if (tool.sideEffect === undefined) return 'tool_side_effect_unknown';
  if (!allow.sideEffects.includes(tool.sideEffect)) return 'side_effect_not_allowed';
  const consented = trial.session?.session.consentedTrust ?? allow.maxTrust;
  if (trustRank(lowerTrust(allow.maxTrust, consented)) < requiredRank(tool, allow)) return 'trust_too_low';
  if (allow.missingFeature !== undefined) return 'policy_feature_missing';
  const { condition } = allow;
  if (condition === undefined || isOpen(trial, condition)) return undefined;
  return evaluate(trial, condition) === 'met' ? undefined : 'condition_not_met';
}

function candidatesOf(subjects: readonly IndexedSubject[], tool: string): readonly IndexedAllow[] {
  const candidates: IndexedAllow[] = [];
  for (const subject of subjects) {
    const named = subject.rules.get(tool);
    if (named !== undefined) candidates.push(...named.allow);
    candidates.push(...subject.covers);
  }
  return candidates;
}

/** What came closest among the allows that don't apply. */
interface Closest {
  readonly allow: IndexedAllow;
  readonly failure: Failure;
}

function isCloser(
  tool: ToolTerms,
  allow: IndexedAllow,
  failure: Failure,
  than: Closest | undefined,
): boolean {
  if (than === undefined) return true;
  const further = FAILURES.indexOf(failure) - FAILURES.indexOf(than.failure);
  return further > 0 || (further === 0 && compareAllows(tool, allow, than.allow) < 0);
}

function noteAllow(
  { note }: Trial,
  tool: ToolTerms,
  allow: IndexedAllow,
  failure: Failure | undefined,
): void {
  const terms = `up to ${allow.maxTrust} trust, asks for ${allow.requiredTrust}, ${allow.sideEffects.join('/') || 'no side effect'}`;
  const outcome = failure ?? `applies (rank ${allowRank(tool, allow)})`;
  note?.('grant', failure === undefined ? 'pass' : 'fail', `${objectKey(allow.grant)}: ${terms}: ${outcome}`);
}

/** One allow has to satisfy everything by itself; the best of those that do is named. */
export function checkAllows(trial: Trial): Verdict | undefined {
  const tool = trial.tool ?? UNDECLARED;
  let passing: IndexedAllow | undefined;
  let closest: Closest | undefined;
  for (const allow of candidatesOf(trial.subjects, trial.request.tool ?? '')) {
    if (passing !== undefined && compareAllows(tool, passing, allow) < 0) continue;
    const failure = failureOf(trial, tool, allow);
    if (trial.note !== undefined) noteAllow(trial, tool, allow, failure);
    if (failure === undefined) passing = allow;
    else if (isCloser(tool, allow, failure, closest)) closest = { allow, failure };
  }
  if (passing !== undefined) return { passes: true, reason: 'allowed', grant: passing.grant, allow: passing };
  if (closest === undefined) return undefined;
  return { passes: false, reason: closest.failure, grant: closest.allow.grant, allow: closest.allow };
}

/** No grant speaks of the tool. The default may allow it, but never a destructive or unknown side effect. */
export function applyDefault({ index, tool, subjects, note }: Trial): Verdict {
  const reason = subjects.length === 0 ? 'no_matching_grant' : 'tool_not_granted';
  const { defaultDecision } = index.document.policy;
  const effect = tool?.sideEffect;
  note?.(
    'default',
    defaultDecision === 'allow' ? 'note' : 'fail',
    `${reason}; the server's default is ${defaultDecision}`,
  );
  if (defaultDecision === 'deny') return refuse(reason);
  if (effect === undefined) {
    note?.('default', 'fail', 'the default does not cover a tool without a declared side effect');
    return refuse('tool_side_effect_unknown');
  }
  if (effect === 'destructive') {
    note?.('default', 'fail', 'the default does not cover a destructive tool');
    return refuse(reason);
  }
  return { passes: true, reason };
}
