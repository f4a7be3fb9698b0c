// What becomes of one message of the server on its way to a caller: it passes, passes changed, or doesn't pass.
import { isToolVisible } from '#policy/visible-tools.ts';
import { idKey } from '../json/rpc-id.ts';
import type { ServerMessage } from '../json/server-message.ts';
import type { Exchange } from '../exchange.ts';
import { refuseEdge, type Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';
import { standingIn } from '../state/known-callers.ts';
import { conversationOf } from '../state/session-ledger.ts';
import { answerServer } from './tell-server.ts';
import { filterToolList } from './tool-list.ts';

/** Whether a response answers the request of this exchange. An error may answer nothing in particular. */
export function answersRequest(exchange: Exchange, message: ServerMessage): boolean {
  const asked = exchange.message?.id;
  if (message.id === undefined || asked === undefined) return message.id === undefined;
  return idKey(message.id) === idKey(asked);
}

/**
 * Whether a response on a stream that resumes may pass: it answers a request of this caller in this session that was let
 * through, that was not cut, and that would be let through now.
 */
export function answersKnownRequest(
  exchange: Exchange,
  services: ProxyServices,
  message: ServerMessage,
): boolean {
  if (message.id === undefined || exchange.lastEventId === undefined) return false;
  const conversation = conversationOf(exchange.subjectKey, exchange.mcpSession?.id);
  const known = services.requests.find(conversation, idKey(message.id));
  if (known?.tool === undefined || exchange.isObserved) return known !== undefined;
  return seesTool(exchange, services)(known.tool);
}

/** Why a response may not pass, if it may not: an `input_required` result is the server asking, not answering. */
export function responseRefusal(exchange: Exchange, message: ServerMessage): Refusal | undefined {
  if (!message.inputRequired || exchange.isObserved) return undefined;
  const text = 'The server asked for input, which is not open to callers of this server.';
  return { reason: 'method_not_allowed', shown: 'method_not_allowed', message: text };
}

/** A response as the caller may see it. */
export function filteredResponse(
  exchange: Exchange,
  services: ProxyServices,
  bytes: Buffer,
  message: ServerMessage,
): Buffer {
  // A stream of an MCP session may resume an answer whose request came over another, so there every list counts.
  const mayList = exchange.message === undefined || exchange.message.method === 'tools/list';
  if (!mayList || message.list === undefined) return bytes;
  return filterToolList(bytes, message, seesTool(exchange, services)).bytes;
}

/** Which tools the caller may see now, by the newest policy. */
function seesTool(exchange: Exchange, services: ProxyServices): (tool: string) => boolean {
  const { caller } = exchange;
  const snapshot = services.policy.current ?? exchange.snapshot;
  if (caller === undefined || snapshot === undefined) return () => false;
  const { principal, session } = caller;
  const standing = standingIn(snapshot.index, caller);
  const asking = { principal, session, standing, sessionLastUsedMs: services.ledger.lastUsedMs(caller) };
  const nowMs = services.clock.nowMs();
  return (tool) => isToolVisible(snapshot.index, asking, tool, nowMs);
}

/** What a server may ask of any caller: it tells nothing and asks for nothing. */
const OPEN_TO_SERVERS = 'ping';

/**
 * Whether a request of the server reaches the caller. One that doesn't is answered here, and recorded either way. A
 * modern stream carries no requests, so there none passes, and no caller could answer one.
 */
export function passServerRequest(
  exchange: Exchange,
  services: ProxyServices,
  message: ServerMessage,
): boolean {
  const modern = exchange.message?.modern === true;
  const open = !modern && message.method === OPEN_TO_SERVERS;
  const passes = open || (!modern && exchange.isObserved);
  services.recorder.serverRequest(exchange, message, open ? 'allow' : passes ? 'would_deny' : 'deny');
  if (message.id === undefined || modern) return passes;
  if (passes) {
    const conversation = conversationOf(exchange.subjectKey, exchange.mcpSession?.id);
    services.ledger.ask(conversation, idKey(message.id));
  } else {
    answerServer(exchange, services, message.id);
  }
  return passes;
}

export const INVALID_ANSWER: Refusal = refuseEdge('upstream_invalid');
export const TOO_LARGE_ANSWER: Refusal = refuseEdge('upstream_too_large');
export const NO_ROOM_FOR_ANSWER: Refusal = refuseEdge('upstream_overflow');
