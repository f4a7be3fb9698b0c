// Answers under way share one budget of memory: what does not fit is refused with its reason, and what is over is given
// back.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { ScriptedServer, event, resultOf, toolCall } from './attacks/scripted-server.ts';
import { openStreamAt } from './harness/open-stream.ts';
import { USER_1 } from './harness/policy.ts';
import { World } from './harness/world.ts';

const HALF = ' '.repeat(100_000);

let world: World;
let server: ScriptedServer;

beforeEach(async () => {
  server = new ScriptedServer();
  world = await World.start({ upstream: server.listener, env: { MAX_BUFFERED_ANSWER_BYTES: '150000' } });
});
afterEach(() => world.close());

async function heldBytes(): Promise<number> {
  const { text } = await world.page('/metrics');
  return Number(/mcp_gateway_buffered_bytes{of="answers"[^}]*} (\d+)/.exec(text)?.[1]);
}

const nothingIsHeld = () => world.until(async () => (await heldBytes()) === 0);

/** A call whose answer has come in half and takes most of the budget. */
async function halfAnswered() {
  const call = world.post(toolCall(1));
  const response = await server.next();
  response.writeHead(200, { 'content-type': 'application/json' }).write(HALF);
  await world.until(async () => (await heldBytes()) >= HALF.length);
  return { call, response };
}

describe('answers that together are too much', () => {
  it('are refused with the reason where they are one message', async () => {
    const first = await halfAnswered();
    const second = world.call('delete_note');
    (await server.next()).writeHead(200, { 'content-type': 'application/json' }).end(HALF + resultOf('1'));
    expect((await second).json).toMatchObject({
      id: 1,
      error: { code: -32603, data: { reason: 'upstream_overflow', httpStatus: 502 } },
    });
    first.response.end(resultOf('1'));
    expect((await first.call).json.result).toEqual({ content: [] });
    await nothingIsHeld();
    const third = world.call('read_note');
    await server.answerNext(HALF + resultOf('1'));
    expect((await third).json.result).toBeDefined();
    const records = await world.audit(4);
    expect(records.find(({ reason }) => reason === 'upstream_overflow')).toMatchObject({
      decision: 'allow',
      outcome: 'unknown',
      tool_name: 'delete_note',
    });
    expect(world.received).toHaveLength(3);
  });

  it('are refused with the reason where they are an event of a stream', async () => {
    const first = await halfAnswered();
    const stream = await Promise.all([openStreamAt(world.url, toolCall(1)), server.nextStream()]);
    stream[1].write(event('{"jsonrpc":"2.0","method":"notifications/message","params":{}}'));
    stream[1].write(`data: ${HALF}`);
    await stream[0].ended;
    expect(stream[0].text).toContain('notifications/message');
    expect(stream[0].text).toContain('"reason":"upstream_overflow"');
    first.response.end(resultOf('1'));
    await first.call;
    await nothingIsHeld();
  });

  it('are given back when a caller goes away, and when the server does', async () => {
    const first = await halfAnswered();
    first.response.destroy();
    expect((await first.call).json.error?.data?.reason).toBe('upstream_lost');
    await nothingIsHeld();
    const [stream, upstream] = await Promise.all([openStreamAt(world.url, toolCall(1)), server.nextStream()]);
    upstream.write(`data: ${HALF}`);
    await world.until(async () => (await heldBytes()) >= HALF.length);
    stream.destroy();
    await nothingIsHeld();
  });

  it('leave an error page of the server without its text', async () => {
    const first = await halfAnswered();
    const second = world.call('read_note');
    (await server.next()).writeHead(500, { 'content-type': 'text/plain' }).end('x'.repeat(60_000));
    expect(await second).toMatchObject({ status: 500, text: '' });
    first.response.end(resultOf('1'));
    await first.call;
  });
});

describe('what a caller has not taken', () => {
  it.each([16, 4])('counts until it is taken, with events of %s KiB', async (kib) => {
    const body = JSON.stringify(toolCall(1));
    const headers = { ...USER_1, 'content-type': 'application/json', 'content-length': body.length };
    const request = http.request(world.url, { method: 'POST', headers, agent: false });
    request.end(body);
    const upstream = await server.nextStream();
    const response = await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
    response.pause();
    const filler = event(
      `{"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(kib * 1024)}"}}`,
    );
    const flood = setInterval(() => upstream.write(filler), 1);
    await world.until(async () => (await heldBytes()) > 0);
    clearInterval(flood);
    response.resume();
    response.on('error', () => undefined);
    await nothingIsHeld();
    request.destroy();
  });
});
