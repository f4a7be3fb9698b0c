// The Mcp-* headers repeat what the body says, so that intermediaries can route without reading it. A proxy that
// reads the body must not let the two differ: whoever trusts the header would act on another message.
import type { ClientMessage } from '../json/client-message.ts';
import type { RequestHead } from './request-head.ts';

export const HEADER_MISMATCH_CODE = -32020;

/** The first revision without sessions; from here on every request carries its version in `_meta`. */
const FIRST_MODERN = '2026-07-28';
const REVISION = /^\d{4}-\d{2}-\d{2}$/;
const SENTINEL = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;
const MAX_ENCODED = 4096;
/** Other bytes are Latin-1 to one reader and UTF-8 to the next. */
const PRINTABLE = /^[\t\x20-\x7e]*$/;

/** A header value with its Base64 form undone; undefined where that is malformed, or the value is not ASCII. */
export function decodeMcpHeader(value: string): string | undefined {
  if (!value.startsWith('=?')) return PRINTABLE.test(value) ? value : undefined;
  const encoded = value.length <= MAX_ENCODED ? SENTINEL.exec(value)?.[1] : undefined;
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith('=?base64?') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** What is wrong, or undefined where head and body agree. */
export function findMismatch(head: RequestHead, message: ClientMessage): string | undefined {
  if (message.kind === 'response') return undefined;
  return versionMismatch(head, message) ?? methodMismatch(head, message) ?? nameMismatch(head, message);
}

/**
 * Whether the header names a revision whose requests carry it in `_meta` too, and this one does not: to whoever trusts
 * the header it is a modern request, to whoever reads the body a legacy one.
 */
export function lacksRequestMeta(head: RequestHead, { kind, modern }: ClientMessage): boolean {
  return isModernHead(head) && kind === 'request' && !modern;
}

/** Whether the header names a revision without sessions. */
export function isModernHead({ protocolVersion }: RequestHead): boolean {
  return protocolVersion !== undefined && REVISION.test(protocolVersion) && protocolVersion >= FIRST_MODERN;
}

function versionMismatch({ protocolVersion }: RequestHead, message: ClientMessage): string | undefined {
  if (!message.modern) return undefined;
  const absent = protocolVersion === undefined && message.kind === 'notification';
  return absent || protocolVersion === message.protocolVersion
    ? undefined
    : 'MCP-Protocol-Version is missing or differs from the version in _meta.';
}

function methodMismatch({ mcpMethod }: RequestHead, message: ClientMessage): string | undefined {
  if (mcpMethod === undefined) {
    return message.modern && message.kind === 'request' ? 'Mcp-Method is missing.' : undefined;
  }
  return decodeMcpHeader(mcpMethod) === message.method ? undefined : 'Mcp-Method differs from the method.';
}

function nameMismatch({ mcpName }: RequestHead, message: ClientMessage): string | undefined {
  const expected = namedBy(message);
  if (mcpName === undefined) {
    return message.modern && expected !== undefined ? 'Mcp-Name is missing.' : undefined;
  }
  return decodeMcpHeader(mcpName) === expected ? undefined : 'Mcp-Name differs from the name in params.';
}

function namedBy({ method, name, uri }: ClientMessage): string | undefined {
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
      return name;
    case 'resources/read':
      return uri;
    default:
      return undefined;
  }
}
