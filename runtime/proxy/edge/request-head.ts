// What the head of a request says, read once from the raw headers. `node:http` has parsed it strictly; this refuses
// what HTTP allows and two readers could understand differently: headers twice, odd targets, odd framing.
import type { EdgeReason } from '#api/reasons.ts';
import type { CallerRequest } from './caller.ts';

export interface RequestHead {
  /** As sent, with its port. */
  readonly host: string;
  readonly origin: string | undefined;
  readonly contentType: string | undefined;
  /** Undefined where the body is chunked or absent. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
  /** The caller waits for leave to send the body. */
  readonly expectsContinue: boolean;
  readonly mcpSessionId: string | undefined;
  readonly protocolVersion: string | undefined;
  readonly mcpMethod: string | undefined;
  readonly mcpName: string | undefined;
  readonly traceparent: string | undefined;
  /** All header names, lower case, and their values beside them. */
  readonly names: readonly string[];
  readonly values: readonly string[];
}

export type HeadResult =
  { readonly ok: true; readonly head: RequestHead } | { readonly ok: false; readonly reason: EdgeReason };

interface Draft {
  host: string | undefined;
  origin: string | undefined;
  contentType: string | undefined;
  contentLength: number | undefined;
  chunked: boolean;
  expectsContinue: boolean;
  mcpSessionId: string | undefined;
  protocolVersion: string | undefined;
  mcpMethod: string | undefined;
  mcpName: string | undefined;
  traceparent: string | undefined;
  names: string[];
  values: string[];
}

/** Origin-form without dot segments, encoded separators, backslashes or anything outside visible ASCII. */
const TARGET = /^\/(?!\/)[!-[\]-~]*$/;
const SUSPECT_PATH = /(?:^|\/)\.{1,2}(?:\/|$)|%(?:2e|2f|5c|00)|#/i;
/** More make work, not sense; Node drops what comes after its own bound without a word. */
const MAX_HEADERS = 128;
const CONNECTION = /^(?:keep-alive|close)(?:\s*,\s*(?:keep-alive|close))*$/i;

const refused = (reason: EdgeReason): HeadResult => ({ ok: false, reason });

export function readRequestHead(
  request: Pick<CallerRequest, 'httpVersion' | 'url' | 'rawHeaders'>,
): HeadResult {
  if (request.httpVersion !== '1.1' || !isPlainTarget(request.url ?? ''))
    return refused('bad_request_framing');
  const { rawHeaders } = request;
  if (rawHeaders.length > 2 * MAX_HEADERS) return refused('headers_too_large');
  const draft = emptyDraft();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const reason = readHeader(draft, name, rawHeaders[at + 1] ?? '');
    if (reason !== undefined) return refused(reason);
    draft.names.push(name);
    draft.values.push(rawHeaders[at + 1] ?? '');
  }
  if (!hasHost(draft) || (draft.chunked && draft.contentLength !== undefined)) {
    return refused('bad_request_framing');
  }
  return { ok: true, head: draft };
}

function emptyDraft(): Draft {
  return {
    host: undefined,
    origin: undefined,
    contentType: undefined,
    contentLength: undefined,
    chunked: false,
    expectsContinue: false,
    mcpSessionId: undefined,
    protocolVersion: undefined,
    mcpMethod: undefined,
    mcpName: undefined,
    traceparent: undefined,
    names: [],
    values: [],
  };
}

function hasHost(draft: Draft): draft is Draft & { host: string } {
  return draft.host !== undefined;
}

function isPlainTarget(target: string): boolean {
  if (!TARGET.test(target)) return false;
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  return !((path.includes('.') || path.includes('%') || target.includes('#')) && SUSPECT_PATH.test(target));
}

/** Takes one header into the draft; a reason where it may not be there, or not again. */
function readHeader(draft: Draft, name: string, value: string): EdgeReason | undefined {
  switch (name) {
    case 'host':
      if (draft.host !== undefined) return 'bad_request_framing';
      draft.host = value;
      return undefined;
    case 'content-length':
      if (draft.contentLength !== undefined || !/^\d{1,15}$/.test(value)) return 'bad_request_framing';
      draft.contentLength = Number(value);
      return undefined;
    case 'transfer-encoding':
      if (draft.chunked || value !== 'chunked') return 'bad_request_framing';
      draft.chunked = true;
      return undefined;
    case 'connection':
      return CONNECTION.test(value) ? undefined : 'bad_request_framing';
    case 'expect':
      draft.expectsContinue = value === '100-continue';
      return draft.expectsContinue ? undefined : 'bad_request_framing';
    case 'upgrade':
    case 'trailer':
    case 'http2-settings':
      return 'bad_request_framing';
    case 'content-encoding':
      return value === 'identity' ? undefined : 'unsupported_media_type';
    default:
      return readSingleHeader(draft, name, value);
  }
}

/** Headers that mean something to policy or protocol, each at most once. */
function readSingleHeader(draft: Draft, name: string, value: string): EdgeReason | undefined {
  switch (name) {
    case 'origin':
      return (draft.origin = single(draft.origin, value)) === undefined ? 'header_conflict' : undefined;
    case 'content-type':
      return (draft.contentType = single(draft.contentType, value)) === undefined
        ? 'header_conflict'
        : undefined;
    case 'mcp-session-id':
      return (draft.mcpSessionId = single(draft.mcpSessionId, value)) === undefined
        ? 'header_conflict'
        : undefined;
    case 'mcp-protocol-version':
      return (draft.protocolVersion = single(draft.protocolVersion, value)) === undefined
        ? 'header_conflict'
        : undefined;
    case 'mcp-method':
      return (draft.mcpMethod = single(draft.mcpMethod, value)) === undefined ? 'header_conflict' : undefined;
    case 'mcp-name':
      return (draft.mcpName = single(draft.mcpName, value)) === undefined ? 'header_conflict' : undefined;
    case 'traceparent':
      return (draft.traceparent = single(draft.traceparent, value)) === undefined
        ? 'header_conflict'
        : undefined;
    case 'authorization':
    case 'last-event-id':
      return draft.names.includes(name) ? 'header_conflict' : undefined;
    default:
      return name.startsWith('mcp-') && draft.names.includes(name) ? 'header_conflict' : undefined;
  }
}

function single(known: string | undefined, value: string): string | undefined {
  return known === undefined ? value : undefined;
}
