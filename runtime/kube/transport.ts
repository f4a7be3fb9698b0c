// HTTP to one API server: kept-alive connections, of which only so many are ever open for requests; watches, which hold
// theirs for minutes, have connections of their own and so never starve a request. Node's own client, because it is in
// memory anyway: another would cost a program that holds thousands of streams a tenth of what it may use.
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Limit } from './limit.ts';
import type { KubeConnection } from './kubeconfig.ts';
import { recordOf, textOf } from './json.ts';
import { refusalError } from './kube-error.ts';
import { KubeError } from './kube.ts';
import { linesOf } from './json-lines.ts';

export interface TransportOptions {
  /** Requests in flight; further ones wait, within their timeout. @default 16 */
  readonly connections?: number;
  /** Milliseconds for one request, waiting for its turn included. @default 30000 */
  readonly timeoutMs?: number;
  /** Milliseconds without a byte after which a stream counts as dead; a server sends bookmarks each minute. @default 180000 */
  readonly stallMs?: number;
  /** @default kube-client */
  readonly userAgent?: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** For messages: `get Deployment.apps team/files`. */
  readonly asked: string;
  /** Asked when the request could leave, with its connection at hand; where it says no, nothing of it is sent. */
  readonly mayLeave?: (() => boolean) | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

/** Bounds of what is read: an answer (a page of a list), and a line of a watch (one object, at most 3 MB as JSON). */
const ANSWER_BYTES = 256 * 1024 ** 2;
const LINE_BYTES = 16 * 1024 ** 2;

/** A connection that the server closed while idle is found out by the first request on it. */
const STALE_CONNECTION = new Set(['ECONNRESET', 'EPIPE']);
/** How long a connection is kept without a request. */
const IDLE_MS = 30_000;

/** Nothing came for longer than a live server is silent. */
class LateError extends Error {}

export class Transport {
  private readonly connection: KubeConnection;
  private readonly requests: http.Agent;
  private readonly streams: http.Agent;
  private readonly base: string;
  private readonly timeoutMs: number;
  private readonly stallMs: number;
  private readonly userAgent: string;
  private readonly inFlight = new Set<Promise<unknown>>();

  constructor(connection: KubeConnection, options: TransportOptions = {}) {
    this.connection = connection;
    this.timeoutMs = options.timeoutMs ?? 30_000;
    this.stallMs = options.stallMs ?? 180_000;
    this.userAgent = options.userAgent ?? 'kube-client';
    this.base = connection.server.pathname.replace(/\/$/, '');
    const kept = { keepAlive: true, maxSockets: options.connections ?? 16, timeout: IDLE_MS };
    const isPlain = connection.server.protocol === 'http:';
    this.requests = isPlain ? new http.Agent(kept) : new https.Agent({ ...kept, ...tlsOf(connection) });
    this.streams = isPlain ? new http.Agent() : new https.Agent(tlsOf(connection));
  }

  /** Throws the signal's reason when it fires, else `KubeError` where there is no answer; any answer is returned. */
  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const limit = new Limit(this.timeoutMs, signal);
    try {
      return await this.exchange(request, limit.signal).catch((error: unknown) => {
        if (limit.signal.aborted || request.method !== 'GET' || !STALE_CONNECTION.has(codeOf(error)))
          throw error;
        return this.exchange(request, limit.signal);
      });
    } catch (error) {
      throw limit.timedOut
        ? timeoutError(request.asked, this.timeoutMs)
        : unreachable(request.asked, error, signal);
    } finally {
      limit.clear();
    }
  }

  /** Lines of the answer, as they come. The connection is closed when the consumer stops, or the signal fires. */
  async *lines(request: HttpRequest, signal: AbortSignal): AsyncGenerator<string> {
    let response: http.IncomingMessage | undefined;
    try {
      const answer = await this.open(request, this.streams, signal);
      response = answer;
      if (answer.statusCode !== 200) throw refusalError(request.asked, await answerOf(answer));
      answer.setTimeout(this.stallMs, () => {
        answer.destroy(new LateError(`nothing came for ${this.stallMs} ms`));
      });
      yield* linesOf(answer, LINE_BYTES);
    } catch (error) {
      throw unreachable(request.asked, error, signal);
    } finally {
      response?.destroy();
    }
  }

  /** Lets requests in flight end; streams are cut. */
  async close(): Promise<void> {
    this.streams.destroy();
    await Promise.allSettled(this.inFlight);
    this.requests.destroy();
  }

  private async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = this.open(request, this.requests, signal).then(answerOf);
    this.inFlight.add(answer);
    try {
      return await answer;
    } finally {
      this.inFlight.delete(answer);
    }
  }

  /** Resolves with the head of the answer. */
  private async open(
    { method, path, body, contentType, asked, mayLeave }: HttpRequest,
    agent: http.Agent,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const token = await this.connection.token();
    if (mayLeave?.() === false) throw fencedError(asked);
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const { protocol, hostname, port } = this.connection.server;
    const sent = (protocol === 'http:' ? http : https).request({
      // An IPv6 address stands in brackets in a URL, and nowhere else.
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      method,
      path: `${this.base}${path}`,
      agent,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': this.userAgent,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(text !== undefined && {
          'content-type': contentType ?? 'application/json',
          'content-length': text.length,
        }),
      },
    });
    const late = setTimeout(() => {
      sent.destroy(new LateError(`no head within ${this.timeoutMs} ms`));
    }, this.timeoutMs);
    sent.on('response', resolve);
    // Stays: what fails after the head, the reader of the body is told too.
    sent.on('error', reject);
    if (mayLeave === undefined) sent.end(text);
    else
      whenConnected(sent, () => {
        if (mayLeave()) sent.end(text);
        else sent.destroy(fencedError(asked));
      });
    try {
      return await promise;
    } finally {
      clearTimeout(late);
    }
  }
}

async function answerOf(response: http.IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const body: AsyncIterable<Buffer> = response;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) throw new Error(`the answer is longer than ${ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8'),
    retryAfter: response.headers['retry-after'],
  };
}

function tlsOf({ ca, cert, key, tlsServerName, skipTlsVerify }: KubeConnection): https.AgentOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    ...(skipTlsVerify && { rejectUnauthorized: false }),
  };
}

/** Calls back in the turn in which what is written to the request leaves, and waits for no connection to be made. */
function whenConnected(request: http.ClientRequest, connected: () => void): void {
  request.once('socket', (socket: Socket) => {
    const isTls = socket instanceof TLSSocket;
    const isReady = isTls ? socket.getPeerFinished() !== undefined : !socket.connecting;
    if (isReady) connected();
    else socket.once(isTls ? 'secureConnect' : 'connect', connected);
  });
}

function fencedError(asked: string): KubeError {
  const message = `${asked}: not sent, because this replica can't be sure of its lease any more.`;
  return new KubeError(message, { code: 'unavailable' });
}

function timeoutError(asked: string, timeoutMs: number): KubeError {
  return new KubeError(`${asked}: the API server has not answered within ${timeoutMs} ms.`, {
    code: 'timeout',
  });
}

function unreachable(asked: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof KubeError) return error;
  const message = textOf(recordOf(error).message) ?? String(error);
  return new KubeError(`${asked}: no answer from the API server: ${message}`, {
    code: error instanceof LateError ? 'timeout' : 'unavailable',
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return textOf(recordOf(error).code) ?? '';
}
