// Reads the head of a plain request: the form in which nearly every client sends its calls, and of which no two readers can make
// different things. Everything else, well-formed or not, is left to `node:http`: there is nothing to refuse here.
import { MAX_HEADER_BYTES } from '../listener-options.ts';

export interface PlainHead {
  /** In origin form. */
  readonly url: string;
  /** Name (lower case), value, name, value… */
  readonly rawHeaders: readonly string[];
  /** Bytes, at least one. */
  readonly contentLength: number;
  /** Where in the bytes the body begins. */
  readonly bodyAt: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/**
 * A request line, and lines of a name, a colon, at most one blank, and what neither begins nor ends with one. Of targets, only
 * characters that no reader takes for the end of one or would encode.
 */
const PLAIN =
  /^POST (\/[\w\-.~!$&'()*+,;=:@/%?]*) HTTP\/1\.1(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[!-~\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[!-~\x80-\xff])?)+$/;
const LENGTH = /^[1-9]\d{0,8}$/;
const MAX_HEADERS = 128;

/**
 * The head at the beginning of `bytes`; `incomplete` where it may become one, undefined where it is not plain: a POST over
 * HTTP/1.1 with one Host and one Content-Length, over a connection that goes on, of which nothing is encoded, and before which
 * nobody waits.
 */
export function readPlainHead(bytes: Buffer): PlainHead | 'incomplete' | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return bytes.length < MAX_HEADER_BYTES ? 'incomplete' : undefined;
  if (end + HEAD_END.length > MAX_HEADER_BYTES) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const url = PLAIN.exec(text)?.[1];
  if (url === undefined) return undefined;
  // In lower case at once: one text instead of one for each name.
  const lower = text.toLowerCase();
  const rawHeaders: string[] = [];
  let hosts = 0;
  let contentLength: number | undefined;
  for (let at = text.indexOf('\r\n') + 2; at < text.length;) {
    const found = text.indexOf('\r\n', at);
    const next = found === -1 ? text.length : found;
    const colon = text.indexOf(':', at);
    const name = lower.slice(at, colon);
    const value = text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1, next);
    at = next + 2;
    rawHeaders.push(name, value);
    switch (meaningOf(name)) {
      case 'host':
        hosts += 1;
        break;
      case 'length':
        if (contentLength !== undefined || !LENGTH.test(value)) return undefined;
        contentLength = Number(value);
        break;
      case 'connection':
        if (value.toLowerCase() !== 'keep-alive') return undefined;
        break;
      case 'other':
        return undefined;
      case undefined:
    }
  }
  if (hosts !== 1 || contentLength === undefined || rawHeaders.length > 2 * MAX_HEADERS) return undefined;
  return { url, rawHeaders, contentLength, bodyAt: end + HEAD_END.length };
}

type Meaning = 'host' | 'length' | 'connection' | 'other';

/** Headers that say how to read a request, or what becomes of its connection. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['host', 'host'],
  ['content-length', 'length'],
  ['connection', 'connection'],
  ['proxy-connection', 'other'],
  ['transfer-encoding', 'other'],
  ['content-encoding', 'other'],
  ['trailer', 'other'],
  ['expect', 'other'],
  ['upgrade', 'other'],
]);
const LENGTHS = new Set([...MEANINGS.keys()].map((name) => name.length));

/** Most names need not be looked up: there is none of their length. */
function meaningOf(name: string): Meaning | undefined {
  return LENGTHS.has(name.length) ? MEANINGS.get(name) : undefined;
}
