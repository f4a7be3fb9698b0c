// Connects that nothing comes back for, neither yes nor no: to the server behind, and to the pod of a session. Each ends
// in its time, with a clear answer, on record and in the metrics, and leaves nothing open.
import { afterEach, describe, expect, it } from '@jest/globals';
import { DeafListener } from './harness/deaf-listener.ts';
import { World } from './harness/world.ts';
import { Replicas } from './peers/replicas.ts';
import { SessionServer } from './peers/session-server.ts';

const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function deaf(port?: number): Promise<DeafListener> {
  const listener = await DeafListener.start(port);
  ended.push(() => listener.stop());
  return listener;
}

const CONNECT_MS = { UPSTREAM_CONNECT_TIMEOUT_MS: '100' };

describe('a server whose host does not answer', () => {
  it('is unavailable in the time for a connect: the calls were not made, and no connect goes on', async () => {
    const server = await deaf();
    const world = await World.start({
      env: { UPSTREAM_URL: `http://127.0.0.1:${server.port}`, ...CONNECT_MS },
    });
    ended.push(() => world.close());
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.call('read_note')));
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 200,
        json: { id: 1, error: { code: -32603, data: { reason: 'upstream_unavailable', httpStatus: 502 } } },
      });
    }
    for (const event of await world.audit(5)) {
      expect(event).toMatchObject({ decision: 'allow', reason: 'upstream_unavailable', outcome: 'none' });
    }
    const { text } = await world.page('/metrics');
    expect(text).toMatch(/decision="allow",reason="upstream_unavailable"[^}]*} 5\n/);
    expect(text).toMatch(/^mcp_gateway_inflight_requests(\{[^}]*\})? 0$/m);
    expect(await server.unanswered()).toBe(0);
    expect((await world.page('/ready')).status).toBe(503);
  });

  it('holds no connect for a caller that went away', async () => {
    const server = await deaf();
    const world = await World.start({
      env: { UPSTREAM_URL: `http://127.0.0.1:${server.port}`, UPSTREAM_CONNECT_TIMEOUT_MS: '600000' },
    });
    ended.push(() => world.close());
    const gone = new AbortController();
    const call = fetch(world.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mcp-human-id': 'user-1' },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      signal: gone.signal,
    }).catch(() => undefined);
    await world.until(async () => (await server.unanswered()) === 1);
    gone.abort();
    await call;
    await world.until(async () => (await server.unanswered()) === 0);
    expect(await world.audit(1)).toMatchObject([{ reason: 'client_closed' }]);
  });
});

describe('a pod whose host does not answer', () => {
  it('is gone for its sessions in the time for a connect, and no connect to it goes on', async () => {
    const servers = [new SessionServer('a'), new SessionServer('b')];
    const replicas = await Replicas.start({
      upstream: (number) => servers[number]?.listener ?? (() => undefined),
      env: CONNECT_MS,
    });
    ended.push(() => replicas.close());
    const mine = await replicas.sessionAt(0);
    const { peerPort } = replicas.at(0).proxy;
    await replicas.at(0).close();
    const pod = await deaf(peerPort);
    const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
    for (let each = 0; each < 3; each += 1) {
      expect(await replicas.at(1).post(PING, mine)).toMatchObject({
        status: 404,
        json: { error: { data: { reason: 'unknown_mcp_session' } } },
      });
    }
    expect(await replicas.handovers(1)).toEqual({ unreachable: 3 });
    for (const event of await replicas.at(1).audit(3)) {
      expect(event).toMatchObject({ kind: 'refused', reason: 'unknown_mcp_session', outcome: 'none' });
    }
    expect(await pod.unanswered()).toBe(0);
    expect((await replicas.at(1).post(PING, await replicas.sessionAt(1))).status).toBe(200);
  });
});
