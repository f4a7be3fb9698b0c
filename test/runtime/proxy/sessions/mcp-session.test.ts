// MCP sessions as callers and the server see them, through a running proxy.
import { afterEach, describe, expect, it } from '@jest/globals';
import type http from 'node:http';
import { openStreamAt } from '../harness/open-stream.ts';
import { STRANGER, USER_1, USER_2 } from '../harness/policy.ts';
import { World } from '../harness/world.ts';

let world: World;
afterEach(() => world.close());

const INITIALIZE = { jsonrpc: '2.0', id: 1, method: 'initialize' };
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const RESULT = '{"jsonrpc":"2.0","id":1,"result":{}}';

/** A server that says which session every answer is of: JSON, or a stream where `sse`. */
function serverOf(id: string, sse = false): http.RequestListener {
  return (request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.method === 'DELETE') {
        response.writeHead(204).end();
        return;
      }
      const type = sse || request.method === 'GET' ? 'text/event-stream' : 'application/json';
      response.writeHead(200, { 'content-type': type, 'mcp-session-id': id });
      if (request.method === 'GET') response.end();
      else response.end(sse ? `data: ${RESULT}\n\n` : RESULT);
    });
  };
}

const sessionOf = ({ headers }: { readonly headers: http.IncomingHttpHeaders }) =>
  headers['mcp-session-id']?.toString() ?? '';
const serverIds = () => world.received.map(({ headers }) => headers['mcp-session-id']);

async function initialize(caller: Readonly<Record<string, string>> = USER_1) {
  return { ...caller, 'mcp-session-id': sessionOf(await world.post(INITIALIZE, caller)) };
}

describe('attack 11: an MCP session', () => {
  it.each([false, true])('has one id for its caller and one for the server (stream: %j)', async (sse) => {
    world = await World.start({ upstream: serverOf('m9', sse) });
    const mine = await initialize();
    expect(mine['mcp-session-id']).toMatch(/^own\.[A-Za-z0-9_-]+$/);
    expect(sessionOf(await world.post(PING, mine))).toBe(mine['mcp-session-id']);
    const stream = await openStreamAt(world.url, undefined, mine);
    expect(sessionOf(stream.response)).toBe(mine['mcp-session-id']);
    await stream.ended;
    expect((await world.send('DELETE', '', mine)).status).toBe(204);
    expect(serverIds()).toEqual([undefined, 'm9', 'm9', 'm9']);
  });

  it('belongs to the caller who got it', async () => {
    world = await World.start({ upstream: serverOf('m9') });
    const mine = await initialize();
    const id = { 'mcp-session-id': mine['mcp-session-id'] };
    for (const thief of [USER_2, STRANGER, { 'x-mcp-human-id': 'user-1' }]) {
      const stolen = await world.post(PING, { ...thief, ...id });
      expect(stolen).toMatchObject({
        status: 404,
        json: { error: { data: { reason: 'unknown_mcp_session' } } },
      });
      expect((await world.send('DELETE', '', { ...thief, ...id })).status).toBe(404);
      expect((await openStreamAt(world.url, undefined, { ...thief, ...id })).response.statusCode).toBe(404);
    }
    expect(world.received).toHaveLength(1);
    const refused = (await world.audit(10)).slice(1);
    expect(new Set(refused.map(({ kind, reason }) => `${kind} ${reason}`))).toEqual(
      new Set(['refused unknown_mcp_session']),
    );
  });

  it.each(['m9', 'own.AAAA', 'k1.QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB', ' '])(
    'is not the server’s own id, nor made up: %j',
    async (id) => {
      world = await World.start({ upstream: serverOf('m9') });
      await initialize();
      const answer = await world.post(PING, { ...USER_1, 'mcp-session-id': id });
      expect(answer.status).toBe(404);
      expect(world.received).toHaveLength(1);
    },
  );

  it('that is missing is for the server to refuse', async () => {
    world = await World.start({
      upstream: (request, response) => void request.resume().on('end', () => response.writeHead(400).end()),
    });
    expect((await world.post(PING)).status).toBe(400);
    expect(serverIds()).toEqual([undefined]);
  });

  it('with an id that MCP does not allow is an invalid answer', async () => {
    world = await World.start({ upstream: serverOf('two words') });
    expect((await world.post(INITIALIZE)).json.error?.data?.reason).toBe('upstream_invalid');
  });

  it('does not exist in the modern era', async () => {
    world = await World.start({ upstream: serverOf('m9') });
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const message = { ...PING, method: 'server/discover', params: { _meta: meta } };
    const head = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' };
    const answer = await world.post(message, { ...USER_1, ...head, 'mcp-session-id': 'stray' });
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('mcp-session-id');
    expect(serverIds()).toEqual([undefined]);
  });

  it('outlives the proxy, as its keys do', async () => {
    world = await World.start({ upstream: serverOf('m9') });
    const mine = await initialize();
    await world.restart();
    expect((await world.post(PING, mine)).status).toBe(200);
    expect((await world.post(PING, { ...mine, ...USER_2 })).status).toBe(404);
    expect(serverIds()).toEqual([undefined, 'm9']);
  });
});
