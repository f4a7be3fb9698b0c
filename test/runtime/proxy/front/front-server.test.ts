// The listener for callers beside one that is Node's alone: over any sequence of requests, cut into any pieces, the same
// requests are heard and the same answers read. And what `node:http` does for a connection is done where it does not see it.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallerRequest, CallerResponse } from '#runtime/proxy/edge/caller.ts';
import { FrontServer, type FrontOptions } from '#runtime/proxy/front/front-server.ts';
import { PlainRequest } from '#runtime/proxy/front/plain-request.ts';
import { listenerOptions } from '#runtime/proxy/listener-options.ts';
import { readProxyConfig } from '#runtime/proxy/config.ts';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

function limits() {
  const read = readProxyConfig({
    UPSTREAM_URL: 'http://127.0.0.1:1',
    POLICY_FILE: '/none',
    MCP_SERVER_NAME: 'notes',
    MCP_SERVER_NAMESPACE: 'team-a',
    STATE_DIR: '/none',
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value.limits;
}

const listener = listenerOptions(limits());

type Handle = (request: CallerRequest, response: CallerResponse) => void;

async function listenOn(server: http.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ended.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function front(handle: Handle, options: Partial<FrontOptions> = {}) {
  const server = new FrontServer({
    listener,
    unreadTimeoutMs: 60_000,
    monotonicMs: () => performance.now(),
    takes: () => true,
    handle,
    ...options,
  });
  server.on('request', handle);
  server.on('checkContinue', handle);
  return { server, port: await listenOn(server) };
}

async function nodeAlone(handle: Handle) {
  const server = http.createServer(listener, handle);
  server.on('checkContinue', handle);
  return { server, port: await listenOn(server) };
}

/** What becomes of a request is in its target, so that both listeners do the same. */
function answering(heard: string[], plain: { count: number }): Handle {
  return (request, response) => {
    if (request instanceof PlainRequest) plain.count += 1;
    const url = request.url ?? '';
    const answer = (text: string): void => {
      heard.push(`${request.method} ${url} ${text}`);
      const body = Buffer.from(text, 'latin1');
      if (url.includes('last')) response.shouldKeepAlive = false;
      if (url.includes('chunked')) {
        response.writeHead(200, ['x-way', 'chunked']);
        response.flushHeaders();
        for (let at = 0; at < body.length; at += 7) response.write(body.subarray(at, at + 7));
        response.end();
      } else if (url.includes('nothing')) {
        response.writeHead(204, []);
        response.end();
      } else if (url.includes('text')) {
        response.writeHead(202, ['content-length', String(body.length)]);
        response.end(text, 'latin1');
      } else {
        const date = url.includes('dated') ? ['date', 'Thu, 01 Jan 1970 00:00:00 GMT'] : [];
        response.writeHead(200, ['content-length', String(body.length), 'x-way', 'whole', ...date]);
        response.end(body);
      }
    };
    if (url.includes('unread')) {
      answer('unread');
      return;
    }
    const pieces: Buffer[] = [];
    const read = (): void => {
      if (url.includes('stream')) {
        const stream = request.bodyStream();
        stream.on('data', (piece: Buffer) => {
          pieces.push(piece);
          stream.pause();
          setImmediate(() => stream.resume());
        });
        stream.on('end', () => answer(Buffer.concat(pieces).toString('latin1')));
        return;
      }
      request.takeBody({
        onChunk: (piece) => pieces.push(Buffer.from(piece)),
        onEnd: () => answer(Buffer.concat(pieces).toString('latin1')),
      });
    };
    if (url.includes('later')) setImmediate(read);
    else read();
  };
}

/** Writes pieces, each in a turn of its own, and resolves to all that came back once the other side ended. */
async function converse(port: number, pieces: readonly string[]): Promise<string> {
  const socket = net.connect(port, '127.0.0.1').setNoDelay();
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await delay(1);
  }
  await closed;
  return received;
}

/** A caller that has sent something. */
function connected(port: number, sent: string): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  if (sent !== '') socket.write(sent, 'latin1');
  return socket;
}

const comparable = (received: string): string => received.replace(/^Date: .*/gm, 'Date: now');

const target = fc
  .array(fc.constantFrom('chunked', 'nothing', 'text', 'unread', 'stream', 'later', 'dated'), {
    maxLength: 2,
  })
  .map((words) => `/${words.join('-')}`);
const bodies = fc.oneof(
  {
    arbitrary: fc.string({
      unit: fc.constantFrom('a', '\xff', '\r', '\n', '\0'),
      minLength: 1,
      maxLength: 40,
    }),
    weight: 4,
  },
  { arbitrary: fc.nat({ max: 90_000 }).map((length) => 'x'.repeat(length + 1)), weight: 1 },
);
const kinds = fc.constantFrom('plain', 'plain', 'plain', 'plain', 'chunked', 'get', 'blank');

function requestOf(kind: string, path: string, body: string): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\n`;
  switch (kind) {
    case 'chunked':
      return `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    case 'get':
      return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    case 'blank':
      return `${head}Content-Length:  ${body.length}\r\n\r\n${body}`;
    default:
      return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  }
}

const conversation = fc
  .record({
    requests: fc.array(fc.tuple(kinds, target, bodies), { maxLength: 6 }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
    /** Whether each request begins a piece. */
    apart: fc.boolean(),
  })
  .map(({ requests, cuts, apart }) => {
    const texts = [...requests, ['plain', '/last', 'end'] as const].map(([kind, path, body]) =>
      requestOf(kind, path, body),
    );
    if (apart) return texts;
    const text = texts.join('');
    const places = cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b);
    return [0, ...places].map((start, at) => text.slice(start, places[at] ?? text.length)).filter(Boolean);
  });

describe('FrontServer', () => {
  it('hears and answers what Node alone would, whatever is sent and however it is cut', async () => {
    const heard: string[] = [];
    const heardByNode: string[] = [];
    const plain = { count: 0 };
    const ours = await front(answering(heard, plain));
    const node = await nodeAlone(answering(heardByNode, plain));
    let requests = 0;
    await fc.assert(
      fc.asyncProperty(conversation, async (pieces) => {
        heard.length = heardByNode.length = 0;
        const [mine, nodes] = await Promise.all([converse(ours.port, pieces), converse(node.port, pieces)]);
        // Node hears the next request before it has answered the last.
        expect(heard.sort()).toEqual(heardByNode.sort());
        expect(comparable(mine)).toBe(comparable(nodes));
        requests += heard.length;
      }),
      { numRuns: 300 },
    );
    expect(plain.count).toBeGreaterThan(100);
    expect(requests - plain.count).toBeGreaterThan(100);
  });

  it('reads a head that comes in two pieces itself, and leaves one that comes in more to Node', async () => {
    const plain = { count: 0 };
    const { port } = await front(answering([], plain));
    const text = requestOf('plain', '/last', 'body');
    const received = await converse(port, [text.slice(0, 9), text.slice(9)]);
    expect([received.endsWith('body'), plain.count]).toEqual([true, 1]);
    const inMore = await converse(port, [text.slice(0, 9), text.slice(9, 20), text.slice(20)]);
    expect([inMore.endsWith('body'), plain.count]).toEqual([true, 1]);
  });

  it('reports a request that does not come in time, however little of it has come', async () => {
    const { server, port } = await front(() => undefined, {
      listener: { ...listener, headersTimeout: 100, requestTimeout: 100, connectionsCheckingInterval: 20 },
    });
    for (const sent of ['', 'POST /', requestOf('plain', '/', 'body').slice(0, -1)]) {
      const reported = once(server, 'clientError');
      const socket = connected(port, sent);
      expect((await reported)[0]).toMatchObject({ code: 'ERR_HTTP_REQUEST_TIMEOUT' });
      socket.destroy();
      await once(socket, 'close');
    }
  });

  it('keeps a connection between requests, until it has been idle for long', async () => {
    let nowMs = 0;
    const { port } = await front(answering([], { count: 0 }), {
      listener: { ...listener, headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 },
      unreadTimeoutMs: 50,
      monotonicMs: () => nowMs,
    });
    const socket = connected(port, requestOf('plain', '/', 'a'));
    await once(socket, 'data');
    nowMs = 619_000;
    await delay(100);
    socket.write(requestOf('plain', '/', 'b'));
    await once(socket, 'data');
    nowMs += 621_000;
    await once(socket, 'close');
  });

  it('closes idle connections when asked to, and all when asked to', async () => {
    const opened = Promise.withResolvers<undefined>();
    const { server, port } = await front((request, response) => {
      if (request.url === '/open') opened.resolve(undefined);
      else answering([], { count: 0 })(request, response);
    });
    const idle = connected(port, requestOf('plain', '/', 'a'));
    await once(idle, 'data');
    const open = connected(port, requestOf('plain', '/open', 'a'));
    await opened.promise;
    const closed = once(open, 'close').then(() => 'closed');
    server.closeIdleConnections();
    await once(idle, 'close');
    expect(await Promise.race([closed, delay(50)])).toBeUndefined();
    server.closeAllConnections();
    expect(await closed).toBe('closed');
  });

  it('reports a body that ends before its end', async () => {
    const { server, port } = await front(() => undefined);
    const reported = once(server, 'clientError');
    connected(port, requestOf('plain', '/', 'body').slice(0, -1)).end();
    expect((await reported)[0]).toMatchObject({ code: 'HPE_INVALID_EOF_STATE' });
  });

  it('says that an answer is over when its caller leaves, and takes what is written then', async () => {
    const opened = Promise.withResolvers<CallerResponse>();
    const { port } = await front((_request, response) => opened.resolve(response));
    const socket = connected(port, requestOf('plain', '/', 'body'));
    const response = await opened.promise;
    const closed = new Promise((resolve) => response.on('close', () => resolve('closed')));
    socket.destroy();
    expect(await closed).toBe('closed');
    response.writeHead(200, []);
    response.flushHeaders();
    response.write(Buffer.from('late'));
    response.end();
    expect(response.writableFinished).toBe(false);
  });

  it('has whoever writes wait for a caller who does not read', async () => {
    const opened = Promise.withResolvers<CallerResponse>();
    const { port } = await front((_request, response) => opened.resolve(response));
    const socket = connected(port, requestOf('plain', '/', 'body'));
    socket.pause();
    const response = await opened.promise;
    response.writeHead(200, []);
    const piece = Buffer.alloc(64 * 1024, 'x');
    let pieces = 0;
    let mayGoOn = true;
    while (response.writableLength === 0) {
      mayGoOn = response.write(piece);
      pieces += 1;
    }
    expect(mayGoOn).toBe(false);
    const drained = new Promise((resolve) => response.once('drain', () => resolve(undefined)));
    let received = 0;
    socket.on('data', (bytes: Buffer) => (received += bytes.length)).resume();
    await drained;
    const finished = new Promise((resolve) => response.once('finish', () => resolve(undefined)));
    response.end();
    await finished;
    expect(response.writableFinished).toBe(true);
    while (received < pieces * piece.length) await once(socket, 'data');
    socket.destroy();
  });

  it('stops a caller whose body is not taken as fast as it comes', async () => {
    const opened = Promise.withResolvers<CallerRequest>();
    const { port } = await front((request) => opened.resolve(request));
    const large = 32 * 1024 * 1024;
    const socket = connected(port, requestOf('plain', '/', 'x'.repeat(large)));
    const stream = (await opened.promise).bodyStream();
    await delay(100);
    expect(socket.writableLength).toBeGreaterThan(large / 4);
    let taken = 0;
    for await (const piece of stream) taken += Buffer.isBuffer(piece) ? piece.length : 0;
    expect(taken).toBe(large);
    socket.destroy();
  });

  it('reports a connection on which nothing moves while a request is open', async () => {
    const { server, port } = await front(() => undefined, { unreadTimeoutMs: 30 });
    const reported = once(server, 'timeout');
    const socket = connected(port, requestOf('plain', '/', 'body'));
    await reported;
    socket.destroy();
  });

  it('writes no header that would end the head', async () => {
    const opened = Promise.withResolvers<CallerResponse>();
    const { port } = await front((_request, response) => opened.resolve(response));
    const socket = connected(port, requestOf('plain', '/', 'body'));
    const response = await opened.promise;
    expect(() => response.writeHead(200, ['x-a', 'b\r\nx-c: d'])).toThrow('x-a');
    expect(response.headersSent).toBe(false);
    response.writeHead(200, ['content-length', '0']);
    expect(() => response.writeHead(200, [])).toThrow('once');
    expect(() => response.writeContinue()).toThrow();
    response.end();
    await once(socket, 'data');
    socket.destroy();
  });
});
