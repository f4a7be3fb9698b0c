// The stage that lets a request pass. Everything before it can only refuse.
import { decide } from '#policy/decide.ts';
import type { Decision, PolicyRequest } from '#policy/decision.ts';
import type { PolicyIndex } from '#policy/policy-index.ts';
import { isKnownMethod } from '../edge/known-methods.ts';
import { refuseDecision, refuseEdge, type Refusal } from '../refusal.ts';
import type { Exchange } from '../exchange.ts';
import { idKey } from '../json/rpc-id.ts';
import type { ProxyServices } from '../services.ts';
import { standingIn, type KnownCaller } from '../state/known-callers.ts';
import { conversationOf } from '../state/session-ledger.ts';
import { NEXT, type Stage } from './stage.ts';

/** A stream of notifications, and the end of a session, are as open as this method is. */
const AS_OPEN_AS = 'ping';

export const authorise: Stage = (exchange, services) => {
  const { message } = exchange;
  if (message?.modern === true) exchange.mcpSession = exchange.lastEventId = undefined;
  const { mcpSession } = exchange;
  if (message?.kind === 'response') {
    const conversation = conversationOf(exchange.subjectKey, mcpSession?.id);
    const expected = message.id !== undefined && services.ledger.answer(conversation, idKey(message.id));
    if (!expected) return refuseEdge('unexpected_response');
  }
  const decision = decideNow(exchange, services);
  exchange.decision = decision;
  exchange.authorised = true;
  if (decision.outcome === 'deny') return denial(decision, exchange);
  if (mcpSession === undefined && isForeignCancellation(exchange, services)) {
    return refuseEdge('unexpected_cancellation');
  }
  if (mcpSession !== undefined) services.sessions.use(mcpSession);
  const { caller } = exchange;
  if (caller !== undefined) services.ledger.use(caller, services.clock.nowMs());
  return NEXT;
};

/** A method that is no method of the protocol looks like what it is. */
function denial(decision: Decision, { message }: Exchange): Refusal {
  const refusal = refuseDecision(decision);
  const isUnknown =
    decision.reason === 'method_not_allowed' && message !== undefined && !isKnownMethod(message);
  return isUnknown ? { ...refusal, shown: 'unknown_method' } : refusal;
}

/** Whether it would cancel what this caller has not begun. In an MCP session, which is the caller's, ids are theirs. */
function isForeignCancellation({ message, subjectKey }: Exchange, { forwarded }: ProxyServices): boolean {
  if (message?.method !== 'notifications/cancelled') return false;
  const { requestId } = message;
  if (requestId === undefined) return true;
  return !forwarded.some((other) => {
    const id = other.subjectKey === subjectKey ? other.message?.id : undefined;
    return id !== undefined && idKey(id) === idKey(requestId);
  });
}

/** Decides by the policy that is in force now, which may be a newer one than when the exchange began. */
export function decideNow(exchange: Exchange, services: ProxyServices): Decision {
  const { current } = services.policy;
  const snapshot = exchange.authorised ? (current ?? exchange.snapshot) : exchange.snapshot;
  if (snapshot === undefined || exchange.caller === undefined) return exchange.decision;
  const request = policyRequest(exchange, exchange.caller, snapshot.index, services);
  return decide(snapshot.index, request, services.clock.nowMs());
}

function policyRequest(
  exchange: Exchange,
  caller: KnownCaller,
  index: PolicyIndex,
  { ledger }: ProxyServices,
): PolicyRequest {
  const { message, body } = exchange;
  const { principal, session } = caller;
  const span = message?.arguments;
  return {
    principal,
    session,
    standing: standingIn(index, caller),
    sessionLastUsedMs: isCallUnderWay(exchange) ? undefined : ledger.lastUsedMs(caller),
    method: message?.method ?? AS_OPEN_AS,
    tool: exchange.tool,
    readArguments: (): unknown =>
      span === undefined || body === undefined ? {} : JSON.parse(body.toString('utf8', span.start, span.end)),
  };
}

/** A session is not idle while a call of it runs; a stream that only waits for notifications is no use of it. */
export function isCallUnderWay({ authorised, message }: Exchange): boolean {
  return authorised && message !== undefined;
}
