// Several proxies of one server: a session goes on at whichever of them its requests arrive.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStreamAt } from '../harness/open-stream.ts';
import { USER_1, USER_2, policyContent } from '../harness/policy.ts';
import { Replicas } from './replicas.ts';
import { SessionServer } from './session-server.ts';

let servers: readonly SessionServer[];
let replicas: Replicas;
const start = async (env: Readonly<Record<string, string>> = {}) => {
  servers = ['a', 'b', 'c'].map((name) => new SessionServer(name));
  replicas = await Replicas.start({
    count: 3,
    env,
    upstream: (number) => servers[number]?.listener ?? (() => undefined),
  });
};
beforeEach(() => start());
afterEach(() => replicas.close());

const server = (number: number): SessionServer => {
  const found = servers[number];
  if (found === undefined) throw new Error(`there is no server ${number}`);
  return found;
};
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const CALL = { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'read_note', arguments: {} } };
const event = (data: string) => `event: message\ndata: ${data}\n\n`;
const result = (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}`;

describe('a request that arrives at another pod than its session', () => {
  it('is answered by the pod that holds the session, which alone decides and records', async () => {
    const mine = await replicas.sessionAt(0);
    for (const number of [0, 1, 2]) {
      const answer = await replicas.at(number).post(PING, mine);
      expect(answer).toMatchObject({ status: 200, json: { id: 1, result: { by: 'a' } } });
      expect(answer.headers['mcp-session-id']).toBe(mine['mcp-session-id']);
      const denied = await replicas.at(number).call('add_note', mine);
      expect(denied.json.error?.data?.reason).toBe('trust_too_low');
    }
    expect(server(0).did).toEqual(Array(3).fill({ method: 'ping', session: 'a-0' }));
    const recorded = await replicas.at(0).audit(7);
    expect(
      recorded.map(
        ({ rpc_method: method, decision, client_ip: ip }) => `${method ?? ''} ${decision} ${ip ?? ''}`,
      ),
    ).toEqual([
      'initialize allow 127.0.0.1',
      ...[0, 1, 2].flatMap(() => ['ping allow 127.0.0.1', 'tools/call deny 127.0.0.1']),
    ]);
    expect(await replicas.handovers(1)).toEqual({ answered: 2 });
    await Promise.all(replicas.worlds.map((world) => world.restart()));
    expect(replicas.at(1).ingest.events).toEqual([]);
  });

  it('that ends the session ends it', async () => {
    const mine = await replicas.sessionAt(0);
    expect((await replicas.at(1).send('DELETE', '', mine)).status).toBe(200);
    expect(server(0).sessions.size).toBe(0);
    expect((await replicas.at(2).post(PING, mine)).status).toBe(404);
  });

  it('of another caller goes nowhere', async () => {
    const mine = await replicas.sessionAt(0);
    const answer = await replicas.at(1).post(PING, { ...mine, ...USER_2 });
    expect(answer).toMatchObject({
      status: 404,
      json: { error: { data: { reason: 'unknown_mcp_session' } } },
    });
    expect(await replicas.handovers(1)).toEqual({});
    expect(server(0).did).toEqual([]);
  });

  it('brings a large body and a large answer whole', async () => {
    const mine = await replicas.sessionAt(0);
    const text = 'ä'.repeat(1_500_000);
    server(0).onCall = (_request, response, body) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"jsonrpc":"2.0","id":5,"result":{"echo":${JSON.stringify(body.length)},"x":"${text}"}}`);
    };
    const sent = { ...CALL, params: { name: 'read_note', arguments: { text } } };
    const answer = await replicas.at(1).post(sent, mine);
    expect(answer.json.result).toEqual({ echo: JSON.stringify(sent).length, x: text });
  });

  it.each([
    ['with a length', { 'content-length': '2000' }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('with too large a body is refused (%s)', async (_how, framing) => {
    await replicas.close();
    await start({ MAX_BODY_BYTES: '1000' });
    const mine = await replicas.sessionAt(0);
    const headers = { 'content-type': 'application/json', ...mine, ...framing };
    const answer = await replicas.at(1).send('POST', `"${'x'.repeat(1_998)}"`, headers);
    expect(answer.status).toBe(413);
    expect(server(0).did).toEqual([]);
  });

  it('that waits for leave to send its body gets it', async () => {
    const mine = await replicas.sessionAt(0);
    const headers = { 'content-type': 'application/json', ...mine, expect: '100-continue' };
    const answer = await replicas.at(1).send('POST', JSON.stringify(PING), headers);
    expect(answer.json.result).toEqual({ by: 'a' });
  });

  it('says from where its caller came, and nobody else can say it', async () => {
    const mine = await replicas.sessionAt(0);
    const forged = { ...mine, 'mcp-runtime-caller-address': '192.0.2.66' };
    await replicas.at(0).post(PING, forged);
    await replicas.at(1).post(PING, forged);
    for (const { headers } of replicas.at(0).received) {
      expect(headers.forwarded).toContain('for=127.0.0.1;');
      expect(headers).not.toHaveProperty('mcp-runtime-caller-address');
    }
    const recorded = await replicas.at(0).audit(3);
    expect(recorded.map(({ client_ip }) => client_ip)).toEqual(Array(3).fill('127.0.0.1'));
  });
});

describe('a stream that arrives at another pod than its session', () => {
  it('of notifications brings each as it comes, and ends when its caller goes away', async () => {
    const mine = await replicas.sessionAt(0);
    const stream = await openStreamAt(replicas.at(1).url, undefined, mine);
    expect(stream.response.statusCode).toBe(200);
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'mcp-session-id': mine['mcp-session-id'],
    });
    const [upstream] = server(0).streams;
    let expected = '';
    for (const name of ['tools', 'prompts']) {
      const sent = event(`{"jsonrpc":"2.0","method":"notifications/${name}/list_changed"}`);
      upstream?.write(sent);
      expected += sent;
      await replicas.at(1).until(() => stream.text === expected);
    }
    const gone = new Promise((resolve) => upstream?.on('close', resolve));
    stream.destroy();
    await gone;
    expect((await replicas.at(0).audit(3)).slice(1)).toMatchObject([
      { kind: 'stream_opened' },
      { kind: 'stream_ended', reason: 'client_closed', outcome: 'cancelled' },
    ]);
    await replicas.at(1).until(async () => (await replicas.handovers(1))['cancelled'] === 1);
  });

  it('of a call carries questions and answers both ways', async () => {
    const mine = await replicas.sessionAt(0);
    server(0).onCall = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event('{"jsonrpc":"2.0","id":"q","method":"ping"}'));
      server(0).streams.push(response);
    };
    const stream = await openStreamAt(replicas.at(1).url, CALL, mine);
    await replicas.at(1).until(() => stream.text.includes('"q"'));
    const pong = { jsonrpc: '2.0', id: 'q', result: {} };
    expect((await replicas.at(2).post(pong, mine)).status).toBe(202);
    server(0).streams[0]?.end(event(result(5)));
    await stream.ended;
    expect(stream.text).toContain(result(5));
  });

  it('is cut by the policy of the pod that holds the session', async () => {
    const mine = { ...(await replicas.sessionAt(0)), 'x-mcp-agent-session': 'live' };
    server(0).onCall = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    };
    const stream = await openStreamAt(replicas.at(1).url, CALL, mine);
    const sessions = policyContent().sessions.map((session) => ({ ...session, revoked: true }));
    await replicas.at(0).setPolicy({ sessions });
    await stream.ended;
    expect(stream.text).toContain('"reason":"session_revoked"');
  });

  it('slows the server down when its caller is slow', async () => {
    const mine = await replicas.sessionAt(0);
    const stream = await openStreamAt(replicas.at(1).url, undefined, mine);
    stream.response.pause();
    const [upstream] = server(0).streams;
    const filler = event(
      `{"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(65_536)}"}}`,
    );
    // Far more than what lies between them can hold.
    for (let sent = 0; sent < 64 * 1024 * 1024; sent += filler.length) upstream?.write(filler);
    let [left, looks] = [-1, 0];
    await replicas.at(1).until(() => {
      const now = upstream?.writableLength ?? 0;
      looks = now === left ? looks + 1 : 0;
      left = now;
      return looks === 20;
    });
    expect(upstream?.writableLength).toBeGreaterThan(1024 * 1024);
    stream.response.resume();
    await replicas.at(1).until(() => (upstream?.writableLength ?? left) < left);
    stream.destroy();
  });
});

describe('a pod that is gone', () => {
  it('takes its sessions with it, and nothing was sent to anybody', async () => {
    const mine = await replicas.sessionAt(0);
    await replicas.at(0).close();
    const answer = await replicas.at(1).post(PING, mine);
    expect(answer).toMatchObject({
      status: 404,
      json: { error: { data: { reason: 'unknown_mcp_session' } } },
    });
    expect(await replicas.handovers(1)).toEqual({ unreachable: 1 });
    expect(await replicas.at(1).audit(1)).toMatchObject([
      { kind: 'refused', reason: 'unknown_mcp_session', outcome: 'none' },
    ]);
    expect((await replicas.at(1).post(PING, await replicas.sessionAt(1))).status).toBe(200);
  });

  it('is not mistaken for one that has taken its address', async () => {
    const mine = await replicas.sessionAt(0);
    const { proxy } = replicas.at(0);
    await replicas.at(0).restart({ POD_UID: 'pod-9', PEER_PORT: String(proxy.peerPort) });
    expect((await replicas.at(1).post(PING, mine)).status).toBe(404);
    expect(await replicas.handovers(1)).toEqual({ answered: 1 });
    expect(server(0).did).toEqual([]);
  });

  it('that vanishes under a call leaves its outcome unknown, and that is on record', async () => {
    const mine = await replicas.sessionAt(0);
    const asked = Promise.withResolvers<undefined>();
    server(0).onCall = () => asked.resolve(undefined);
    const answer = replicas.at(1).post(CALL, mine);
    await asked.promise;
    replicas.vanish(0);
    expect(await answer).toMatchObject({
      status: 502,
      json: { error: { data: { reason: 'upstream_lost' } } },
    });
    expect(await replicas.at(1).audit(1)).toMatchObject([
      { kind: 'request', reason: 'upstream_lost', outcome: 'unknown', human_id: 'user-1' },
    ]);
    expect(await replicas.handovers(1)).toEqual({ lost: 1 });
    expect(server(0).did).toHaveLength(1);
  });

  it('that vanishes under a stream ends it as broken', async () => {
    const mine = await replicas.sessionAt(0);
    server(0).onCall = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    };
    const stream = await openStreamAt(replicas.at(1).url, CALL, mine);
    replicas.vanish(0);
    await stream.ended;
    expect(stream.response.complete).toBe(false);
    expect(await replicas.at(1).audit(1)).toMatchObject([{ reason: 'upstream_lost', outcome: 'unknown' }]);
  });
});

describe('a caller without a session', () => {
  it('is served where it arrives', async () => {
    const answer = await replicas.at(1).post({ ...PING, method: 'initialize' }, USER_1);
    expect(answer.json.result).toEqual({ by: 'b' });
    expect(await replicas.handovers(1)).toEqual({});
  });
});
