// A refusal, and how it looks to whoever made the request. Before the caller is known it is an HTTP status; after
// that a JSON-RPC error that client libraries hand to their user instead of turning it into a transport failure.
import { REASONS, type EdgeReason, type Reason } from '#api/reasons.ts';
import { POLICY_DENIED_CODE, type Decision, type Needed } from '#policy/decision.ts';
import { HEADER_MISMATCH_CODE } from './edge/mcp-headers.ts';

export interface Refusal {
  /** Why, for the audit event. */
  readonly reason: Reason;
  /** Why, for the caller. */
  readonly shown: Reason;
  readonly needed?: Needed | undefined;
  /** When to try again, where that is known better than by the reason. */
  readonly retryAfterMs?: number | undefined;
  /** Overrides the reason's own sentence. */
  readonly message?: string | undefined;
}

export function refuseEdge(reason: EdgeReason, message?: string): Refusal {
  return { reason, shown: reason, message };
}

export function refuseDecision(decision: Decision): Refusal {
  return { reason: decision.reason, shown: decision.disclosedReason, needed: decision.needed };
}

/** What a call hears that was forwarded, and that the proxy can't wait for because it ends. */
export const GIVEN_UP: Refusal = {
  reason: 'draining',
  // Not that reason: it asks to try again, and this call may have taken effect.
  shown: 'upstream_lost',
  message:
    'The proxy is shutting down before the server has answered; whether the call took effect is unknown.',
};

/** Whether somebody forbade it. Everything else can also happen to a request that is allowed. */
export function isDenial({ reason }: Refusal): boolean {
  return !reason.startsWith('upstream_') && reason !== 'draining';
}

/** What a refusal needs to know of its request. */
export interface RefusedRequest {
  /** The JSON-RPC id as it stands in the body; undefined before the envelope is read. */
  readonly rpcId: string | undefined;
  readonly tool: string | undefined;
  /** A request whose caller and envelope are known: it is answered with 200, but for one case. */
  readonly answerable: boolean;
  /** Of a revision without sessions, in which 404 speaks of methods. */
  readonly modern: boolean;
  readonly revision: string | undefined;
  readonly traceId: string;
  /** Headers that would identify the caller, for a 401. */
  readonly identityHeaders: readonly string[];
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const RETRY_AFTER_MS = 1000;
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;

function codeOf(reason: Reason): number {
  switch (reason) {
    case 'invalid_json':
    case 'invalid_utf8':
    case 'json_too_deep':
    case 'duplicate_key':
    case 'case_variant_key':
      return PARSE_ERROR;
    case 'body_required':
    case 'batch_not_supported':
    case 'invalid_envelope':
    case 'unexpected_response':
    case 'unexpected_cancellation':
    case 'unknown_event_id':
    case 'bad_request_framing':
    case 'header_conflict':
      return INVALID_REQUEST;
    case 'header_mismatch':
      return HEADER_MISMATCH_CODE;
    case 'missing_request_meta':
    case 'unknown_tool':
      return INVALID_PARAMS;
    case 'unknown_method':
      return METHOD_NOT_FOUND;
    case 'upstream_unavailable':
    case 'upstream_lost':
    case 'upstream_timeout':
    case 'upstream_invalid':
    case 'upstream_too_large':
    case 'upstream_overflow':
      return INTERNAL_ERROR;
    default:
      return POLICY_DENIED_CODE;
  }
}

/** The JSON-RPC error message of a refusal. */
export function refusalMessage(refusal: Refusal, request: RefusedRequest): string {
  const { shown, needed } = refusal;
  const { httpStatus, message } = REASONS[shown];
  const unauthenticated = shown === 'missing_identity' && !request.answerable;
  const error = {
    code: codeOf(shown),
    message: shown === 'unknown_tool' ? `Unknown tool: ${request.tool ?? ''}` : (refusal.message ?? message),
    data: {
      reason: shown,
      needed,
      httpStatus,
      retryAfterMs: retryAfterMs(refusal),
      revision: request.revision,
      traceId: request.traceId,
      required_headers: unauthenticated ? request.identityHeaders : undefined,
    },
  };
  return `{"jsonrpc":"2.0","id":${request.rpcId ?? 'null'},"error":${JSON.stringify(error)}}`;
}

export function answerRefusal(refusal: Refusal, request: RefusedRequest): RefusalAnswer {
  const body = Buffer.from(refusalMessage(refusal, request));
  const headers = ['content-type', 'application/json', 'content-length', String(body.length)];
  if (request.answerable) return { status: answeredStatus(refusal, request), headers, body };
  const status = statusOf(refusal.shown);
  if (status === 401) headers.push('www-authenticate', challenge(request.identityHeaders));
  if (status === 405) headers.push('allow', 'POST, GET, DELETE');
  const waitMs = retryAfterMs(refusal);
  if (waitMs !== undefined) headers.push('retry-after', String(Math.ceil(waitMs / 1000)));
  return { status, headers, body };
}

/** The protocol asks for 404 where a method is unknown; to callers who may have sessions it would say that theirs is. */
function answeredStatus({ shown }: Refusal, { modern }: RefusedRequest): number {
  return shown === 'unknown_method' && modern ? REASONS.unknown_method.httpStatus : 200;
}

/** 401 asks a client to log in, which helps only who presented nothing. */
function statusOf(reason: Reason): number {
  const { httpStatus } = REASONS[reason];
  return httpStatus === 401 && reason !== 'missing_identity' ? 403 : httpStatus;
}

/** Undefined where another try would end the same way. */
function retryAfterMs(refusal: Refusal): number | undefined {
  const { httpStatus } = REASONS[refusal.shown];
  const mayRetry = httpStatus === 429 || httpStatus === 503;
  return mayRetry ? (refusal.retryAfterMs ?? RETRY_AFTER_MS) : undefined;
}

function challenge(identityHeaders: readonly string[]): string {
  return `Headers realm="mcp-runtime", required="${identityHeaders.join(' ')}"`;
}
