import { afterEach, describe, expect, it } from '@jest/globals';
import type http from 'node:http';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';
const JSON_TYPE = { 'content-type': 'application/json' };

const answering = (act: (response: http.ServerResponse) => void): Promise<World> =>
  World.start({
    upstream: (request, response) => {
      request.resume();
      request.on('end', () => act(response));
    },
  });

describe('a server that fails', () => {
  it('before a byte was written is unavailable, and the call was not made', async () => {
    world = await World.start({ env: { UPSTREAM_URL: 'http://127.0.0.1:1' } });
    const answer = await world.call('read_note');
    expect(answer).toMatchObject({
      status: 200,
      json: { id: 1, error: { code: -32603, data: { reason: 'upstream_unavailable', httpStatus: 502 } } },
    });
    expect(await world.audit(1)).toMatchObject([
      { decision: 'allow', reason: 'upstream_unavailable', outcome: 'none' },
    ]);
  });

  it('after that is lost, the outcome is unknown, and nobody asks again', async () => {
    world = await answering((response) => response.destroy());
    expect((await world.call('delete_note')).json.error?.data?.reason).toBe('upstream_lost');
    expect(world.received).toHaveLength(1);
    expect((await world.audit(2))[1]).toMatchObject({ reason: 'upstream_lost', outcome: 'unknown' });
  });

  it('to answer in time has an unknown outcome too', async () => {
    world = await World.start({
      upstream: (request) => void request.resume(),
      env: { UPSTREAM_TIMEOUT_MS: '50' },
    });
    expect((await world.call('read_note')).json.error?.data?.reason).toBe('upstream_timeout');
  });

  it.each<[string, (response: http.ServerResponse) => void]>([
    ['another type', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['no JSON', (response) => response.writeHead(200, JSON_TYPE).end('nope')],
    ['a batch', (response) => response.writeHead(200, JSON_TYPE).end(`[${RESULT}]`)],
    [
      'a request',
      (response) => response.writeHead(200, JSON_TYPE).end('{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    ],
    [
      'the answer to another request',
      (response) => response.writeHead(200, JSON_TYPE).end(RESULT.replace('1', '2')),
    ],
    [
      'an encoded body',
      (response) => response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'br' }).end(RESULT),
    ],
    ['a redirect', (response) => response.writeHead(307, { location: 'http://evil.example/' }).end()],
    ['an acknowledgement', (response) => response.writeHead(202).end()],
  ])('to answer properly, with %s, is not passed on', async (_what, act) => {
    world = await answering(act);
    const answer = await world.call('read_note');
    expect(answer).toMatchObject({ status: 200, json: { error: { data: { reason: 'upstream_invalid' } } } });
    expect(answer.headers).not.toHaveProperty('location');
  });

  it('with an answer larger than the bound is cut off', async () => {
    world = await World.start({
      env: { MAX_ANSWER_BYTES: '1000' },
      upstream: (request, response) => {
        request.resume();
        response.writeHead(200, JSON_TYPE).end(RESULT.replace('[]', `["${'x'.repeat(5000)}"]`));
      },
    });
    const answer = await world.call('delete_note');
    expect(answer.json.error).toMatchObject({
      code: -32603,
      message: expect.stringContaining('larger'),
      data: { reason: 'upstream_too_large', httpStatus: 502 },
    });
    expect(answer.json.error?.data).not.toHaveProperty('retryAfterMs');
    expect((await world.audit(2))[1]).toMatchObject({
      decision: 'allow',
      reason: 'upstream_too_large',
      outcome: 'unknown',
    });
    expect(world.received).toHaveLength(1);
  });
});

describe('an error of the server itself', () => {
  it('keeps its status and its message, and loses cookies and challenges', async () => {
    const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}';
    world = await answering((response) =>
      response
        .writeHead(404, {
          ...JSON_TYPE,
          'set-cookie': 'a=b',
          'www-authenticate': 'Bearer',
          'retry-after': '3',
        })
        .end(error),
    );
    const answer = await world.call('read_note');
    expect(answer).toMatchObject({ status: 404, text: error, headers: { 'retry-after': '3' } });
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers).not.toHaveProperty('www-authenticate');
  });

  it('in another type comes as plain text', async () => {
    world = await answering((response) =>
      response.writeHead(500, { 'content-type': 'text/html' }).end('<script>alert(1)</script>'),
    );
    const answer = await world.call('read_note');
    expect([answer.status, answer.headers['content-type']]).toEqual([500, 'text/plain; charset=utf-8']);
  });

  it('answers GET and DELETE where a server has no sessions', async () => {
    world = await answering((response) => response.writeHead(405, { allow: 'POST' }).end());
    expect(
      (await world.send('GET', '', { 'x-mcp-human-id': 'user-1', accept: 'text/event-stream' })).status,
    ).toBe(405);
    expect((await world.send('DELETE', '', { 'x-mcp-human-id': 'user-1' })).status).toBe(405);
  });

  it('that is no stream is not an answer to GET', async () => {
    world = await answering((response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('secrets'),
    );
    const answer = await world.send(
      'GET',
      '',
      { 'x-mcp-human-id': 'user-1' },
      world.url.replace('/mcp', '/admin'),
    );
    expect(answer.status).toBe(502);
    expect(answer.text).not.toContain('secrets');
  });
});

describe('limits', () => {
  it('refuse more requests of one caller than may be in progress, with 429 and a time to come back', async () => {
    const waiting: http.ServerResponse[] = [];
    world = await World.start({
      env: { MAX_CONCURRENT_PER_SUBJECT: '2' },
      upstream: (request, response) => {
        request.resume();
        waiting.push(response);
      },
    });
    const first = [world.call('read_note'), world.call('read_note')];
    await world.until(() => waiting.length === 2);
    const third = await world.call('read_note');
    expect(third).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      json: { error: { data: { reason: 'too_many_requests' } } },
    });
    const other = world.call('delete_note', { 'x-mcp-human-id': 'user-2' });
    await world.until(() => waiting.length === 3);
    for (const response of waiting) response.writeHead(200, JSON_TYPE).end(RESULT);
    expect((await Promise.all([...first, other])).map(({ status }) => status)).toEqual([200, 200, 200]);
    const again = world.call('read_note');
    await world.until(() => waiting.length === 4);
    waiting[3]?.writeHead(200, JSON_TYPE).end(RESULT);
    expect((await again).status).toBe(200);
  });

  it('refuse more requests in all than may be in progress, with 503', async () => {
    world = await World.start({
      env: { MAX_CONCURRENT: '1' },
      upstream: (request) => void request.resume(),
    });
    const first = world.call('read_note').catch(() => undefined);
    await world.until(() => world.received.length === 1);
    expect((await world.call('delete_note', { 'x-mcp-human-id': 'user-2' })).json.error?.data?.reason).toBe(
      'overloaded',
    );
    await world.close();
    await first;
  });
});
