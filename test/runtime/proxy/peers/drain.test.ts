// A pod that ends, as a rollout makes it: sessions that are short enough end well, longer ones end clearly.
import { afterEach, describe, expect, it } from '@jest/globals';
import { openStreamAt } from '../harness/open-stream.ts';
import { Replicas, type ReplicaOptions } from './replicas.ts';
import { SessionServer } from './session-server.ts';

let servers: readonly SessionServer[];
let replicas: Replicas;
afterEach(() => replicas.close());

const start = async (drainMs: number, options: Partial<ReplicaOptions> = {}) => {
  servers = ['a', 'b'].map((name) => new SessionServer(name));
  replicas = await Replicas.start({
    upstream: (number) => servers[number]?.listener ?? (() => undefined),
    env: { DRAIN_MS: String(drainMs) },
    ...options,
  });
};

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const CALL = { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'read_note', arguments: {} } };
const RESULT = '{"jsonrpc":"2.0","id":5,"result":{"content":[]}}';

/** Begins to end the first pod. Resolves once it is not ready any more. */
async function beginEnd(signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
  const ended = replicas.at(0).proxy.close(signal);
  await replicas.at(0).until(async () => (await replicas.at(0).page('/ready')).text.includes('draining'));
  return { ended };
}

describe('a pod that ends', () => {
  it('keeps its sessions for those who come through its peers, and goes when the last is deleted', async () => {
    await start(120_000);
    const mine = await replicas.sessionAt(0);
    const signal = AbortSignal.timeout(60_000);
    const { ended } = await beginEnd(signal);
    for (let count = 0; count < 3; count += 1) {
      expect((await replicas.at(1).post(PING, mine)).json.result).toEqual({ by: 'a' });
    }
    const stream = await openStreamAt(replicas.at(1).url, undefined, mine);
    servers[0]?.streams[0]?.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n');
    await replicas.at(1).until(() => stream.text.includes('notifications/message'));
    stream.destroy();
    expect((await replicas.at(1).send('DELETE', '', mine)).status).toBe(200);
    await ended;
    expect(signal.aborted).toBe(false);
    expect((await replicas.at(1).post(PING, mine)).status).toBe(404);
  });

  it('goes at once where it has no session', async () => {
    await start(120_000);
    expect((await replicas.at(0).post(PING)).status).toBe(404);
    const signal = AbortSignal.timeout(60_000);
    await replicas.at(0).proxy.close(signal);
    expect(signal.aborted).toBe(false);
  });

  it('does not wait for sessions that nobody has used for long', async () => {
    let nowMs = 0;
    await start(120_000, {
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() + nowMs },
    });
    await replicas.sessionAt(0);
    nowMs += 120_000;
    const signal = AbortSignal.timeout(60_000);
    await replicas.at(0).proxy.close(signal);
    expect(signal.aborted).toBe(false);
  });

  it('ends streams in order when the time is up, and sessions clearly: callers begin anew elsewhere', async () => {
    await start(2_000);
    const mine = await replicas.sessionAt(0);
    const direct = await openStreamAt(replicas.at(0).url, undefined, mine);
    const { ended } = await beginEnd(AbortSignal.timeout(60_000));
    const through = await openStreamAt(replicas.at(1).url, undefined, mine);
    await Promise.all([direct.ended, through.ended]);
    expect([direct.response.complete, through.response.complete]).toEqual([true, true]);
    expect(await replicas.at(1).post(PING, mine)).toMatchObject({
      status: 404,
      json: { error: { data: { reason: 'unknown_mcp_session' } } },
    });
    expect((await replicas.at(1).post(PING, await replicas.sessionAt(1))).status).toBe(200);
    await ended;
    expect((await replicas.at(1).post(PING, mine)).status).toBe(404);
  });

  it('lets a call that runs come to its end, also through a peer', async () => {
    await start(4_000);
    const mine = await replicas.sessionAt(0);
    const asked = Promise.withResolvers<() => void>();
    if (servers[0] !== undefined) {
      servers[0].onCall = (_request, response) =>
        asked.resolve(() => {
          response.writeHead(200, { 'content-type': 'application/json' }).end(RESULT);
        });
    }
    const answer = replicas.at(1).post(CALL, mine);
    const answerNow = await asked.promise;
    const { ended } = await beginEnd(AbortSignal.timeout(60_000));
    // Told that sessions are gone, while that call still runs.
    await replicas.at(1).until(async () => (await replicas.at(1).post(PING, mine)).status === 404);
    answerNow();
    expect((await answer).json.result).toEqual({ content: [] });
    await ended;
    expect(servers[0]?.did.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
  });
});

describe('a pod whose time is up', () => {
  it('tells those who came through its peers, and records that it gave up, once', async () => {
    await start(400);
    const mine = await replicas.sessionAt(0);
    const asked = Promise.withResolvers<undefined>();
    if (servers[0] !== undefined) servers[0].onCall = () => asked.resolve(undefined);
    const answer = replicas.at(1).post(CALL, mine);
    await asked.promise;
    await replicas.at(0).proxy.close(AbortSignal.timeout(400));
    expect((await answer).json.error?.data).toMatchObject({ reason: 'upstream_lost', httpStatus: 502 });
    const recorded = [0, 1].flatMap((number) =>
      replicas.at(number).ingest.events.map(({ payload }) => payload),
    );
    expect(recorded.filter(({ rpc_method }) => rpc_method === 'tools/call')).toMatchObject([
      { phase: 'complete', decision: 'allow', reason: 'draining', outcome: 'unknown' },
    ]);
  });
});

describe('a pod that ends and only handed over', () => {
  it('ends a stream of notifications after a whole event, and its caller opens it again elsewhere', async () => {
    await start(60_000);
    const mine = await replicas.sessionAt(1);
    const stream = await openStreamAt(replicas.at(0).url, undefined, mine);
    const event = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n';
    servers[1]?.streams[0]?.write(event);
    await replicas.at(0).until(() => stream.text === event);
    await replicas.at(0).proxy.close(AbortSignal.timeout(60_000));
    await stream.ended;
    expect(stream.response.complete).toBe(true);
    const again = await openStreamAt(replicas.at(1).url, undefined, mine);
    expect(again.response.statusCode).toBe(200);
    again.destroy();
  });
});
