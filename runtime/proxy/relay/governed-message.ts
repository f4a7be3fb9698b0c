// What becomes of one message of the server on its way to a caller: it passes, passes changed, or doesn't pass.
import { isToolVisible } from '#policy/visible-tools.ts';
import { idKey } from '../json/rpc-id.ts';
import type { ServerMessage } from '../json/server-message.ts';
import type { Exchange } from '../exchange.ts';
import { refuseEdge, type Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';
import { conversationOf } from '../state/session-ledger.ts';
import { upstreamHeaders, upstreamPath } from '../edge/upstream-head.ts';
import { POLICY_DENIED_CODE } from '#policy/decision.ts';
import { filterToolList } from './tool-list.ts';

/** Whether a response answers the request of this exchange. An error may answer nothing in particular. */
export function answersRequest(exchange: Exchange, message: ServerMessage): boolean {
  const asked = exchange.message?.id;
  if (message.id === undefined || asked === undefined) return message.id === undefined;
  return idKey(message.id) === idKey(asked);
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
  const { caller } = exchange;
  const snapshot = services.policy.current ?? exchange.snapshot;
  // A stream of an MCP session may resume an answer whose request is no longer known, so there every list counts.
  const mayList = exchange.message === undefined || exchange.message.method === 'tools/list';
  if (!mayList || message.list === undefined || caller === undefined || snapshot === undefined) return bytes;
  const sessionLastUsedMs =
    caller.session === undefined
      ? undefined
      : services.ledger.lastUsedMs(exchange.subjectKey, caller.session);
  const asking = { ...caller, sessionLastUsedMs };
  const nowMs = services.clock.nowMs();
  return filterToolList(bytes, message, (tool) => isToolVisible(snapshot.index, asking, tool, nowMs)).bytes;
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

/** Tells the server that its question goes nowhere, so that it doesn't wait for an answer. */
function answerServer(exchange: Exchange, services: ProxyServices, id: string): void {
  const error = { code: POLICY_DENIED_CODE, message: 'Requests of this server to its callers are not open.' };
  const { config, upstream } = services;
  const headers = upstreamHeaders(exchange, config);
  const call = upstream.send(
    {
      method: 'POST',
      path: upstreamPath(exchange.request.url ?? '/', config.stripPrefix, config.upstreamUrl.pathname),
      headers: withJsonType(headers),
      body: Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`),
    },
    {
      onHead: () => undefined,
      onData: () => call.abort(),
      onEnd: () => undefined,
      onFailure: ({ failure }) =>
        services.log.debug({ failure }, 'The server could not be told of a refusal.'),
    },
  );
}

/** The headers of the exchange, which may have been a GET, for a POST; without what described its own message. */
function withJsonType(headers: readonly string[]): string[] {
  const own = new Set(['content-type', 'accept', 'last-event-id', 'mcp-method', 'mcp-name']);
  const kept = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!own.has(name) && !name.startsWith('mcp-param-')) kept.push(name, headers[at + 1] ?? '');
  }
  return kept;
}

export const INVALID_ANSWER: Refusal = refuseEdge('upstream_invalid');
export const TOO_LARGE_ANSWER: Refusal = refuseEdge('upstream_too_large');
export const NO_ROOM_FOR_ANSWER: Refusal = refuseEdge('upstream_overflow');
