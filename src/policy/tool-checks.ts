// Checks about the tool: denies first, then one allow that satisfies everything by itself, then the default.
import { objectKey } from '#api/principal.ts';
import { trustRank } from '#api/trust.ts';
import { compareAllows, compareRefs, UNDECLARED_TOOL, type ToolTerms } from './allow-order.ts';
import type { PolicyReason } from '#api/reasons.ts';
import type { ConditionOutcome } from './condition.ts';
import {
  ruleFor,
  type IndexedAllow,
  type IndexedCondition,
  type IndexedDeny,
  type IndexedSubject,
} from './policy-index.ts';
import { refuse, type Trial, type Verdict } from './trial.ts';

/** Why an allow doesn't apply, in the order of its own checks; where several fail, the one that came furthest speaks. */
const FAILURES = [
  'tool_side_effect_unknown',
  'side_effect_not_allowed',
  'trust_too_low',
  'policy_feature_missing',
  'condition_not_met',
] as const satisfies readonly PolicyReason[];
type Failure = (typeof FAILURES)[number];

function describeTool({ tool }: Trial): string {
  if (tool === undefined) return 'is not declared by the server';
  const { sideEffect, requiredTrust } = tool.declared;
  return `has side effect ${sideEffect ?? 'unknown'} and needs ${requiredTrust} trust`;
}

/** Looks up the tool. */
export function findTool(trial: Trial): Verdict | undefined {
  const { index, request, note, standing } = trial;
  if (request.tool === undefined) {
    note?.('tool', 'fail', 'the call names no tool');
    return refuse('unknown_tool');
  }
  trial.tool = index.tools.get(request.tool);
  note?.('tool', 'note', `${request.tool} ${describeTool(trial)}`);
  note?.('subjects', 'note', `${standing.subjects.length} of the policy's subjects match the caller`);
  return undefined;
}

function evaluate(trial: Trial, condition: Exclude<IndexedCondition, undefined>): ConditionOutcome {
  if (condition === 'broken') return 'failed';
  const { principal, readArguments, tool: name } = trial.request;
  const tool = trial.tool?.declared;
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

/** The deny that speaks first: the given one, or one of this record's. */
function firstDeny(
  trial: Trial,
  record: IndexedSubject,
  denying: IndexedDeny | undefined,
): IndexedDeny | undefined {
  let first = denying;
  for (const deny of ruleFor(record, trial.request.tool ?? '')?.deny ?? []) {
    if (speaksBefore(deny, first) && denyApplies(trial, deny)) first = deny;
  }
  return first;
}

/**
 * An empty subject allows only callers who are verified, but its denies bind every caller: whoever withholds a tool
 * from everybody does not mean to leave it to those who prove nothing.
 */
export function checkDenies(trial: Trial): Verdict | undefined {
  const {
    index,
    request,
    note,
    standing: { subjects },
  } = trial;
  const { everybody } = index.subjects;
  const tool = request.tool ?? '';
  let denying: IndexedDeny | undefined;
  for (const subject of subjects) denying = firstDeny(trial, subject, denying);
  if (everybody !== undefined && !subjects.includes(everybody))
    denying = firstDeny(trial, everybody, denying);
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
  if (tool.effect === 0) return 'tool_side_effect_unknown';
  if ((allow.effects & tool.effect) === 0) return 'side_effect_not_allowed';
  const consented = trial.session === undefined ? allow.given : trustRank(trial.session.consentedTrust);
  if (Math.min(allow.given, consented) < Math.max(tool.required, allow.required)) return 'trust_too_low';
  if (allow.lacksFeature) return 'policy_feature_missing';
  const { condition } = allow;
  if (condition === undefined || isOpen(trial, condition)) return undefined;
  return evaluate(trial, condition) === 'met' ? undefined : 'condition_not_met';
}

/** The allows that were looked at so far: the best that applies, or what came closest. */
interface Search {
  readonly trial: Trial;
  readonly tool: ToolTerms;
  passing: IndexedAllow | undefined;
  closest: IndexedAllow | undefined;
  failure: Failure | undefined;
}

function isCloser({ tool, closest, failure: best }: Search, allow: IndexedAllow, failure: Failure): boolean {
  if (closest === undefined || best === undefined) return true;
  const further = FAILURES.indexOf(failure) - FAILURES.indexOf(best);
  return further > 0 || (further === 0 && compareAllows(tool, allow, closest) < 0);
}

function noteAllow({ note, tool }: Trial, allow: IndexedAllow, failure: Failure | undefined): void {
  const effect = tool?.declared.sideEffect ?? 'unknown';
  const covered = tool !== undefined && (allow.effects & tool.effect) !== 0 ? 'allows' : 'does not allow';
  const terms = `gives ${allow.maxTrust} trust, asks for ${allow.requiredTrust}, ${covered} side effect ${effect}`;
  const outcome = failure === undefined ? 'pass' : 'fail';
  note?.('grant', outcome, `${objectKey(allow.grant)} ${terms}: ${failure ?? 'applies'}`);
}

function consider(search: Search, allows: readonly IndexedAllow[]): void {
  const { trial, tool } = search;
  for (const allow of allows) {
    if (search.passing !== undefined && compareAllows(tool, search.passing, allow) < 0) continue;
    const failure = failureOf(trial, tool, allow);
    if (trial.note !== undefined) noteAllow(trial, allow, failure);
    if (failure === undefined) search.passing = allow;
    else if (isCloser(search, allow, failure)) {
      search.closest = allow;
      search.failure = failure;
    }
  }
}

/** One allow has to satisfy everything by itself; the best of those that do is named. */
export function checkAllows(trial: Trial): Verdict | undefined {
  const tool = trial.tool ?? UNDECLARED_TOOL;
  const search: Search = { trial, tool, passing: undefined, closest: undefined, failure: undefined };
  for (const subject of trial.standing.subjects) {
    const named = ruleFor(subject, trial.request.tool ?? '');
    if (named !== undefined) consider(search, named.allow);
    consider(search, subject.covers);
  }
  const { passing, closest, failure } = search;
  if (passing !== undefined) {
    return { passes: true, reason: 'allowed', grant: passing.grant, allow: passing };
  }
  if (closest === undefined || failure === undefined) return undefined;
  return { passes: false, reason: failure, grant: closest.grant, allow: closest };
}

/** No grant speaks of the tool. The default may allow it, but never a destructive or unknown side effect. */
export function applyDefault({ index, tool, standing, note }: Trial): Verdict {
  const reason = standing.subjects.length === 0 ? 'no_matching_grant' : 'tool_not_granted';
  const { defaultDecision } = index.document.policy;
  const effect = tool?.declared.sideEffect;
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
