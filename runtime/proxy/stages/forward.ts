// Sends the request on: the body as it came, and of the headers only those that are known to be needed.
import { upstreamHeaders, upstreamPath } from '../edge/upstream-head.ts';
import { Relay } from '../relay/relay.ts';
import { WAIT, type Stage } from './stage.ts';

export const forward: Stage = (exchange, services, flow) => {
  const { config, upstream, clock } = services;
  const relay = new Relay(exchange, services, flow);
  exchange.forwardedMs = clock.monotonicMs();
  const request = {
    method: methodOf(exchange.httpMethod),
    path: upstreamPath(exchange.request.url ?? '/', config.stripPrefix, config.upstreamUrl.pathname),
    headers: upstreamHeaders(exchange, config),
    body: exchange.body,
  };
  relay.begin(upstream.send(request, relay));
  return WAIT;
};

function methodOf(method: string): 'POST' | 'GET' | 'DELETE' {
  return method === 'GET' || method === 'DELETE' ? method : 'POST';
}
