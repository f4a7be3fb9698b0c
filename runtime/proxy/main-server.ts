// The listener for callers: every request becomes an exchange of the pipeline, and bytes that are no request are answered
// and recorded like one.
import http, { type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { servePage, type Pages } from '#runtime/process/http.ts';
import type { CallerRequest } from './edge/caller-request.ts';
import { refuseConnection } from './edge/connection-error.ts';
import { listenerOptions } from './listener-options.ts';
import type { Pipeline } from './pipeline.ts';
import type { ProxyServices } from './services.ts';

export type MainServer = http.Server<typeof CallerRequest>;

/** Not yet listening. */
export function createMainServer(services: ProxyServices, pipeline: Pipeline, pages: Pages): MainServer {
  const { config, log, recorder } = services;
  const { unreadTimeoutMs } = config.limits;
  const reserved = new Map(Object.entries(pages));
  const handle = (request: CallerRequest, response: ServerResponse): void => {
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
  const server = http.createServer(listenerOptions(config.limits), handle);
  server.setTimeout(unreadTimeoutMs, (socket) => pipeline.onStill(socket));
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
