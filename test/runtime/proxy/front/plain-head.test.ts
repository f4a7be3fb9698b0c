// The reader of plain requests beside `node:http`: what it takes, Node takes too and reads to the same; nothing else matters,
// for everything else is left to Node.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { readPlainHead } from '#runtime/proxy/front/plain-head.ts';
import { hostileRequest } from '../attacks/hostile-head.ts';
import { requestAroundPlain } from './plain-request.ts';

interface Seen {
  readonly line: string;
  readonly headers: readonly string[];
  readonly keepsAlive: boolean;
  readonly body: string;
}

let server: http.Server;
let port = 0;
let seen: Seen[] = [];

beforeAll(async () => {
  server = http.createServer({ requireHostHeader: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', httpVersion, rawHeaders } = request;
      seen.push({
        line: `${method} ${url} ${httpVersion}`,
        headers: rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text)),
        keepsAlive: response.shouldKeepAlive,
        body: Buffer.concat(chunks).toString('latin1'),
      });
      response.end('seen');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  ({ port } = address);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What Node makes of bytes behind which a last request follows. */
async function byNode(bytes: string): Promise<readonly Seen[]> {
  seen = [];
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.write(`${bytes}GET /last HTTP/1.1\r\nConnection: close\r\n\r\n`, 'latin1');
  await once(socket, 'close');
  return seen;
}

/** Compares one request; whether it was plain. */
async function compare(text: string): Promise<boolean> {
  const bytes = Buffer.from(text, 'latin1');
  const head = readPlainHead(bytes);
  if (head === undefined || head === 'incomplete') return false;
  const end = head.bodyAt + head.contentLength;
  const whole = text.slice(0, end).padEnd(end, '.');
  expect(await byNode(whole)).toEqual([
    {
      line: `POST ${head.url} 1.1`,
      headers: head.rawHeaders,
      keepsAlive: true,
      body: whole.slice(head.bodyAt),
    },
    expect.objectContaining({ line: 'GET /last 1.1' }),
  ]);
  return true;
}

async function compareAll(requests: fc.Arbitrary<string>, numRuns: number) {
  const counts = { plain: 0, other: 0 };
  await fc.assert(
    fc.asyncProperty(requests, async (text) => {
      counts[(await compare(text)) ? 'plain' : 'other'] += 1;
    }),
    { numRuns },
  );
  return counts;
}

const HEAD = ['POST /mcp HTTP/1.1', 'Host: a', 'Content-Type: application/json', 'Content-Length: 2'];
const plain = (...lines: readonly string[]) =>
  readPlainHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n{}`, 'latin1'));

describe('readPlainHead', () => {
  it('takes no request that Node refuses, and reads none to other bytes', async () => {
    const { plain: taken, other } = await compareAll(requestAroundPlain, 3_000);
    // Neither of the two may become so rare that nothing is compared.
    expect(Math.min(taken, other)).toBeGreaterThan(500);
  });

  it('nor of those that are made to be understood in two ways', async () => {
    const { plain: taken, other } = await compareAll(hostileRequest, 1_500);
    expect(Math.min(taken, other)).toBeGreaterThan(60);
  });

  it('reads a target, headers with names in lower case, a length, and where the body begins', () => {
    expect(plain(...HEAD, 'X-A:b', 'x-a: c d', 'Connection: Keep-Alive')).toEqual({
      url: '/mcp',
      rawHeaders: [
        ...['host', 'a', 'content-type', 'application/json', 'content-length', '2'],
        ...['x-a', 'b', 'x-a', 'c d', 'connection', 'Keep-Alive'],
      ],
      contentLength: 2,
      bodyAt: [...HEAD, 'X-A:b', 'x-a: c d', 'Connection: Keep-Alive', '', ''].join('\r\n').length,
    });
  });

  it.each<[string, readonly string[]]>([
    ['another method', ['GET /mcp HTTP/1.1', ...HEAD.slice(1)]],
    ['another version', ['POST /mcp HTTP/1.0', ...HEAD.slice(1)]],
    ['a target of another form', ['POST http://a/mcp HTTP/1.1', ...HEAD.slice(1)]],
    ['a target with a character that is not one of a target', ['POST /m"cp HTTP/1.1', ...HEAD.slice(1)]],
    ['no host', HEAD.filter((line) => !line.startsWith('Host'))],
    ['two hosts', [...HEAD, 'host: a']],
    ['no length', HEAD.slice(0, 3)],
    ['two lengths', [...HEAD, 'content-length: 2']],
    ['a length of nothing', [...HEAD.slice(0, 3), 'Content-Length: 0']],
    ['a length with a sign', [...HEAD.slice(0, 3), 'Content-Length: +2']],
    ['a length that no body has', [...HEAD.slice(0, 3), 'Content-Length: 1000000000']],
    ['chunks', [...HEAD, 'Transfer-Encoding: chunked']],
    ['an encoded body', [...HEAD, 'Content-Encoding: identity']],
    ['somebody who waits for leave', [...HEAD, 'Expect: 100-continue']],
    ['a connection that ends', [...HEAD, 'Connection: close']],
    ['another protocol', [...HEAD, 'Connection: keep-alive, upgrade', 'Upgrade: h2c']],
    ['an empty value', [...HEAD, 'X-A:']],
    ['a value with blanks around it', [...HEAD, 'X-A:  b']],
    ['a value with a blank behind it', [...HEAD, 'X-A: b ']],
    ['a folded line', [...HEAD, 'X-A: b\r\n c']],
    ['a control character', [...HEAD, 'X-A: \x01']],
    ['a blank before a colon', [...HEAD, 'X-A : b']],
    ['a line feed alone', [...HEAD, 'X-A: b\nX-B: c']],
    ['more headers than are read', [...HEAD, ...Array.from({ length: 126 }, (_, at) => `X-${at}: a`)]],
    ['a head that is too large', [...HEAD, `X-A: ${'a'.repeat(16 * 1024)}`]],
  ])('leaves %s to others', (_what, lines) => {
    expect(plain(...lines)).toBeUndefined();
  });

  it('waits for a head that is not all there, wherever it is cut, up to what a head may have', () => {
    const text = [...HEAD, '', ''].join('\r\n');
    for (let end = 0; end < text.length; end += 1) {
      expect(readPlainHead(Buffer.from(text.slice(0, end)))).toBe('incomplete');
    }
    expect(readPlainHead(Buffer.from(text))).toMatchObject({ bodyAt: text.length });
    expect(readPlainHead(Buffer.alloc(16 * 1024, 'x'))).toBeUndefined();
  });
});
