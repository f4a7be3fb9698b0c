// Small HTTP surfaces of a program: health, readiness, status, metrics. Exact paths, GET and HEAD only, no bodies read.
import http from 'node:http';
import type https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Registry } from './metrics.ts';

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a path answers; asked at each request. */
export type PageSource = () => Page | Promise<Page>;
export type Pages = Readonly<Record<string, PageSource>>;

export function jsonPage(status: number, value: unknown): Page {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

export function textPage(status: number, body: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

export function metricsPage(registry: Registry): PageSource {
  return async () => ({ status: 200, contentType: registry.contentType, body: await registry.metrics() });
}

/** Answers one request with a page. A page that throws is a 500 without details; `onError` gets them. */
export function servePage(
  source: PageSource,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  onError: (error: unknown) => void,
): void {
  request.resume();
  const send = (page: Page): void => {
    const body = Buffer.from(page.body);
    response.writeHead(page.status, {
      'content-type': page.contentType,
      'content-length': body.length,
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(textPage(405, 'Only GET and HEAD are served here.\n'));
    return;
  }
  Promise.resolve()
    .then(source)
    .then(send)
    .catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) send(textPage(500, 'The page could not be made; see the log.\n'));
    });
}

/** A server with nothing but pages, for the metrics listener. Not yet listening. */
export function createPageServer(pages: Pages, onError: (error: unknown) => void): http.Server {
  return http.createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const source = Object.hasOwn(pages, path) ? pages[path] : undefined;
    servePage(source ?? (() => textPage(404, 'Nothing here.\n')), request, response, onError);
  });
}

/** A listener that could not be opened: what, where, and what to do. */
export class ListenError extends Error {
  readonly variable: string;

  constructor(variable: string, port: number, cause: NodeJS.ErrnoException) {
    super(`${variable}=${port}: ${listenProblem(cause)}`, { cause });
    this.name = 'ListenError';
    this.variable = variable;
  }
}

function listenProblem(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRINUSE':
      return 'the port is in use. Stop the program that holds it or choose another port (0 takes a free one).';
    case 'EACCES':
      return 'this user may not open the port. Choose one above 1023.';
    case 'EADDRNOTAVAIL':
      return 'the address is not one of this machine. Correct the bind address.';
    case undefined:
    default:
      return `could not listen: ${cause.message}.`;
  }
}

export interface ListenOptions {
  /** The variable the port comes from, for the error. */
  readonly variable: string;
  readonly port: number;
  /** Every address when left out. */
  readonly host?: string | undefined;
}

/** Resolves to the port that was opened. Throws `ListenError`. */
export async function listen(server: http.Server | https.Server, options: ListenOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      reject(new ListenError(options.variable, options.port, cause));
    };
    server.once('error', failed);
    server.listen({ port: options.port, host: options.host }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
