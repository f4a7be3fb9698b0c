// Checks about the caller and the method, before any tool is looked at.
import type { Principal } from '#api/principal.ts';
import { methodRule } from './methods.ts';
import { findSession } from './policy-index.ts';
import { refuse, type Trial, type Verdict } from './trial.ts';

/** A document that needs more than this code knows can't be trusted to say anything. */
export function checkFeatures({ index, note }: Trial): Verdict | undefined {
  if (index.missingFeatures.length === 0) return undefined;
  note?.('features', 'fail', `the policy requires ${index.missingFeatures.join(', ')}, unknown here`);
  return refuse('policy_feature_missing');
}

export function checkMethod({ request, note }: Trial): Verdict | undefined {
  const rule = methodRule(request.method);
  note?.(
    'method',
    rule === undefined ? 'fail' : 'pass',
    `${request.method}: ${rule ?? 'not in the list of methods'}`,
  );
  return rule === undefined ? refuse('method_not_allowed') : undefined;
}

function describe(principal: Principal): string {
  const fields = [
    ...(principal.human === undefined ? [] : [`human ${principal.human}`]),
    ...(principal.agent === undefined ? [] : [`agent ${principal.agent}`]),
    ...principal.teams.map((team) => `team ${team}`),
  ];
  return `${principal.assurance} caller, ${fields.join(', ') || 'without identity'}`;
}

/** Nobody is fine only where the server identifies nobody; headers are no identity where a proof was asked for. */
function isIdentified(trial: Trial): boolean {
  const { assurance, human, agent, teams } = trial.request.principal;
  const { mode } = trial.index.document.auth;
  if (assurance === 'anonymous') return mode === 'none';
  if (assurance === 'asserted' && (mode === 'oauth' || mode === 'mtls')) return false;
  return human !== undefined || agent !== undefined || teams.length > 0;
}

export function checkIdentity(trial: Trial): Verdict | undefined {
  const identified = isIdentified(trial);
  const { mode } = trial.index.document.auth;
  trial.note?.(
    'identity',
    identified ? 'pass' : 'fail',
    `${describe(trial.request.principal)}; the server identifies callers by ${mode}`,
  );
  return identified ? undefined : refuse('missing_identity');
}

function describeTime(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'a time that cannot be read';
}

function presented(trial: Trial, id: string): Verdict | undefined {
  const { index, request, nowMs, note, standing } = trial;
  const found = standing.session;
  if (found === undefined) {
    const isUnknown = findSession(index, id) === undefined;
    note?.('session', 'fail', `${id} ${isUnknown ? 'is unknown' : 'belongs to somebody else'}`);
    return refuse('session_not_found');
  }
  trial.session = found;
  if (found.revoked) {
    note?.('session', 'fail', `${id} was revoked`);
    return refuse('session_revoked');
  }
  if (nowMs >= found.expiresAtMs) {
    note?.('session', 'fail', `${id} expired at ${describeTime(found.expiresAtMs)}`);
    return refuse('session_expired');
  }
  const { idleTimeoutSeconds } = index.document.session;
  const lastUsedMs = request.sessionLastUsedMs ?? nowMs;
  if (nowMs - lastUsedMs >= idleTimeoutSeconds * 1000) {
    note?.('session', 'fail', `${id} was not used for ${idleTimeoutSeconds} s or longer`);
    return refuse('session_expired');
  }
  note?.('session', 'pass', `${id} consents to ${found.consentedTrust} trust`);
  return undefined;
}

/** A session that is presented has to be good, required or not; one has to be presented only for tool calls. */
export function checkSession(trial: Trial): Verdict | undefined {
  const { index, request, note } = trial;
  if (request.session !== undefined) return presented(trial, request.session);
  if (index.document.session.required && methodRule(request.method) === 'tool_call') {
    note?.('session', 'fail', 'none presented, but the server requires one');
    return refuse('missing_session');
  }
  note?.('session', 'note', 'none presented; consent does not limit trust');
  return undefined;
}

/** Everything but a tool call is decided by now; the answer of `tools/list` is filtered tool by tool. */
export function passOpenMethods({ request, note }: Trial): Verdict | undefined {
  if (methodRule(request.method) === 'tool_call') return undefined;
  note?.('open method', 'pass', `${request.method} is open to every identified caller`);
  return { passes: true, reason: 'allowed' };
}
