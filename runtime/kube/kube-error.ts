// What an API server's refusal means: from the HTTP status and the Status object in its body to one code and one
// sentence that says what was asked, and what the server said.
import { isRecord, listOf, parseJson, recordOf, textOf, type JsonRecord } from './json.ts';
import { KubeError, type KubeErrorCode } from './kube.ts';

export interface Refusal {
  readonly status: number;
  readonly body: string;
  /** The header, in seconds. */
  readonly retryAfter?: string | undefined;
}

/** Longest part of a body that is no Status object which goes into a message. */
const TEXT_CHARACTERS = 300;

const UNKNOWN_FIELD = /field not declared in schema|failed to create typed patch object/;

/** `asked` reads like `get Deployment.apps team/files`. */
export function refusalError(asked: string, refusal: Refusal): KubeError {
  const parsed = parseJson(refusal.body);
  const status = isRecord(parsed) && parsed.kind === 'Status' ? parsed : undefined;
  const said = textOf(status?.message) ?? refusal.body.trim().slice(0, TEXT_CHARACTERS);
  const { status: http } = refusal;
  const details = recordOf(status?.details);
  return new KubeError(`${asked}: ${said === '' ? `HTTP ${http}` : said} (HTTP ${http})`, {
    code: codeOf(http, said, status, details),
    status: http,
    retryAfterMs: retryAfterMs(refusal.retryAfter, details),
  });
}

/** The error of a watch arrives as an event whose object is a Status. */
export function statusError(asked: string, object: unknown): KubeError {
  const status = recordOf(object);
  const http = typeof status.code === 'number' ? status.code : 500;
  return refusalError(asked, { status: http, body: JSON.stringify({ kind: 'Status', ...status }) });
}

function codeOf(
  http: number,
  said: string,
  status: JsonRecord | undefined,
  details: JsonRecord,
): KubeErrorCode {
  if (http === 401) return 'unauthorized';
  if (http === 403) return hasCause(details, 'NamespaceTerminating') ? 'namespace_terminating' : 'forbidden';
  // A path that the server doesn't serve has no object to name.
  if (http === 404) return textOf(details.name) === undefined ? 'unknown_kind' : 'not_found';
  if (http === 409) return status?.reason === 'AlreadyExists' ? 'already_exists' : 'conflict';
  if (http === 410) return 'gone';
  if (http === 429) return 'too_many_requests';
  if (http === 408 || http === 504) return 'timeout';
  // Servers answer an apply with a field that they don't know with 500; asking again won't make it known.
  if (UNKNOWN_FIELD.test(said)) return 'invalid';
  return http >= 500 ? 'unavailable' : 'invalid';
}

function hasCause(details: JsonRecord, reason: string): boolean {
  return listOf(details.causes).some((cause) => recordOf(cause).reason === reason);
}

function retryAfterMs(header: string | undefined, details: JsonRecord): number | undefined {
  const inBody = details.retryAfterSeconds;
  const seconds = header !== undefined && /^\d+$/.test(header) ? Number(header) : inBody;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}
