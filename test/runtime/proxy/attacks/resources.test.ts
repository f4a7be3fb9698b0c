import { afterEach, describe, expect, it } from '@jest/globals';
import type http from 'node:http';
import net from 'node:net';
import { openStreamAt } from '../harness/open-stream.ts';
import { USER_1, USER_2 } from '../harness/policy.ts';
import { PING, exchangeBytes, rawRequest, reasonOf, statusOf } from '../harness/raw.ts';
import { World } from '../harness/world.ts';
import { expectRefused, recordsOf } from './attempts.ts';
import { ScriptedServer, event, resultOf, toolCall } from './scripted-server.ts';

let world: World;
let server: ScriptedServer;
afterEach(() => world.close());

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  server = new ScriptedServer();
  world = await World.start({ upstream: server.listener, env });
}

/** Both ends of a stream. */
const open = (body: object | undefined, headers: Readonly<Record<string, string>> = USER_1) =>
  Promise.all([openStreamAt(world.url, body, headers), server.nextStream()]);

const NOTE = '{"jsonrpc":"2.0","method":"notifications/message","params":{}}';

describe('attack 29: events that are not what they seem', () => {
  it('each is read as its reader would read it, and only messages pass', async () => {
    await start();
    const asking = '{"jsonrpc":"2.0","id":"s","method":"elicitation/create","params":{}}';
    for (const forged of [
      `data: ${NOTE}\ndata: ${asking}\n\n`,
      `data: ${NOTE}\rdata: ${asking}\r\r`,
      `event: other\ndata: {"jsonrpc":"2.0",\n\n`,
      `event: endpoint\ndata: /messages?session=1\n\n`,
      `\ufeffdata: ${resultOf('1')}\n\n`,
    ]) {
      const [stream, upstream] = await open(toolCall(1));
      upstream.write(forged);
      await stream.ended;
      expect(stream.text).not.toContain('elicitation');
      expect(stream.text).toContain('"reason":"upstream_invalid"');
    }
  });

  it('a question in pieces, in several lines or behind other fields does not reach the caller', async () => {
    await start();
    const [stream, upstream] = await open(toolCall(1));
    for (const piece of [
      ': comment\nid: forged\nretry: 1\nevent: message\n',
      'data:{"jsonrpc":"2.0",\r',
      '\ndata: "id":"s",\nda',
      'ta: "method":"elicitation/create"}\n',
      '\n',
    ]) {
      upstream.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const refused = await server.next();
    refused.writeHead(202).end();
    upstream.end(event(resultOf('1')));
    await stream.ended;
    expect(stream.text.trimStart()).toBe(event(resultOf('1')));
  });

  it('what the caller made the server say can’t break out of its event', async () => {
    await start();
    const id = '\n\ndata: {}\n\n\u2028';
    const [stream, upstream] = await Promise.all([
      openStreamAt(world.url, toolCall(id)),
      server.nextStream(),
    ]);
    upstream.write('data: garbage\n\n');
    await stream.ended;
    expect(stream.text.match(/^data: /gm)).toHaveLength(1);
    expect(stream.text.endsWith('\n\n')).toBe(true);
  });

  it('an event without an end is cut off at its bound, also in tiny pieces', async () => {
    await start({ MAX_ANSWER_BYTES: '20000' });
    for (const piece of ['x'.repeat(30_000), ...Array.from({ length: 1 }, () => 'y')]) {
      const [stream, upstream] = await open(toolCall(1));
      upstream.write('data: ');
      let sent = 0;
      while (!upstream.destroyed && sent < 30_000) {
        upstream.write(piece);
        sent += piece.length;
        if (sent % 5_000 === 0) await new Promise(setImmediate);
      }
      await stream.ended;
      expect(stream.text).toContain('"reason":"upstream_too_large"');
    }
  });

  it('a flood of comments waits for its reader', async () => {
    await start();
    const [stream, upstream] = await open(toolCall(1));
    stream.response.pause();
    const flood = `: ${'x'.repeat(64 * 1024)}\n\n`;
    for (let count = 0; count < 400; count += 1) upstream.write(flood);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(upstream.writableLength).toBeGreaterThan(1024 * 1024);
    stream.destroy();
  });

  it('a reader who takes nothing is cut off, and one who waits for something is not', async () => {
    await start({ UNREAD_TIMEOUT_MS: '300' });
    const [stream, upstream] = await open(toolCall(1));
    const [idle, quiet] = await open(undefined, USER_2);
    stream.response.pause();
    const filler = event(
      `{"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(64 * 1024)}"}}`,
    );
    for (let count = 0; count < 400; count += 1) upstream.write(filler);
    await new Promise((resolve) => upstream.on('close', resolve));
    expect((await world.audit(3)).at(-1)).toMatchObject({ reason: 'answer_unread', outcome: 'cancelled' });
    quiet.end(event(NOTE));
    await idle.ended;
    expect(idle.text).toBe(event(NOTE));
  });
});

describe('attack 30: exhaustion', () => {
  const chunked = { without: ['Content-Length'], headers: ['Transfer-Encoding: chunked'] };

  it('by size: of a body, of headers, of their number, packed or announced', async () => {
    await start({ MAX_BODY_BYTES: '100000' });
    const many = Array.from({ length: 200 }, (_, at) => `X-${at}: 1`);
    await expectRefused(world, [
      {
        what: 'a length',
        send: { without: ['Content-Length'], headers: ['Content-Length: 999999999'] },
        answer: [413, 'body_too_large'],
      },
      {
        what: 'chunks',
        send: { ...chunked, body: `${(8000).toString(16)}\r\n${' '.repeat(8000)}\r\n`.repeat(20) },
        answer: [413, 'body_too_large'],
      },
      {
        what: 'gzip',
        send: { headers: ['Content-Encoding: gzip'] },
        answer: [415, 'unsupported_media_type'],
      },
      { what: 'many headers', send: { headers: many }, answer: [431, 'headers_too_large'] },
      {
        what: 'more than Node keeps',
        send: { headers: Array(3000).fill('a:') },
        answer: [431, 'headers_too_large'],
      },
      {
        what: 'one header',
        send: { headers: [`X-A: ${'x'.repeat(20_000)}`] },
        answer: [431, 'headers_too_large'],
      },
      {
        what: 'a session id',
        send: { headers: [`Mcp-Session-Id: ${'x'.repeat(5_000)}`] },
        answer: [404, 'unknown_mcp_session'],
      },
    ]);
  });

  it('by an answer that unpacks to more, or does not end', async () => {
    await start({ MAX_ANSWER_BYTES: '1000' });
    const packed = world.post(toolCall(1));
    (await server.next())
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end('x');
    expect((await packed).json.error?.data?.reason).toBe('upstream_invalid');
    const endless = world.post(toolCall(1));
    const response = await server.next();
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = setInterval(() => response.write(' '.repeat(500)), 5);
    expect((await endless).json.error?.data?.reason).toBe('upstream_too_large');
    clearInterval(more);
  });

  it('by bodies that together fill the memory', async () => {
    world = await World.start({ env: { MAX_BUFFERED_BYTES: '150000' } });
    const slow = net.connect(world.proxy.port, '127.0.0.1');
    const half = { without: ['Content-Length'], headers: ['Content-Length: 200000'] };
    slow.write(rawRequest({ ...half, body: ' '.repeat(100_000) }));
    const big = rawRequest({ body: PING + ' '.repeat(100_000) });
    let answer = '';
    await world.until(async () => {
      answer = await exchangeBytes(world.proxy.port, big);
      return statusOf(answer) !== 200;
    });
    expect([statusOf(answer), reasonOf(answer)]).toEqual([503, 'overloaded']);
    expect(answer.toLowerCase()).toContain('retry-after: 1');
    slow.destroy();
    await world.until(async () => statusOf(await exchangeBytes(world.proxy.port, big)) === 200);
  });

  it('by bodies in pieces of a byte: they cost little more than their bytes', async () => {
    await start();
    const body = `${PING}${' '.repeat(100_000)}`;
    const pieces = Array.from(body, (byte) => `1\r\n${byte}\r\n`).join('');
    const sent = exchangeBytes(world.proxy.port, rawRequest({ ...chunked, body: `${pieces}0\r\n\r\n` }));
    await server.answerNext(resultOf('1'));
    expect(statusOf(await sent)).toBe(200);
    expect(world.received[0]?.body).toBe(body);
  });

  it('by streams: each takes a place of its caller until it is over', async () => {
    await start({ MAX_CONCURRENT_PER_SUBJECT: '2' });
    const streams = [await open(undefined), await open(toolCall(1))];
    const third = await world.post(toolCall(3));
    expect(third).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    const other = world.post(toolCall(1, 'delete_note'), USER_2);
    await server.answerNext(resultOf('1'));
    expect((await other).status).toBe(200);
    for (const [stream, upstream] of streams) {
      upstream.end();
      await stream.ended;
    }
    const again = world.post(toolCall(4));
    await server.answerNext(resultOf('4'));
    expect((await again).status).toBe(200);
    expect(world.received).toHaveLength(4);
  });

  it('by requests of one connection, sent without waiting for answers: one is served at a time', async () => {
    await start();
    const answers = exchangeBytes(world.proxy.port, rawRequest().repeat(20), 20);
    for (let count = 1; count <= 20; count += 1) {
      const response = await server.next();
      expect(world.received.length).toBeLessThanOrEqual(count);
      response.writeHead(200, { 'content-type': 'application/json' }).end(resultOf('1'));
    }
    expect((await answers).match(/HTTP\/1\.1 200/g)).toHaveLength(20);
  });

  it('by requests that never arrive whole', async () => {
    await start({ REQUEST_TIMEOUT_MS: '100' });
    const body = { without: ['Content-Length'], headers: ['Content-Length: 50'], body: '{' };
    const [head, rest] = await Promise.all([
      exchangeBytes(world.proxy.port, 'POST /mcp HTTP/1.1\r\nHost: 127', Infinity),
      exchangeBytes(world.proxy.port, rawRequest(body), Infinity),
    ]);
    expect([statusOf(head), reasonOf(head)]).toEqual([408, 'request_timeout']);
    expect([statusOf(rest), reasonOf(rest)]).toEqual([408, 'request_timeout']);
    expect(await world.audit(2)).toMatchObject([
      { reason: 'request_timeout' },
      { reason: 'request_timeout' },
    ]);
    expect(world.received).toEqual([]);
  });
});

describe('attack 31: calls that run twice', () => {
  it.each<[string, (response: http.ServerResponse) => void]>([
    ['before its answer', (response) => response.destroy()],
    [
      'in the middle of its answer',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('{', () => response.destroy());
      },
    ],
    ['by asking for another try', (response) => response.writeHead(503, { 'retry-after': '0' }).end()],
    [
      'by asking for another version',
      (response) =>
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"no"}}'),
    ],
    ['by asking to go elsewhere', (response) => response.writeHead(307, { location: '/mcp' }).end()],
  ])('don’t, where the server ends a call %s', async (_how, act) => {
    await start();
    // A connection that was used before: the case in which other clients try again.
    const warm = world.post({ jsonrpc: '2.0', id: 1, method: 'ping' });
    await server.answerNext(resultOf('1'));
    await warm;
    const records = await recordsOf(world, async () => {
      const call = world.post(toolCall(1, 'delete_note'), USER_2);
      act(await server.next());
      await call;
    });
    expect(records.map(({ phase }) => phase)).toEqual(['decided', 'finished']);
    expect(world.received.filter(({ body }) => body.includes('delete_note'))).toHaveLength(1);
  });
});
