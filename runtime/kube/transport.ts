// HTTP to one API server: kept-alive connections, of which only so many are ever open for requests; watches, which hold
// theirs for minutes, have connections of their own and so never starve a request.
import { Pool, type Dispatcher } from 'undici';
import { Limit } from './limit.ts';
import type { KubeConnection } from './kubeconfig.ts';
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
const STALE_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export class Transport {
  private readonly connection: KubeConnection;
  private readonly requests: Pool;
  private readonly streams: Pool;
  private readonly base: string;
  private readonly timeoutMs: number;
  private readonly userAgent: string;

  constructor(connection: KubeConnection, options: TransportOptions = {}) {
    this.connection = connection;
    this.timeoutMs = options.timeoutMs ?? 30_000;
    this.userAgent = options.userAgent ?? 'kube-client';
    this.base = connection.server.pathname.replace(/\/$/, '');
    const shared: Pool.Options = {
      pipelining: 1,
      // One stream a connection: what is slow then never holds up what shares its connection.
      allowH2: false,
      headersTimeout: this.timeoutMs,
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 60_000,
      connect: tlsOf(connection),
    };
    const { origin } = connection.server;
    this.requests = new Pool(origin, {
      ...shared,
      connections: options.connections ?? 16,
      bodyTimeout: this.timeoutMs,
      maxResponseSize: ANSWER_BYTES,
    });
    this.streams = new Pool(origin, { ...shared, bodyTimeout: options.stallMs ?? 180_000 });
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
    try {
      const { statusCode, headers, body } = await this.streams.request(await this.optionsOf(request, signal));
      if (statusCode !== 200) {
        throw refusalError(request.asked, {
          status: statusCode,
          body: await body.text(),
          retryAfter: single(headers['retry-after']),
        });
      }
      yield* linesOf(body, LINE_BYTES);
    } catch (error) {
      throw unreachable(request.asked, error, signal);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.requests.close(), this.streams.destroy()]);
  }

  private async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { statusCode, headers, body } = await this.requests.request(await this.optionsOf(request, signal));
    return { status: statusCode, body: await body.text(), retryAfter: single(headers['retry-after']) };
  }

  private async optionsOf(request: HttpRequest, signal: AbortSignal): Promise<Dispatcher.RequestOptions> {
    const { method, path, body, contentType } = request;
    const token = await this.connection.token();
    return {
      method,
      path: `${this.base}${path}`,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': this.userAgent,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    };
  }
}

function tlsOf({ ca, cert, key, tlsServerName, skipTlsVerify }: KubeConnection): Pool.Options['connect'] {
  return {
    timeout: 10_000,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    ...(skipTlsVerify && { rejectUnauthorized: false }),
  };
}

function timeoutError(asked: string, timeoutMs: number): KubeError {
  return new KubeError(`${asked}: the API server has not answered within ${timeoutMs} ms.`, {
    code: 'timeout',
  });
}

function unreachable(asked: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof KubeError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const late = codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT' || codeOf(error) === 'UND_ERR_BODY_TIMEOUT';
  return new KubeError(`${asked}: no answer from the API server: ${message}`, {
    code: late ? 'timeout' : 'unavailable',
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
