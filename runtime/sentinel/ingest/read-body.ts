// The body of one request, bounded before and after decompression: a few kilobytes of gzip can hold gigabytes.
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorCode } from '../errors.ts';

const unzip = promisify(gunzip);

export type Body =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly code: string; readonly message: string };

/** Resolves to the decompressed bytes. Rejects only where the client goes away. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    return {
      ok: false,
      status: 415,
      code: 'unsupported_encoding',
      message: 'Send the body plain or as gzip.',
    };
  }
  const sent = await collect(request, maxBytes);
  if (sent === undefined) return tooLarge(maxBytes);
  return encoding === 'gzip' ? decompress(sent, maxBytes) : { ok: true, bytes: sent };
}

async function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
}

async function decompress(sent: Buffer, maxBytes: number): Promise<Body> {
  try {
    return { ok: true, bytes: await unzip(sent, { maxOutputLength: maxBytes }) };
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxBytes);
    return { ok: false, status: 400, code: 'invalid_gzip', message: 'The body is not what gzip writes.' };
  }
}

function tooLarge(maxBytes: number): Body {
  return {
    ok: false,
    status: 413,
    code: 'body_too_large',
    message: `A body holds at most ${maxBytes} bytes, decompressed.`,
  };
}
