// How a request is decided: a chain of checks, each of which may end it. `decide` and `explain` are this one function,
// with and without somebody listening. No clock, no I/O; what nobody decides is refused.
import type { ObjectRef } from '#api/principal.ts';
import { higherTrust, lowerTrust } from '#api/trust.ts';
import { checkFeatures, checkIdentity, checkMethod, checkSession, passOpenMethods } from './caller-checks.ts';
import type { Decision, PolicyRequest, TrustComparison } from './decision.ts';
import { disclosedReason, neededFor } from './disclosure.ts';
import type { PolicyIndex } from './policy-index.ts';
import { standingOf } from './standing.ts';
import { applyDefault, checkAllows, checkDenies, findTool } from './tool-checks.ts';
import { refuse, type Check, type Note, type Trial, type Verdict } from './trial.ts';

/** The order is part of the semantics: what comes first is the reason that is given. */
const CHAIN: readonly Check[] = [
  checkFeatures,
  checkMethod,
  checkIdentity,
  checkSession,
  passOpenMethods,
  findTool,
  checkDenies,
  checkAllows,
  applyDefault,
];

function verdictOf(trial: Trial): Verdict {
  for (const check of CHAIN) {
    const verdict = check(trial);
    if (verdict !== undefined) return verdict;
  }
  return refuse('undecided');
}

function sessionRef({ session }: Trial): ObjectRef | undefined {
  return session && { namespace: session.namespace, name: session.name };
}

function comparisonOf({ tool, session }: Trial, { allow }: Verdict): TrustComparison | undefined {
  if (allow === undefined) return undefined;
  const consented = session?.consentedTrust;
  return {
    required: higherTrust(tool?.declared.requiredTrust ?? 'low', allow.requiredTrust),
    admin: allow.maxTrust,
    consented,
    effective: lowerTrust(allow.maxTrust, consented ?? allow.maxTrust),
  };
}

/** Observe mode lets a refused request pass, unless the document itself can't be understood. */
function outcomeOf({ index }: Trial, { passes }: Verdict): Decision['outcome'] {
  if (passes) return 'allow';
  const observes = index.document.policy.mode === 'observe' && index.missingFeatures.length === 0;
  return observes ? 'would_deny' : 'deny';
}

/** Decides a request at a time, telling `note`, if there is one, of every step. */
export function evaluate(
  index: PolicyIndex,
  request: PolicyRequest,
  nowMs: number,
  note: Note | undefined,
): Decision {
  const { principal, session, standing: kept } = request;
  const standing = kept?.index === index ? kept : standingOf(index, principal, session);
  const trial: Trial = { index, request, nowMs, note, standing, session: undefined, tool: undefined };
  const verdict = verdictOf(trial);
  const { passes, reason, grant } = verdict;
  const outcome = outcomeOf(trial, verdict);
  const disclosed = passes ? reason : disclosedReason(trial, reason);
  if (outcome === 'would_deny') note?.('mode', 'note', 'the server only observes: the request passes');
  note?.('decision', passes ? 'pass' : 'fail', `${outcome}, ${reason}`);
  if (disclosed !== reason)
    note?.('disclosure', 'note', `the caller may not know of the tool and is told ${disclosed}`);
  return {
    outcome,
    reason,
    disclosedReason: disclosed,
    needed: passes ? undefined : neededFor(trial, verdict, disclosed),
    grant,
    session: sessionRef(trial),
    trust: comparisonOf(trial, verdict),
    sideEffect: trial.tool?.declared.sideEffect,
    riskLevel: trial.tool?.declared.riskLevel,
  };
}
