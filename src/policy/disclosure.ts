// What a caller may be told. Whoever presented a session learns its state, and everybody learns that they have to say
// who they are. But that a tool exists is told only to callers for whom a grant names or covers it; for all others a
// refused tool looks like one that isn't there.
import type { PolicyReason } from '#api/reasons.ts';
import { higherTrust } from '#api/trust.ts';
import type { Needed } from './decision.ts';
import { ruleFor } from './policy-index.ts';
import type { Trial, Verdict } from './trial.ts';

/** Whether a grant of the caller names the tool or covers it, whatever trust, session or expiry say. */
function isKnowable({ index, request, standing: { subjects }, tool }: Trial): boolean {
  const name = request.tool ?? '';
  for (const subject of subjects) {
    if (ruleFor(subject, name) !== undefined) return true;
    if (tool !== undefined && subject.covers.some((cover) => (cover.effects & tool.effect) !== 0))
      return true;
  }
  const effect = tool?.declared.sideEffect;
  const harmless = effect === 'read' || effect === 'write';
  return index.document.policy.defaultDecision === 'allow' && harmless;
}

/** Headers that can name the caller; any one of them is enough. */
function identityHeaders({ index }: Trial): readonly string[] {
  const { auth } = index.document;
  if (auth.mode === 'oauth') return [auth.tokenHeader];
  if (auth.mode === 'mtls') return [];
  return [auth.humanHeader, auth.agentHeader, auth.teamHeader];
}

/** The reason that the caller may be told for a refusal. */
export function disclosedReason(trial: Trial, reason: PolicyReason): PolicyReason {
  switch (reason) {
    case 'no_matching_grant':
    case 'tool_not_granted':
    case 'tool_denied':
    case 'tool_side_effect_unknown':
    case 'side_effect_not_allowed':
    case 'condition_not_met':
    case 'trust_too_low':
      return isKnowable(trial) ? reason : 'unknown_tool';
    default:
      return reason;
  }
}

/** What the caller would have to get to pass, as far as they may know. */
export function neededFor(trial: Trial, verdict: Verdict, disclosed: PolicyReason): Needed | undefined {
  const tool = trial.tool?.declared;
  switch (disclosed) {
    case 'missing_identity':
      return { identity: identityHeaders(trial) };
    case 'missing_session':
    case 'session_not_found':
    case 'session_revoked':
    case 'session_expired':
      return { session: true };
    case 'no_matching_grant':
    case 'tool_not_granted':
      return { grant: true };
    case 'trust_too_low':
      return { trust: higherTrust(tool?.requiredTrust ?? 'low', verdict.allow?.requiredTrust ?? 'low') };
    case 'side_effect_not_allowed':
      return { sideEffect: tool?.sideEffect };
    default:
      return undefined;
  }
}
