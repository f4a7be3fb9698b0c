// The server behind the proxy, as the rest of the proxy sees it. Nothing here retries: once a byte of a request is
// written its outcome is unknown, and only the caller may decide to ask again.

/**
 * `upstream_unavailable`: no byte was written, the call was not made. `upstream_lost`, `upstream_timeout`: it was
 * written and no complete answer came. `upstream_invalid`: the answer is not one that HTTP allows.
 */
export type UpstreamFailure =
  'upstream_unavailable' | 'upstream_lost' | 'upstream_timeout' | 'upstream_invalid';

export interface UpstreamError {
  readonly failure: UpstreamFailure;
  /** For the log; may name addresses. */
  readonly message: string;
}

export interface UpstreamRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Origin-form, with the query. */
  readonly path: string;
  /** Name, value, name, value…; without Host, Connection and what frames the body. */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
}

export interface UpstreamHead {
  readonly status: number;
  /** Name (lower case), value, name, value… */
  readonly headers: readonly string[];
}

/** Gets one answer: `onHead`, `onData`…, then `onEnd`; or `onFailure` at any point, after which nothing follows. */
export interface UpstreamHandler {
  onHead(head: UpstreamHead): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onFailure(error: UpstreamError): void;
}

export interface UpstreamCall {
  /** Stops reading from the server until `resume`. */
  pause(): void;
  resume(): void;
  /** Gives the call up and closes its connection; the handler hears nothing more. */
  abort(): void;
}

export interface Upstream {
  /**
   * Whether it keeps nothing of what it was given, or gives: the body of a request is not read any more once its answer is
   * complete, and pieces of an answer are their taker's alone.
   */
  readonly keepsNothing: boolean;
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** Closes idle connections, and busy ones once their call ends. */
  close(): void;
}

export interface UpstreamLimits {
  /** Milliseconds to open a connection. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from the request to the head of its answer. */
  readonly headTimeoutMs: number;
  /** Milliseconds without a byte of a body, while it is being read. */
  readonly idleTimeoutMs: number;
  /** How long an unused connection is kept; shorter than any usual server keeps it (Node: five seconds). */
  readonly keepAliveMs: number;
  readonly maxHeadBytes: number;
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connectTimeoutMs: 2_000,
  headTimeoutMs: 60_000,
  idleTimeoutMs: 300_000,
  keepAliveMs: 4_000,
  maxHeadBytes: 32 * 1024,
};
