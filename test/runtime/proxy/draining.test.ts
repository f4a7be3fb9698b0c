// A proxy that ends while it is called: whoever called it gets an answer, also over connections that stay open.
import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { openStreamAt } from './harness/open-stream.ts';
import { USER_1 } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

const CALL = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'read_note', arguments: {} },
};
const CALL_TEXT = JSON.stringify(CALL);

/** A call over a connection that is kept. @returns whether the connection goes on */
function callOver(agent: http.Agent, url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...USER_1,
    };
    const request = http.request(url, { method: 'POST', headers, agent }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(response.headers.connection !== 'close');
        else reject(new Error(`HTTP ${response.statusCode ?? 0}`));
      });
    });
    request.on('error', reject);
    request.end(CALL_TEXT);
  });
}

/** Calls again and again over one connection until it is told to go elsewhere. @returns what went wrong */
async function untilToldOff(url: string, pauseMs: number): Promise<string | undefined> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    while (await callOver(agent, url)) await delay(pauseMs);
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    agent.destroy();
  }
}

describe('a proxy that ends', () => {
  it('answers what comes over connections that it has, and tells callers to go elsewhere', async () => {
    world = await World.start();
    const pauses = Array.from({ length: 60 }, (_, index) => index % 20);
    const callers = pauses.map((pauseMs) => untilToldOff(world.url, pauseMs));
    await delay(300);
    await world.proxy.close(AbortSignal.timeout(10_000));
    const wrong = (await Promise.all(callers)).filter((each) => each !== undefined);
    expect(wrong).toEqual([]);
  });

  it('does not wait for connections that nobody uses', async () => {
    world = await World.start({ env: { DRAIN_MS: '400' } });
    const agent = new http.Agent({ keepAlive: true });
    expect(await callOver(agent, world.url)).toBe(true);
    const signal = AbortSignal.timeout(10_000);
    await world.proxy.close(signal);
    expect(signal.aborted).toBe(false);
    await expect(callOver(agent, world.url)).rejects.toThrow();
    agent.destroy();
  });

  it.each([
    ['reads it', false],
    ['takes nothing of it', true],
  ])('ends a stream that nobody called for, whose caller %s, and records it once', async (_what, isDeaf) => {
    const opened = Promise.withResolvers<http.ServerResponse>();
    world = await World.start({
      upstream: (request, response) => {
        request.resume();
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        opened.resolve(response);
      },
    });
    const stream = await openStreamAt(world.url, undefined, await world.inSession('s1'));
    if (isDeaf) stream.response.pause();
    const server = await opened.promise;
    const left = new Promise((resolve) => server.once('close', resolve));
    const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(64_000)}"}}\n\n`;
    const flood = setInterval(() => isDeaf && server.write(event), 1);
    if (isDeaf) await world.until(() => server.writableLength > 1024 * 1024);
    clearInterval(flood);
    await world.proxy.close(AbortSignal.timeout(3_000));
    await left;
    stream.response.resume();
    await stream.ended;
    expect(stream.response.complete).toBe(!isDeaf);
    expect(await world.audit(2)).toMatchObject([
      { kind: 'stream_opened' },
      { kind: 'stream_ended', decision: 'allow', reason: 'allowed', outcome: 'answered', status: 200 },
    ]);
    expect(world.ingest.events).toHaveLength(2);
  });
});

describe('a proxy whose time is up', () => {
  const atServer = async (answer: (response: http.ServerResponse) => void) => {
    const asked = Promise.withResolvers<undefined>();
    world = await World.start({
      upstream: (request, response) => {
        request.resume().on('end', () => {
          answer(response);
          asked.resolve(undefined);
        });
      },
    });
    return { asked: asked.promise };
  };
  const end = () => world.proxy.close(AbortSignal.timeout(100));
  const givenUp = { decision: 'allow', reason: 'draining', outcome: 'unknown' };

  it('tells whoever waits for the server that nobody knows what the call did, and not to try again', async () => {
    const { asked } = await atServer(() => undefined);
    const call = world.call('read_note');
    await asked;
    await end();
    const { status, headers, json } = await call;
    expect([status, headers.connection]).toEqual([200, 'close']);
    expect(json).toMatchObject({
      id: 1,
      error: { code: -32603, data: { reason: 'upstream_lost', httpStatus: 502 } },
    });
    expect(json.error?.message).toContain('whether the call took effect is unknown');
    expect(json.error?.data).not.toHaveProperty('retryAfterMs');
    expect(world.ingest.events.map(({ payload }) => payload)).toMatchObject([
      { phase: 'complete', ...givenUp },
    ]);
  });

  it('ends a stream that has begun with an error for its call', async () => {
    const event = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n';
    await atServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
    });
    const stream = await openStreamAt(world.url, CALL);
    await world.until(() => stream.text === event);
    await end();
    await stream.ended;
    expect(stream.response.complete).toBe(true);
    expect(stream.text.slice(event.length)).toMatch(
      /^event: message\ndata: \{"jsonrpc":"2.0","id":1,"error":.*"upstream_lost"/,
    );
    expect(world.ingest.events.map(({ payload }) => payload)).toMatchObject([
      { phase: 'decided' },
      { phase: 'finished', ...givenUp },
    ]);
  });

  it('ends a stream that can be resumed without one, because its call may go on', async () => {
    const event = 'id: 1\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n';
    await atServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
    });
    const stream = await openStreamAt(world.url, CALL, await world.inSession('s1'));
    await world.until(() => stream.text.endsWith('\n\n'));
    const before = stream.text;
    await end();
    await stream.ended;
    expect([stream.response.complete, stream.text]).toEqual([true, before]);
    expect(world.ingest.events.map(({ payload }) => payload)).toMatchObject([
      { phase: 'decided' },
      { phase: 'finished', ...givenUp },
    ]);
  });

  it('cuts a caller who takes nothing of a stream, and delivers what there is to say of it', async () => {
    const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(64_000)}"}}\n\n`;
    const opened = Promise.withResolvers<http.ServerResponse>();
    await atServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
      opened.resolve(response);
    });
    const stream = await openStreamAt(world.url, CALL);
    stream.response.pause();
    const server = await opened.promise;
    const flood = setInterval(() => server.write(event), 1);
    await world.until(() => server.writableLength > 1024 * 1024);
    clearInterval(flood);
    await end();
    expect(world.ingest.events.map(({ payload }) => payload)).toMatchObject([
      { phase: 'decided' },
      { phase: 'finished', ...givenUp },
    ]);
    stream.destroy();
  });

  it('cuts a request that has not come whole, and records that it was refused', async () => {
    world = await World.start();
    const headers = { 'content-type': 'application/json', 'content-length': CALL_TEXT.length, ...USER_1 };
    const request = http.request(world.url, { method: 'POST', headers, agent: false });
    const cut = new Promise((resolve) => request.once('error', resolve));
    request.write(CALL_TEXT.slice(0, 20));
    await world.until(async () =>
      /^mcp_gateway_buffered_bytes\{.*\} [1-9]/m.test((await world.page('/metrics')).text),
    );
    await end();
    await cut;
    expect(world.ingest.events.map(({ payload }) => payload)).toMatchObject([
      { kind: 'refused', phase: 'complete', decision: 'deny', reason: 'draining', outcome: 'none' },
    ]);
    expect(world.received).toEqual([]);
  });
});
