// Why a request was allowed or refused: one stable code per decision, documented for people who read audit events.
// Codes are part of the wire format and never change their meaning.

interface ReasonEntry {
  /** The HTTP status that describes the refusal; sent as such only before the caller is known (see `data.httpStatus`). */
  readonly httpStatus: number;
  readonly message: string;
}

const entry = (httpStatus: number, message: string): ReasonEntry => ({ httpStatus, message });

/** Reasons of the policy: what `decide` says about a request whose caller and envelope are known. */
export const POLICY_REASONS = {
  allowed: entry(200, 'Allowed.'),
  missing_identity: entry(401, 'The request says nothing about who calls.'),
  missing_session: entry(401, 'This server asks for a session and the request presents none.'),
  session_not_found: entry(401, 'The session is unknown here, or belongs to somebody else.'),
  session_revoked: entry(401, 'The session was revoked.'),
  session_expired: entry(401, 'The session has expired.'),
  no_matching_grant: entry(403, 'No grant names this caller.'),
  tool_not_granted: entry(403, 'No grant of this caller covers the tool.'),
  tool_denied: entry(403, 'A grant denies this tool.'),
  tool_side_effect_unknown: entry(403, 'The server does not declare a side effect for this tool.'),
  side_effect_not_allowed: entry(403, "The grant does not allow the tool's side effect."),
  condition_not_met: entry(403, "The grant's condition does not hold for these arguments."),
  trust_too_low: entry(403, 'The tool needs more trust than grant and session give.'),
  unknown_tool: entry(404, 'There is no such tool.'),
  unknown_method: entry(404, 'There is no such method.'),
  method_not_allowed: entry(403, 'This method is not open to callers of this server.'),
  subject_rate_exceeded: entry(429, 'The caller sends more requests than this server takes of one caller.'),
  tool_rate_exceeded: entry(429, 'The caller calls this tool more often than the server allows.'),
  undecided: entry(403, 'Nothing decided about the request, so it is refused.'),
  policy_unavailable: entry(503, 'No policy is loaded yet.'),
  policy_stale: entry(503, 'The policy is older than this server accepts.'),
  policy_feature_missing: entry(503, 'The policy needs a feature that this proxy does not have.'),
} as const satisfies Record<string, ReasonEntry>;

/** Reasons of the edge: what the proxy refuses before or after policy has a say. */
export const EDGE_REASONS = {
  host_not_allowed: entry(403, 'The Host header names none of the names of this server.'),
  origin_not_allowed: entry(403, 'The Origin header names a page that may not call this server.'),
  bad_request_framing: entry(400, 'The HTTP request is ambiguous or malformed.'),
  header_conflict: entry(400, 'A header that may occur once occurs several times.'),
  header_mismatch: entry(400, 'An Mcp-* header disagrees with the body.'),
  missing_request_meta: entry(
    400,
    'Requests of the revision in MCP-Protocol-Version carry it in _meta, and this one does not.',
  ),
  unsupported_media_type: entry(415, 'The body has to be application/json.'),
  http_method_not_allowed: entry(405, 'Only POST, GET and DELETE are served here.'),
  body_required: entry(400, 'The request has no body.'),
  body_too_large: entry(413, 'The body is larger than this server accepts.'),
  headers_too_large: entry(431, 'The headers are larger than this server accepts.'),
  request_timeout: entry(408, 'The request did not arrive in time.'),
  too_many_requests: entry(429, 'The caller has too many requests in progress.'),
  overloaded: entry(503, 'The proxy has too many requests in progress.'),
  draining: entry(503, 'The proxy is shutting down.'),
  invalid_json: entry(400, 'The body is not valid JSON.'),
  invalid_utf8: entry(400, 'The body is not valid UTF-8.'),
  json_too_deep: entry(400, 'The body nests deeper than this server accepts.'),
  duplicate_key: entry(400, 'An object in the body has the same key twice.'),
  case_variant_key: entry(400, 'A reserved member is spelled in another case.'),
  invalid_envelope: entry(400, 'The body is not a JSON-RPC 2.0 message.'),
  batch_not_supported: entry(400, 'JSON-RPC batches are not supported.'),
  unexpected_response: entry(400, 'The response answers no request of this caller.'),
  unexpected_cancellation: entry(400, 'The cancellation names no request of this caller that is under way.'),
  unknown_mcp_session: entry(404, 'The Mcp-Session-Id is unknown here, or belongs to somebody else.'),
  unknown_event_id: entry(400, 'The Last-Event-ID is none that this caller was given in this session.'),
  audit_unavailable: entry(503, 'The call has to be recorded first and the record could not be written.'),
  upstream_unavailable: entry(502, 'The server could not be reached; the call was not made.'),
  upstream_lost: entry(
    502,
    'The connection to the server was lost; whether the call took effect is unknown.',
  ),
  upstream_timeout: entry(504, 'The server did not answer in time; whether the call took effect is unknown.'),
  upstream_invalid: entry(502, 'The server answered something that is not valid HTTP or JSON-RPC.'),
  upstream_too_large: entry(
    502,
    'The answer of the server is larger than this proxy passes on; whether the call took effect is unknown.',
  ),
  upstream_overflow: entry(
    502,
    'The answers under way take all the memory that this proxy has for them; whether the call took effect is unknown.',
  ),
  answer_unread: entry(499, 'The caller took nothing of the answer for too long, and was cut off.'),
  client_closed: entry(499, 'The caller went away before the answer was complete.'),
} as const satisfies Record<string, ReasonEntry>;

export const REASONS: Readonly<Record<Reason, ReasonEntry>> = { ...POLICY_REASONS, ...EDGE_REASONS };

export type PolicyReason = keyof typeof POLICY_REASONS;
export type EdgeReason = keyof typeof EDGE_REASONS;
/** Every reason that a decision, an audit event or a denial on the wire can carry. */
export type Reason = PolicyReason | EdgeReason;
