// A server that does everything wrong, byte by byte. However it fails, its caller gets a JSON-RPC error with the reason,
// the record and the metrics have it, nothing is asked twice, and the next call finds a proxy that works.
import { afterEach, describe, expect, it } from '@jest/globals';
import type net from 'node:net';
import { USER_2 } from './harness/policy.ts';
import { openStreamAt } from './harness/open-stream.ts';
import { World } from './harness/world.ts';
import { startRawServer, type RawServer, type Script } from './upstream/raw-server.ts';

const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';
const json = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const stream = (text: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(text)}`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const NOTE = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n';

let world: World;
let server: RawServer;
const timers: NodeJS.Timeout[] = [];
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  await world.close();
  await server.close();
});

/** The first call meets the fault, every later one a server that works. */
async function failing(fault: Script, env: Readonly<Record<string, string>> = {}): Promise<void> {
  server = await startRawServer((socket, request, number) => {
    if (number === 1) fault(socket, request, number);
    else socket.write(json(RESULT));
  });
  world = await World.start({ env: { UPSTREAM_URL: server.origin.href, ...env } });
}

const say =
  (bytes: string): Script =>
  (socket) =>
    void socket.write(bytes, 'latin1');

/** Says something again and again, for as long as the connection lives. */
const drip =
  (first: string, next: string): Script =>
  (socket: net.Socket) => {
    socket.write(first);
    timers.push(setInterval(() => socket.writable && socket.write(next), 5));
  };

const thenGone =
  (bytes: string): Script =>
  (socket) =>
    void socket.write(bytes, () => socket.destroy());

const NOBODY: Script = () => undefined;

const FAULTS: readonly (readonly [
  what: string,
  fault: Script,
  reason: string,
  env?: Record<string, string>,
])[] = [
  ['ends the connection', thenGone(''), 'upstream_lost'],
  ['ends it in the middle of the head', thenGone('HTTP/1.1 200 OK\r\nContent-Ty'), 'upstream_lost'],
  ['ends it in the middle of the body', thenGone(json(RESULT).slice(0, -9)), 'upstream_lost'],
  ['says nothing', NOBODY, 'upstream_timeout', { UPSTREAM_TIMEOUT_MS: '100' }],
  [
    'stops in its body',
    say(json(RESULT).slice(0, -9)),
    'upstream_timeout',
    { UPSTREAM_IDLE_TIMEOUT_MS: '100' },
  ],
  ['drips a head', drip('HTTP/1.1 200 OK\r\nX-A: ', 'a'), 'upstream_timeout', { UPSTREAM_TIMEOUT_MS: '150' }],
  ['drips interim answers', drip('', 'HTTP/1.1 103 Early Hints\r\n\r\n'), 'upstream_invalid'],
  [
    'drips a body',
    drip('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n', ' '),
    'upstream_timeout',
    { UPSTREAM_ANSWER_TIMEOUT_MS: '150' },
  ],
  ['sends a head without an end', say(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}`), 'upstream_invalid'],
  ['speaks no HTTP', say('SSH-2.0-OpenSSH_9.7\r\n\r\n'), 'upstream_invalid'],
  ['speaks another HTTP', say(json(RESULT).replace('HTTP/1.1', 'HTTP/2.0')), 'upstream_invalid'],
  ['has a status that is none', say(json(RESULT).replace('200', '99')), 'upstream_invalid'],
  ['sends a body of two lengths', say(json(RESULT, 'Content-Length: 3\r\n')), 'upstream_invalid'],
  [
    'sends a body of no length',
    say('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}'),
    'upstream_invalid',
  ],
  [
    'sends chunks that are none',
    say(json('').replace('Content-Length: 0', 'Transfer-Encoding: chunked') + 'zz\r\n'),
    'upstream_invalid',
  ],
  ['sends no JSON', say(json('{"jsonrpc":')), 'upstream_invalid'],
  ['sends JSON that is no message', say(json('[]')), 'upstream_invalid'],
  ['sends another id', say(json(RESULT.replace('"id":1', '"id":2'))), 'upstream_invalid'],
  ['sends another type', say(json(RESULT).replace('application/json', 'text/html')), 'upstream_invalid'],
  ['sends no type', say(json(RESULT).replace('Content-Type: application/json\r\n', '')), 'upstream_invalid'],
  ['sends bytes that are no UTF-8', say(json(RESULT.replace('content', 'cont\xff\xfe'))), 'upstream_invalid'],
  ['sends it packed', say(json(RESULT, 'Content-Encoding: gzip\r\n')), 'upstream_invalid'],
  ['switches protocols', say('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'), 'upstream_invalid'],
  [
    'redirects',
    say('HTTP/1.1 307 Temporary Redirect\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n'),
    'upstream_invalid',
  ],
  ['sends too much', say(json(`"${'x'.repeat(5000)}"`)), 'upstream_too_large', { MAX_ANSWER_BYTES: '1000' }],
];

describe('a server that, for its answer,', () => {
  it.each(FAULTS)('%s', async (...[, fault, reason, env]) => {
    await failing(fault, env);
    const answer = await world.call('delete_note', USER_2);
    expect(answer).toMatchObject({ status: 200, json: { id: 1, error: { code: -32603, data: { reason } } } });
    expect(answer.json.error?.message).toMatch(/\.$/);
    expect(await world.audit(2)).toMatchObject([
      { phase: 'decided', decision: 'allow' },
      { phase: 'finished', decision: 'allow', reason, outcome: 'unknown' },
    ]);
    expect((await world.page('/metrics')).text).toMatch(
      new RegExp(`decision="allow",reason="${reason}"[^}]*} 1`),
    );
    expect(server.requests.filter((request) => request.includes('delete_note'))).toHaveLength(1);
    expect((await world.call('read_note')).json.result).toEqual({ content: [] });
    expect(server.requests).toHaveLength(2);
  });
});

const STREAM_FAULTS: readonly (readonly [string, Script, string, Record<string, string>?])[] = [
  ['ends the connection', thenGone(stream(NOTE)), 'upstream_lost'],
  ['ends it in the middle of an event', thenGone(stream(`${NOTE}data: {"js`)), 'upstream_lost'],
  ['falls silent', say(stream(NOTE)), 'upstream_timeout', { UPSTREAM_IDLE_TIMEOUT_MS: '100' }],
  ['sends an event that is no message', say(stream(`${NOTE}data: nope\n\n`)), 'upstream_invalid'],
  [
    'sends an event that does not end',
    say(stream(`${NOTE}data: ${'x'.repeat(5000)}`)),
    'upstream_too_large',
    { MAX_ANSWER_BYTES: '1000' },
  ],
  ['sends a chunk that is none', say(`${stream(NOTE)}zz\r\n`), 'upstream_invalid'],
];

describe('a server that, in its stream,', () => {
  it.each(STREAM_FAULTS)('%s', async (...[, fault, reason, env]) => {
    await failing(fault, env);
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'delete_note' } };
    const open = await openStreamAt(world.url, call, USER_2);
    await open.ended;
    const events = open.text.split('\n\n').filter((text) => text !== '');
    expect(events).toHaveLength(2);
    expect(events[0]).toContain('notifications/message');
    expect(events[1]).toContain(`"reason":"${reason}"`);
    expect(events[1]).toContain('"id":1');
    expect(await world.audit(2)).toMatchObject([
      { phase: 'decided' },
      { phase: 'finished', decision: 'allow', reason, outcome: 'unknown' },
    ]);
    expect((await world.call('read_note')).json.result).toEqual({ content: [] });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a server that sends more than its answer', () => {
  it('has that answer passed on, and what follows thrown away with the connection', async () => {
    await failing(say(json(RESULT) + json(RESULT.replace('"content":[]', '"stolen":1'))));
    expect((await world.call('read_note')).json.result).toEqual({ content: [] });
    expect((await world.call('read_note')).json.result).toEqual({ content: [] });
    expect(server.connectionCount()).toBe(2);
  });
});

describe('a server that is away', () => {
  it('was not asked, which the record says, and is asked again by the next call', async () => {
    await failing(say(json(RESULT)));
    const { port } = server.origin;
    await server.close();
    const answer = await world.call('delete_note', USER_2);
    expect(answer.json.error).toMatchObject({
      code: -32603,
      data: { reason: 'upstream_unavailable', httpStatus: 502 },
    });
    expect((await world.audit(2))[1]).toMatchObject({ reason: 'upstream_unavailable', outcome: 'none' });
    expect((await world.page('/ready')).status).toBe(503);
    expect(server.requests).toHaveLength(0);
    expect(port).not.toBe('');
  });
});
