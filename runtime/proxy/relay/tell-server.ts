// What the proxy tells the server by itself, beside the requests of callers: that a question goes nowhere, that a call is
// cut. Nobody waits for what the server says to it.
import { POLICY_DENIED_CODE } from '#policy/decision.ts';
import { upstreamHeaders, upstreamPath } from '../edge/upstream-head.ts';
import type { Exchange } from '../exchange.ts';
import type { ProxyServices } from '../services.ts';

/** Answers a question of the server, so that it doesn't wait. @param id as it stood in the question */
export function answerServer(exchange: Exchange, services: ProxyServices, id: string): void {
  const error = { code: POLICY_DENIED_CODE, message: 'Requests of this server to its callers are not open.' };
  post(exchange, services, `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`);
}

/**
 * Cancels a call that is cut. In a session the end of a connection cancels nothing, so there it is said; elsewhere the
 * connection that is closed says it.
 */
export function cancelAtServer(exchange: Exchange, services: ProxyServices): void {
  const { mcpSession, message } = exchange;
  // The protocol has a client never cancel this one.
  if (mcpSession === undefined || message?.kind !== 'request' || message.method === 'initialize') return;
  const params = `{"requestId":${message.id ?? 'null'},"reason":"The caller may not have the answer any more."}`;
  post(exchange, services, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`);
}

function post(exchange: Exchange, { config, upstream, log }: ProxyServices, message: string): void {
  const call = upstream.send(
    {
      method: 'POST',
      path: upstreamPath(exchange.request.url ?? '/', config.stripPrefix, config.upstreamUrl.pathname),
      headers: withJsonType(upstreamHeaders(exchange, config)),
      body: Buffer.from(message),
    },
    {
      onHead: () => undefined,
      onData: () => call.abort(),
      onEnd: () => undefined,
      onFailure: ({ failure }) => log.debug({ failure }, 'The server could not be told of a refusal.'),
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
