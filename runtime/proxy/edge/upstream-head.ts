// The head of a request as the server gets it: few headers, by name, and an identity that only the proxy sets.
import type { ProxyConfig } from '../config.ts';
import type { Exchange } from '../exchange.ts';
import type { IdentityHeaders } from './identity.ts';
import { isTracestate, traceparentOf } from './trace-context.ts';

/** Headers of a caller that every server gets. Names are new texts each time, which a set would have to hash first. */
function isForwarded(name: string): boolean {
  switch (name) {
    case 'accept':
    case 'baggage':
    case 'content-type':
    case 'mcp-method':
    case 'mcp-name':
    case 'mcp-protocol-version':
    case 'user-agent':
      return true;
    default:
      return name.startsWith('mcp-param-');
  }
}

function isIdentity(name: string, { human, agent, team, session }: IdentityHeaders): boolean {
  return name === human || name === agent || name === team || name === session;
}

/** Removes the public prefix, on a segment boundary, and puts the server's own path in front, where it has one. */
export function upstreamPath(target: string, stripPrefix: string, basePath: string): string {
  let path = target;
  if (stripPrefix !== '' && target.startsWith(stripPrefix)) {
    const rest = target.slice(stripPrefix.length);
    if (rest === '' || rest.startsWith('?')) path = `/${rest}`;
    else if (rest.startsWith('/')) path = rest;
  }
  const base = basePath.endsWith('/') ? basePath.slice(0, -1) : basePath;
  if (base === '' || isBelow(path, base)) return path;
  return path === '/' || path.startsWith('/?') ? base + path.slice(1) : base + path;
}

function isBelow(path: string, base: string): boolean {
  const next = path[base.length];
  return path.startsWith(base) && (next === undefined || next === '/' || next === '?');
}

/** By allow-list; identity last, and only ours. */
export function upstreamHeaders(exchange: Exchange, config: ProxyConfig): string[] {
  const { head, snapshot, caller, mcpSession, lastEventId } = exchange;
  const headers: string[] = [];
  if (head === undefined || snapshot === undefined) return headers;
  const { names, values } = head;
  const identity = snapshot.identityHeaders;
  const { forwardHeaders } = config;
  let state: string | undefined;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? '';
    if (name === 'tracestate') state = state === undefined ? values[at] : `${state},${values[at] ?? ''}`;
    const known = isForwarded(name) || (forwardHeaders.length > 0 && forwardHeaders.includes(name));
    if (known && !isIdentity(name, identity)) headers.push(name, values[at] ?? '');
  }
  headers.push('traceparent', traceparentOf(exchange.traceId, exchange.spanId, exchange.sampled));
  // It belongs to the trace of the caller, and means nothing in another.
  if (state !== undefined && exchange.traceParent !== undefined && isTracestate(state)) {
    headers.push('tracestate', state);
  }
  // The server's own ids, where the caller's opened; stray ones are not passed on.
  if (mcpSession !== undefined) headers.push('mcp-session-id', mcpSession.id);
  if (lastEventId !== undefined) headers.push('last-event-id', lastEventId);
  headers.push('forwarded', forwardedBy(exchange.callerAddress, head.host));
  const { human, agent, teams } = caller?.principal ?? { teams: [] };
  if (human !== undefined) headers.push(identity.human, human);
  if (agent !== undefined) headers.push(identity.agent, agent);
  const [team] = teams;
  if (team !== undefined) headers.push(identity.team, team);
  if (caller?.session !== undefined) headers.push(identity.session, caller.session);
  return headers;
}

function forwardedBy(address: string, host: string): string {
  const node = address.includes(':') ? `"[${address}]"` : address;
  return `for=${node};host="${host}";proto=http`;
}
