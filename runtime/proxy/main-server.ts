// The listener for callers: every request becomes an exchange of the pipeline, and bytes that are no request are answered
// and recorded like one.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { servePage, type Pages } from '#runtime/process/http.ts';
import { refuseConnection } from './edge/connection-error.ts';
import type { NodeRequest } from './edge/node-request.ts';
import { FrontServer } from './front/front-server.ts';
import { listenerOptions } from './listener-options.ts';
import type { Pipeline } from './pipeline.ts';
import type { ProxyServices } from './services.ts';

/** Not yet listening. */
export function createMainServer(services: ProxyServices, pipeline: Pipeline, pages: Pages): FrontServer {
  const { config, clock, log, recorder } = services;
  const reserved = new Map(Object.entries(pages));
  const handle = (request: NodeRequest, response: ServerResponse): void => {
    const page = reserved.get(pathOf(request.url ?? '/'));
    if (page === undefined) pipeline.handle(request, response);
    else servePage(page, request, response, (error) => log.error({ error }, 'A page failed.'));
  };
  const refuse = (error: Error, socket: Duplex): void => {
    const exchange = pipeline.exchangeOn(socket);
    if (exchange?.response.headersSent === true) {
      // An answer is on its way, and nothing may come between its bytes.
      if (exchange.finished) socket.end();
      else socket.destroy();
      return;
    }
    const reason = refuseConnection(error, socket);
    if (reason === undefined) return;
    if (exchange === undefined) recorder.connectionRefused(reason);
    else pipeline.break(exchange, reason);
  };
  const server = new FrontServer({
    listener: listenerOptions(config.limits),
    unreadTimeoutMs: config.limits.unreadTimeoutMs,
    monotonicMs: () => clock.monotonicMs(),
    takes: (url) => !reserved.has(pathOf(url)),
    handle: (request, response) => pipeline.handle(request, response),
  });
  server.on('timeout', (socket: Socket) => pipeline.onStill(socket));
  server.on('request', handle);
  // Node would answer these by itself: before anybody is known, and unrecorded.
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  server.on('connect', (_request, socket) => refuse(new Error('CONNECT is not served.'), socket));
  server.on('clientError', refuse);
  return server;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
