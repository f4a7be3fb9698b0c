// Which requests of a session the ledger knows: those whose answer has begun to come, and those that were cut before. Of
// those whose stream can be resumed it knows after a restart too, until their answer has left.
import type { Exchange } from '../exchange.ts';
import { idKey } from '../json/rpc-id.ts';
import type { ProxyServices } from '../services.ts';
import { conversationOf } from '../state/session-ledger.ts';

export function noteRequest(exchange: Exchange, { requests }: ProxyServices): void {
  const { message, tool } = exchange;
  const key = keyOf(exchange);
  if (key !== undefined && message?.method !== undefined) {
    requests.note(key.conversation, key.id, { method: message.method, tool });
  }
}

/** Their stream has events with ids. */
export function keepRequest(exchange: Exchange, { requests }: ProxyServices): void {
  const key = keyOf(exchange);
  if (key !== undefined) requests.keep(key.conversation, key.id);
}

export function releaseRequest(exchange: Exchange, { requests }: ProxyServices): void {
  const key = keyOf(exchange);
  if (key !== undefined) requests.release(key.conversation, key.id);
}

export function noteCut(exchange: Exchange, { requests }: ProxyServices): void {
  const key = keyOf(exchange);
  if (key !== undefined) requests.cut(key.conversation, key.id);
}

/** Undefined for what is no request of a session. */
function keyOf({ mcpSession, message, subjectKey }: Exchange) {
  if (mcpSession === undefined || message?.kind !== 'request' || message.id === undefined) return undefined;
  return { conversation: conversationOf(subjectKey, mcpSession.id), id: idKey(message.id) };
}
