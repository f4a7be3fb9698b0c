// Reads the head of an HTTP/1.1 response, strictly: whatever two readers could take for different messages is an
// error here, because the proxy would relay one reading of it.

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' };

export interface ResponseHead {
  readonly status: number;
  /** Name (lower case), value, name, value… */
  readonly headers: readonly string[];
  readonly framing: BodyFraming;
  /** Whether the server keeps the connection. */
  readonly keepAlive: boolean;
  /** `Keep-Alive: timeout`, in milliseconds, where the server says so. */
  readonly keepAliveMs: number | undefined;
}

export type HeadResult =
  { readonly ok: true; readonly head: ResponseHead } | { readonly ok: false; readonly problem: string };

/** A head with nothing to object to in any of its lines, seen in one go: line by line that takes half of reading it. */
const PLAIN_HEAD =
  /^HTTP\/1\.1 [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const STATUS_LINE = /^HTTP\/1\.1 [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const STATUS_AT = 'HTTP/1.1 '.length;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const LENGTH = /^\d{1,15}$/;
const MAX_HEADERS = 128;
/** What says where the body ends; known readers disagree on blanks behind these, so there are none. */
const FRAMING = new Set(['content-length', 'transfer-encoding']);

const NO_BODY: BodyFraming = { kind: 'none' };
const CHUNKED: BodyFraming = { kind: 'chunked' };

const bad = (problem: string): HeadResult => ({ ok: false, problem });

/** `text` is the head in Latin-1, without its empty last line. */
export function readResponseHead(text: string): HeadResult {
  if (!PLAIN_HEAD.test(text)) return bad(problemIn(text.split('\r\n')));
  const headers: string[] = [];
  let at = lineEnd(text, 0) + 2;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const colon = text.indexOf(':', at);
    const field = text.slice(at, colon).toLowerCase();
    const valueEnd = endOfValue(text, colon + 1, end);
    if (valueEnd !== end && FRAMING.has(field)) return bad(`blanks follow the value of ${field}`);
    headers.push(field, text.slice(startOfValue(text, colon + 1, valueEnd), valueEnd));
    if (headers.length > 2 * MAX_HEADERS) return bad('there are too many headers');
    at = end + 2;
  }
  return framed(Number(text.slice(STATUS_AT, STATUS_AT + 3)), headers);
}

/** What is wrong with a head that is not plain. */
function problemIn([statusLine = '', ...lines]: readonly string[]): string {
  if (!STATUS_LINE.test(statusLine)) return 'the status line is malformed, or not HTTP/1.1';
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === -1) return 'a header line has no colon';
    if (!TOKEN.test(line.slice(0, colon))) return 'a header name is malformed';
  }
  return 'a header value has a control character';
}

function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\r\n', at);
  return found === -1 ? text.length : found;
}

function framed(status: number, headers: readonly string[]): HeadResult {
  let length: string | undefined;
  let encoding: string | undefined;
  let keepAlive = true;
  let keepAliveMs: number | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const value = headers[at + 1] ?? '';
    switch (headers[at]) {
      case 'content-length':
        if (length !== undefined) return bad('there are two Content-Length headers');
        if (!LENGTH.test(value)) return bad('Content-Length is not a number');
        length = value;
        break;
      case 'transfer-encoding':
        if (encoding !== undefined) return bad('there are two Transfer-Encoding headers');
        if (value.toLowerCase() !== 'chunked') return bad('Transfer-Encoding is not chunked');
        encoding = value;
        break;
      case 'connection':
        if (/(?:^|,)\s*close\s*(?:,|$)/i.test(value)) keepAlive = false;
        break;
      case 'keep-alive':
        keepAliveMs = keepAliveTimeout(value);
        break;
      case undefined:
      default:
    }
  }
  if (length !== undefined && encoding !== undefined) {
    return bad('Content-Length and Transfer-Encoding exclude each other');
  }
  const framing = framingOf(status, length, encoding);
  if (framing === undefined) return bad('nothing says where the body ends, or there may be no body');
  return { ok: true, head: { status, headers, framing, keepAlive, keepAliveMs } };
}

function framingOf(
  status: number,
  length: string | undefined,
  encoding: string | undefined,
): BodyFraming | undefined {
  const bodiless = status < 200 || status === 204 || status === 304;
  if (bodiless)
    return encoding === undefined && (length === undefined || length === '0') ? NO_BODY : undefined;
  if (encoding !== undefined) return CHUNKED;
  if (length === undefined) return undefined;
  return length === '0' ? NO_BODY : { kind: 'length', length: Number(length) };
}

function keepAliveTimeout(value: string): number | undefined {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

// `trim` also takes carriage returns and no-break spaces, which are no blanks to HTTP.

function startOfValue(text: string, from: number, end: number): number {
  let start = from;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  return start;
}

function endOfValue(text: string, start: number, to: number): number {
  let end = to;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return end;
}

const isBlank = (unit: number): boolean => unit === 0x20 || unit === 0x09;
