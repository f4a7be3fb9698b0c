// The same contract over undici: for servers behind TLS, and as the oracle that the lean client is compared with.
import { Pool, errors, type Dispatcher } from 'undici';
import {
  UPSTREAM_LIMITS,
  type Upstream,
  type UpstreamCall,
  type UpstreamError,
  type UpstreamFailure,
  type UpstreamHandler,
  type UpstreamLimits,
  type UpstreamRequest,
} from './upstream.ts';

export class UndiciUpstream implements Upstream {
  readonly keepsNothing = false;
  private readonly pool: Pool;

  constructor(origin: URL, limits: Partial<UpstreamLimits> = {}) {
    const { connectTimeoutMs, headTimeoutMs, idleTimeoutMs, keepAliveMs, maxHeadBytes } = {
      ...UPSTREAM_LIMITS,
      ...limits,
    };
    this.pool = new Pool(origin.origin, {
      pipelining: 1,
      allowH2: false,
      connect: { timeout: connectTimeoutMs },
      headersTimeout: headTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: maxHeadBytes,
    });
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const { method, path, headers, body } = request;
    const call = new UndiciCall(handler);
    this.pool.dispatch({ method, path, headers: [...headers], body: body ?? null }, call);
    return call;
  }

  close(): void {
    this.pool.close().catch(() => undefined);
  }
}

class UndiciCall implements UpstreamCall, Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private handler: UpstreamHandler | undefined;
  private aborted = false;

  constructor(handler: UpstreamHandler) {
    this.handler = handler;
  }

  pause(): void {
    this.controller?.pause();
  }

  resume(): void {
    this.controller?.resume();
  }

  abort(): void {
    this.aborted = true;
    this.handler = undefined;
    this.controller?.abort(new Error('The caller gave up.'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.aborted) controller.abort(new Error('The caller gave up.'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const flat = Object.entries(headers).flatMap(([name, value]) =>
      [value ?? []].flat().flatMap((single) => [name, single]),
    );
    this.handler?.onHead({ status, headers: flat });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.handler?.onData(chunk);
  }

  onResponseEnd(): void {
    const handler = this.handler;
    this.handler = undefined;
    handler?.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const handler = this.handler;
    this.handler = undefined;
    // Undici says that a request starts once it has a connection for it: before that, nothing was sent.
    const failure = this.controller === undefined ? 'upstream_unavailable' : failureOf(error);
    const failed: UpstreamError = { failure, message: error.message };
    handler?.onFailure(failed);
  }
}

/** Of a request that has started. */
function failureOf(error: Error): UpstreamFailure {
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return 'upstream_timeout';
  }
  if (error instanceof errors.SocketError) return 'upstream_lost';
  const malformed =
    error instanceof errors.HTTPParserError ||
    error instanceof errors.HeadersOverflowError ||
    error instanceof errors.ResponseContentLengthMismatchError;
  return malformed ? 'upstream_invalid' : 'upstream_lost';
}
