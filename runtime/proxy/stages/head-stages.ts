// The stages that need no more than the head of a request: strangers don't make the proxy read a body.
import { REASONS } from '#api/reasons.ts';
import { hasIdentity, readCaller, sentIdentity } from '../edge/identity.ts';
import { isInSample, readTraceparent } from '../edge/trace-context.ts';
import { readRequestHead } from '../edge/request-head.ts';
import type { ProxyConfig } from '../config.ts';
import type { Exchange } from '../exchange.ts';
import { refuseEdge } from '../refusal.ts';
import { NEXT, type Stage } from './stage.ts';

const METHODS = new Set(['POST', 'GET', 'DELETE']);

export const checkFraming: Stage = (exchange, { config }) => {
  const result = readRequestHead(exchange.request);
  if (!result.ok) return refuseEdge(result.reason);
  exchange.head = result.head;
  joinTrace(exchange, config);
  if (!METHODS.has(exchange.httpMethod)) return refuseEdge('http_method_not_allowed');
  const { contentLength, chunked } = result.head;
  const hasBody = chunked || (contentLength ?? 0) > 0;
  return exchange.httpMethod === 'POST' || !hasBody ? NEXT : refuseEdge('bad_request_framing');
};

/** The caller's trace and its wish, or a trace of our own, which is recorded only where somebody collects them. */
function joinTrace(exchange: Exchange, { traces }: ProxyConfig): void {
  const given = exchange.head?.traceparent;
  const parent = given === undefined ? undefined : readTraceparent(given);
  exchange.traceParent = parent;
  exchange.sampled = parent?.sampled ?? (traces !== undefined && isInSample(exchange.id, traces.share));
}

export const checkHostAndOrigin: Stage = ({ head }, { hostCheck }) => {
  if (head === undefined || !hostCheck.allowsHost(head.host)) return refuseEdge('host_not_allowed');
  return hostCheck.allowsOrigin(head.origin) ? NEXT : refuseEdge('origin_not_allowed');
};

/** What comes before the body is judged by this policy. */
export const takePolicy: Stage = (exchange, { policy, clock }) => {
  const { current } = policy;
  if (current === undefined) return { reason: 'policy_unavailable', shown: 'policy_unavailable' };
  if (policy.isStale(clock.monotonicMs(), current.document)) {
    return { reason: 'policy_stale', shown: 'policy_stale' };
  }
  exchange.snapshot = current;
  return NEXT;
};

export const authenticate: Stage = (exchange, { callers }) => {
  const { head, snapshot } = exchange;
  if (head === undefined || snapshot === undefined) return { reason: 'undecided', shown: 'undecided' };
  const { mode } = snapshot.document.auth;
  if (mode === 'oauth' || mode === 'mtls') {
    const message = `This proxy can't verify callers by ${mode} yet, so it lets nobody in.`;
    return { reason: 'policy_feature_missing', shown: 'policy_feature_missing', message };
  }
  const sent = sentIdentity(head, snapshot.identityHeaders);
  if (sent === undefined) return refuseEdge('header_conflict');
  let caller = callers.find(sent, mode);
  if (caller === undefined) {
    const result = readCaller(sent, mode);
    if (!result.ok) return refuseEdge(result.reason);
    caller = callers.add(sent, mode, result.caller);
  }
  exchange.caller = caller;
  if (mode === 'none' || hasIdentity(caller.principal) || exchange.isObserved) return NEXT;
  const { humanHeader, agentHeader, teamHeader } = snapshot.document.auth;
  const identity = [humanHeader, agentHeader, teamHeader];
  const message = `${REASONS.missing_identity.message} Send at least one of ${identity.join(', ')}.`;
  return { reason: 'missing_identity', shown: 'missing_identity', needed: { identity }, message };
};

export const limitConcurrency: Stage = (exchange, { places }) => {
  const { caller } = exchange;
  if (caller === undefined) return { reason: 'undecided', shown: 'undecided' };
  const result = places.take(caller.places);
  if (result !== 'taken') return refuseEdge(result);
  exchange.places = caller.places;
  return NEXT;
};

/**
 * The policy may have changed while the body came, which takes as long as the caller likes: what follows is judged by the
 * newest, and the caller is who it says.
 */
export const followPolicy: Stage = (exchange, services, flow) => {
  if (exchange.snapshot === services.policy.current) return NEXT;
  const { subjectKey } = exchange;
  for (const stage of [takePolicy, authenticate]) {
    const result = stage(exchange, services, flow);
    if (result !== NEXT) return result;
  }
  // Counted, and its session opened, for somebody else.
  return exchange.subjectKey === subjectKey ? NEXT : { reason: 'undecided', shown: 'undecided' };
};
