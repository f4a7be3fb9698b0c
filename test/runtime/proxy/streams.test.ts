import { afterEach, describe, expect, it } from '@jest/globals';
import type http from 'node:http';
import { USER_1, USER_2, policyContent } from './harness/policy.ts';
import { WAYS, World, type WorldOptions } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

const SSE = { 'content-type': 'text/event-stream' };
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_note' } };
const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';
const event = (data: string) => `event: message\ndata: ${data}\n\n`;

const openStream = (body: object | undefined, headers?: Readonly<Record<string, string>>) =>
  world.openStream(body, headers);

describe.each(WAYS)('from a server by $scheme, to a caller with $connection:', (way) => {
  /** A server whose first answer is a stream that the test writes, once somebody calls. */
  async function start(
    options: WorldOptions = {},
  ): Promise<{ readonly server: Promise<http.ServerResponse> }> {
    const opened = Promise.withResolvers<http.ServerResponse>();
    let first = true;
    world = await World.start({
      ...way,
      ...options,
      upstream: (request, response) => {
        request.resume();
        if (first) {
          first = false;
          response.writeHead(200, SSE);
          response.flushHeaders();
          opened.resolve(response);
        } else {
          response.writeHead(202).end();
        }
      },
    });
    return { server: opened.promise };
  }

  describe('an event stream', () => {
    it('passes head and events as they come', async () => {
      const { server } = await start();
      const stream = await openStream(CALL);
      expect(stream.response.statusCode).toBe(200);
      expect(stream.response.headers['content-type']).toBe('text/event-stream');
      const upstream = await server;
      const progress =
        ': hello\n\nid: 1\ndata:\n\nevent: message\nid: 2\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';
      upstream.write(progress);
      // The ids are of this caller alone.
      const passed = progress.replaceAll(/^id: (.)$/gm, (_, id: string) => `id: ${id}#`);
      const withoutTags = () => stream.text.replaceAll(/^(id: .)\.own\.[\w-]{16}$/gm, '$1#');
      await world.until(() => withoutTags() === passed);
      upstream.write(event(RESULT).slice(0, 20));
      upstream.write(event(RESULT).slice(20));
      await world.until(() => withoutTags() === passed + event(RESULT));
      upstream.end();
      await stream.ended;
      expect(await world.audit(2)).toMatchObject([
        { kind: 'request', phase: 'decided', status: 0, decision: 'allow', outcome: 'none' },
        {
          kind: 'request',
          phase: 'finished',
          status: 200,
          outcome: 'answered',
          bytes_out: stream.text.length,
        },
      ]);
      expect(world.ingest.events[0]?.id).toBe(world.ingest.events[1]?.id);
    });

    it('of notifications is opened by GET and recorded at both ends', async () => {
      const { server } = await start();
      const stream = await openStream(undefined, await world.inSession('s1'));
      (await server).write(event('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'));
      await world.until(() => stream.text.includes('list_changed'));
      (await server).end();
      await stream.ended;
      expect(await world.audit(2)).toMatchObject([
        { kind: 'stream_opened', decision: 'allow', human_id: 'user-1' },
        { kind: 'stream_ended', outcome: 'answered', status: 200 },
      ]);
    });

    it('ends towards the server when the caller goes away', async () => {
      const { server } = await start();
      const stream = await openStream(CALL);
      const upstream = await server;
      const gone = new Promise((resolve) => upstream.on('close', resolve));
      stream.destroy();
      await gone;
      expect((await world.audit(2))[1]).toMatchObject({
        phase: 'finished',
        reason: 'client_closed',
        outcome: 'cancelled',
      });
    });

    it('slows the server down when the caller is slow', async () => {
      const { server } = await start();
      const stream = await openStream(CALL);
      stream.response.pause();
      const upstream = await server;
      const filler = event(
        `{"jsonrpc":"2.0","method":"notifications/message","params":{"x":"${'x'.repeat(64 * 1024)}"}}`,
      );
      let written = 0;
      while (written < 64 * 1024 * 1024 && upstream.write(filler)) written += filler.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (let more = 0; more < 400; more += 1) upstream.write(filler);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(upstream.writableLength).toBeGreaterThan(1024 * 1024);
      stream.response.resume();
      await world.until(() => upstream.writableLength === 0);
      upstream.end(event(RESULT));
      await stream.ended;
      expect(stream.text.endsWith(event(RESULT))).toBe(true);
    });

    it('passes the answer to this request once, and no other answers', async () => {
      const { server } = await start();
      const stream = await openStream(CALL);
      const upstream = await server;
      upstream.write(event(RESULT.replace('"id":1', '"id":2')));
      upstream.write(event(RESULT.replace('"id":1', '"id":"1"')));
      upstream.write(event(RESULT));
      upstream.end(event(RESULT.replace('[]', '["again"]')));
      await stream.ended;
      expect(stream.text).toBe(event(RESULT));
    });

    it.each<[string, string]>([
      ['data that is no JSON', event('{"jsonrpc":"2.0",')],
      ['a batch', event(`[${RESULT}]`)],
      ['a key twice', event(RESULT.replace('"id":1', '"id":1,"id":2'))],
      ['a byte order mark', `\ufeff${event(RESULT)}`],
    ])('ends with an error at %s', async (_what, text) => {
      const { server } = await start();
      const stream = await openStream(CALL);
      (await server).write(text);
      await stream.ended;
      expect(stream.text).toContain('"reason":"upstream_invalid"');
      expect(stream.text).toContain('"id":1,"error"');
      expect((await world.audit(2))[1]).toMatchObject({
        decision: 'allow',
        reason: 'upstream_invalid',
        outcome: 'unknown',
      });
    });

    it('ends with an error at an event that is too large', async () => {
      const { server } = await start({ env: { MAX_ANSWER_BYTES: '1000' } });
      const stream = await openStream(CALL);
      (await server).write(`data: ${'x'.repeat(2000)}`);
      await stream.ended;
      expect(stream.text).toContain('"reason":"upstream_too_large"');
    });

    it('says that the outcome is unknown when the server is lost', async () => {
      const { server } = await start();
      const stream = await openStream(CALL);
      (await server).destroy();
      await stream.ended;
      expect(stream.text).toContain('"reason":"upstream_lost"');
      expect((await world.audit(2))[1]).toMatchObject({ reason: 'upstream_lost', outcome: 'unknown' });
    });
  });

  describe('a stream whose permission ends', () => {
    it('ends with an error that names the reason, and the server hears of it', async () => {
      const { server } = await start();
      const stream = await openStream(CALL, { ...USER_1, 'x-mcp-agent-session': 'live' });
      const upstream = await server;
      const gone = new Promise((resolve) => upstream.on('close', resolve));
      const sessions = policyContent().sessions.map((session) => ({ ...session, revoked: true }));
      await world.setPolicy({ sessions });
      await stream.ended;
      await gone;
      expect(stream.text).toContain('"reason":"session_revoked"');
      expect((await world.audit(2))[1]).toMatchObject({
        decision: 'deny',
        reason: 'session_revoked',
        outcome: 'unknown',
      });
    });

    it('goes on where the new policy still allows it', async () => {
      const { server } = await start();
      const stream = await openStream(CALL, { ...USER_1, 'x-mcp-agent-session': 'live' });
      await world.setPolicy({
        deniedToAll: [{ tool: 'delete_note', grant: { namespace: 'team-a', name: 'x' } }],
      });
      (await server).end(event(RESULT));
      await stream.ended;
      expect(stream.text).toBe(event(RESULT));
    });

    it('ends when the session expires by the clock', async () => {
      let nowMs = Date.now();
      const expiresAt = new Date(nowMs + 60_000).toISOString();
      const sessions = policyContent().sessions.map((session) => ({ ...session, expiresAt }));
      const { server } = await start({
        clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() },
        policy: { sessions },
      });
      const stream = await openStream(CALL, { ...USER_1, 'x-mcp-agent-session': 'live' });
      await server;
      nowMs += 61_000;
      await stream.ended;
      expect(stream.text).toContain('"reason":"session_expired"');
    });

    it('does not end because its session seems idle while it runs', async () => {
      let nowMs = Date.now();
      const { server } = await start({
        clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() },
        policy: { session: { required: true, idleTimeoutSeconds: 60 } },
      });
      const stream = await openStream(CALL, { ...USER_1, 'x-mcp-agent-session': 'live' });
      await server;
      nowMs += 3_600_000;
      await world.setPolicy({ session: { required: true, idleTimeoutSeconds: 60 } });
      (await server).end(event(RESULT));
      await stream.ended;
      expect(stream.text).toBe(event(RESULT));
      expect((await world.call('read_note', { ...USER_1, 'x-mcp-agent-session': 'live' })).status).toBe(200);
    });

    it('is answered with an error where its answer had not begun', async () => {
      const asked = Promise.withResolvers<http.ServerResponse>();
      world = await World.start({
        ...way,
        upstream: (request, response) => {
          request.resume();
          asked.resolve(response);
        },
      });
      const answer = world.call('read_note', { ...USER_1, 'x-mcp-agent-session': 'live' });
      await asked.promise;
      await world.setPolicy({
        sessions: policyContent().sessions.map((session) => ({ ...session, revoked: true })),
      });
      expect((await answer).json).toMatchObject({ id: 1, error: { data: { reason: 'session_revoked' } } });
    });
  });

  describe('a request of the server', () => {
    const ASKING =
      '{"jsonrpc":"2.0","id":"s-1","method":"elicitation/create","params":{"message":"password?"}}';

    it('does not reach the caller; the server is told, and it is recorded', async () => {
      const { server } = await start();
      const stream = await openStream(CALL, await world.inSession('m1'));
      const upstream = await server;
      upstream.write(event(ASKING));
      await world.until(() => world.received.length === 2);
      expect(world.received[1]).toMatchObject({ method: 'POST', headers: { 'mcp-session-id': 'm1' } });
      expect(JSON.parse(world.received[1]?.body ?? '')).toMatchObject({ id: 's-1', error: { code: -32030 } });
      upstream.end(event(RESULT));
      await stream.ended;
      expect(stream.text).toBe(event(RESULT));
      const events = await world.audit(3);
      expect(events[1]).toMatchObject({
        kind: 'server_request',
        decision: 'deny',
        reason: 'method_not_allowed',
        rpc_method: 'elicitation/create',
        rpc_id: '"s-1"',
      });
    });

    it('that is open reaches the caller, who may answer it once, and nobody else', async () => {
      const { server } = await start();
      const headers = await world.inSession('m1');
      const stream = await openStream(CALL, headers);
      (await server).write(event('{"jsonrpc":"2.0","id":"p","method":"ping"}'));
      await world.until(() => stream.text.includes('"ping"'));
      const pong = { jsonrpc: '2.0', id: 'p', result: {} };
      expect((await world.post(pong, await world.inSession('m2'))).json.error?.data?.reason).toBe(
        'unexpected_response',
      );
      expect((await world.post(pong, { ...headers, ...USER_2 })).status).toBe(404);
      expect((await world.post({ ...pong, id: 'q' }, headers)).json.error?.data?.reason).toBe(
        'unexpected_response',
      );
      expect((await world.post(pong, headers)).status).toBe(202);
      expect((await world.post(pong, headers)).json.error?.data?.reason).toBe('unexpected_response');
      expect(world.received.filter(({ body }) => body.includes('"result"'))).toHaveLength(1);
      (await server).end(event(RESULT));
      await stream.ended;
    });

    it('reaches the caller in observe mode', async () => {
      const { server } = await start({
        policy: {
          policy: { mode: 'observe', defaultDecision: 'deny', version: 'v1', maxStalenessSeconds: 86_400 },
        },
      });
      const stream = await openStream(CALL);
      (await server).write(event(ASKING));
      await world.until(() => stream.text === event(ASKING));
      expect((await world.post({ jsonrpc: '2.0', id: 's-1', result: {} })).status).toBe(202);
      (await server).end(event(RESULT));
      await stream.ended;
      expect((await world.audit(3))[1]).toMatchObject({ kind: 'server_request', decision: 'would_deny' });
    });

    it('in the form of a result is refused', async () => {
      world = await World.start({
        ...way,
        upstream: (request, response) => {
          request.resume();
          const result = {
            resultType: 'input_required',
            inputRequests: { a: { method: 'elicitation/create' } },
          };
          const body = JSON.stringify({ jsonrpc: '2.0', id: 1, result });
          request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
        },
      });
      const answer = await world.call('read_note');
      expect(answer.json.error?.data?.reason).toBe('method_not_allowed');
      expect(answer.text).not.toContain('elicitation');
    });
  });
});
