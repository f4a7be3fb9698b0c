// What ends while it runs, because somebody may not do it any more: each kind of answer ends in its own way, the server is
// told, the record says that the outcome is unknown, and the next time it is denied.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import http from 'node:http';
import type { PolicyContent } from '#policy/document.ts';
import { USER_1, policyContent } from './harness/policy.ts';
import { WAYS, World } from './harness/world.ts';

let world: World;
afterEach(async () => {
  jest.restoreAllMocks();
  await world.close();
});

const CALL = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'read_note', arguments: {} } };
const SESSION = { ...USER_1, 'x-mcp-agent-session': 'live' };
const cancelled = () => world.received.filter(({ body }) => body.includes('notifications/cancelled'));

const content = policyContent();
const REASONS: readonly [string, string, Partial<PolicyContent>][] = [
  [
    'a session that is revoked',
    'session_revoked',
    { sessions: content.sessions.map((session) => ({ ...session, revoked: true })) },
  ],
  [
    'a session that has expired',
    'session_expired',
    { sessions: content.sessions.map((session) => ({ ...session, expiresAt: '2020-01-01T00:00:00Z' })) },
  ],
  ['a grant that is disabled', 'unknown_tool', { subjects: [] }],
  [
    'a tool that is removed',
    'unknown_tool',
    {
      tools: content.tools.filter(({ name }) => name !== 'read_note'),
      subjects: content.subjects.map(({ rules, ...rest }) => ({
        ...rest,
        rules: rules.filter(({ tool }) => tool !== 'read_note'),
      })),
    },
  ],
];

type Answering = (response: http.ServerResponse) => unknown;

const SSE = { 'content-type': 'text/event-stream' };

describe.each(WAYS)('from a server by $scheme, to a caller with $connection:', (way) => {
  /** A server that answers calls as a test says, and takes everything else. */
  async function start(answer: Answering): Promise<{ readonly called: Promise<http.ServerResponse> }> {
    const called = Promise.withResolvers<http.ServerResponse>();
    world = await World.start({
      ...way,
      upstream: (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          if (Buffer.concat(chunks).includes('"tools/call"') || request.method === 'GET') {
            answer(response);
            called.resolve(response);
          } else {
            response.writeHead(202).end();
          }
        });
        request.resume();
      },
    });
    return { called: called.promise };
  }

  const streaming: Answering = (response) => {
    response.writeHead(200, SSE);
    response.flushHeaders();
  };

  const RESULT = '{"jsonrpc":"2.0","id":7,"result":{"content":[]}}';
  const EVENT = `data: ${RESULT}\n\n`;
  const COMING: readonly (readonly [string, Answering])[] = [
    ['a message', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(RESULT)],
    ['a whole stream', (response) => response.writeHead(200, SSE).end(EVENT)],
    ['an event of a stream that goes on', (response) => response.writeHead(200, SSE).write(EVENT)],
  ];

  /** Makes turns of the event loop last: what is to leave at the end of one stays until it is let go. */
  function holdTurns() {
    const { setImmediate: later } = globalThis;
    const held: (() => void)[] = [];
    jest.spyOn(globalThis, 'setImmediate').mockImplementation((callback: () => void) => {
      if (callback.name !== 'leave') return later(callback);
      held.push(callback);
      return later(() => undefined);
    });
    return {
      held,
      letGo: () => {
        jest.restoreAllMocks();
        for (const leave of held) leave();
      },
    };
  }

  /** A call whose answer has come, in a turn that does not end yet. */
  async function callInLongTurn(answer: Answering) {
    const turns = Promise.withResolvers<ReturnType<typeof holdTurns>>();
    await start((response) => {
      turns.resolve(holdTurns());
      answer(response);
    });
    const request = http.request(world.url, {
      ...{ method: 'POST', agent: false },
      headers: { ...SESSION, 'content-type': 'application/json', connection: way.connection },
    });
    const answered = new Promise<string>((resolve, reject) => {
      request.on('error', reject).on('response', (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(text));
      });
    });
    request.end(JSON.stringify(CALL));
    const { held, letGo } = await turns.promise;
    await world.until(() => held.length > 0);
    return { request, answered, letGo };
  }

  describe.each(REASONS)('%s', (_what, reason, changes) => {
    it('ends a stream with an error event, and the server is told', async () => {
      const { called } = await start(streaming);
      const caller = await world.inSession('m1', SESSION);
      const stream = await world.openStream(CALL, caller);
      const upstream = await called;
      const gone = new Promise((resolve) => upstream.on('close', resolve));
      await world.setPolicy(changes);
      await Promise.all([stream.ended, gone]);
      expect(stream.text).toContain(`"reason":"${reason}"`);
      expect(stream.text).toContain('"id":7,"error"');
      await world.until(() => cancelled().length === 1);
      expect(cancelled()[0]?.headers['mcp-session-id']).toBe('m1');
      expect(JSON.parse(cancelled()[0]?.body ?? '')).toMatchObject({ params: { requestId: 7 } });
      expect((await world.audit(2))[1]).toMatchObject({
        phase: 'finished',
        decision: 'deny',
        outcome: 'unknown',
      });
      expect((await world.post(CALL, caller)).json.error?.data?.reason).toBe(reason);
    });

    it('answers a call whose answer has not begun, and the server is told', async () => {
      const { called } = await start(() => undefined);
      const caller = await world.inSession('m1', SESSION);
      const answer = world.post(CALL, caller);
      await called;
      await world.setPolicy(changes);
      expect(await answer).toMatchObject({ status: 200, json: { id: 7, error: { data: { reason } } } });
      await world.until(() => cancelled().length === 1);
      expect((await world.audit(1))[0]).toMatchObject({ decision: 'deny', outcome: 'unknown' });
    });

    it.each(COMING)('answers a call whose answer has come as %s and has not left', async (_as, answer) => {
      const { answered, letGo } = await callInLongTurn(answer);
      await world.setPolicy(changes);
      letGo();
      expect(JSON.parse(await answered)).toMatchObject({ id: 7, error: { data: { reason } } });
      expect(await world.audit(1)).toMatchObject([
        { phase: 'complete', decision: 'deny', outcome: 'unknown' },
      ]);
    });

    it('ends a stream with an error event instead of an answer that has come and not left', async () => {
      const { called } = await start(streaming);
      const stream = await world.openStream(CALL, SESSION);
      const { held, letGo } = holdTurns();
      (await called).end(EVENT);
      await world.until(() => held.length > 0);
      await world.setPolicy(changes);
      letGo();
      await stream.ended;
      expect(stream.response.complete).toBe(true);
      expect(stream.text).toContain(`"reason":"${reason}"`);
      expect(stream.text).not.toContain('"result"');
      expect((await world.audit(2))[1]).toMatchObject({ phase: 'finished', decision: 'deny' });
    });

    it('resets the connection of an answer that is on its way', async () => {
      const text = 'x'.repeat(15 * 1024 * 1024);
      await start((response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(`{"jsonrpc":"2.0","id":7,"result":{"content":["${text}"]}}`);
      });
      const stream = await world.openStream(CALL, SESSION);
      stream.response.pause();
      await world.setPolicy(changes);
      await world.audit(1);
      stream.response.resume();
      await stream.ended;
      expect(stream.response.complete).toBe(false);
      expect(stream.text.length).toBeLessThan(text.length);
      expect((await world.audit(1))[0]).toMatchObject({ decision: 'deny', outcome: 'unknown' });
      expect((await world.post(CALL, SESSION)).json.error?.data?.reason).toBe(reason);
    });

    it('denies a call whose body was on its way', async () => {
      const { called } = await start(() => undefined);
      const body = JSON.stringify(CALL);
      const answer = Promise.withResolvers<string>();
      const request = http.request(
        world.url,
        {
          method: 'POST',
          agent: false,
          headers: {
            ...SESSION,
            'content-type': 'application/json',
            'content-length': body.length,
            expect: '100-continue',
          },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => answer.resolve(text));
        },
      );
      // The head has been read and its caller is known: that is what leave to go on means.
      const leave = new Promise((resolve) => request.once('continue', resolve));
      request.flushHeaders();
      await leave;
      await world.setPolicy(changes);
      request.end(body);
      expect(await answer.promise).toContain(`"reason":"${reason}"`);
      expect(world.received).toEqual([]);
      void called;
    });
  });

  describe('a stream of notifications', () => {
    it('ends with the session of its caller', async () => {
      const { called } = await start(streaming);
      const stream = await world.openStream(undefined, await world.inSession('m1', SESSION));
      const upstream = await called;
      const gone = new Promise((resolve) => upstream.on('close', resolve));
      await world.setPolicy({ sessions: content.sessions.map((session) => ({ ...session, revoked: true })) });
      await Promise.all([stream.ended, gone]);
      expect(stream.response.complete).toBe(true);
      expect(cancelled()).toEqual([]);
      const again = await world.send('GET', '', await world.inSession('m1', SESSION));
      expect(again).toMatchObject({ status: 403, json: { error: { data: { reason: 'session_revoked' } } } });
    });
  });

  describe('a call outside of a session', () => {
    it('is cancelled by the end of its connection alone', async () => {
      const { called } = await start(streaming);
      const stream = await world.openStream(CALL, SESSION);
      const upstream = await called;
      const gone = new Promise((resolve) => upstream.on('close', resolve));
      await world.setPolicy({ subjects: [] });
      await Promise.all([stream.ended, gone]);
      await world.audit(2);
      expect(cancelled()).toEqual([]);
    });
  });

  describe('a caller who goes away while the answer is on its way', () => {
    it('cancels nothing: the server has done what it was asked', async () => {
      const text = 'x'.repeat(15 * 1024 * 1024);
      await start((response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(`{"jsonrpc":"2.0","id":7,"result":{"content":["${text}"]}}`);
      });
      const stream = await world.openStream(CALL, SESSION);
      stream.response.pause();
      stream.destroy();
      await stream.ended;
      expect(await world.audit(1)).toMatchObject([
        { decision: 'allow', reason: 'client_closed', outcome: 'answered' },
      ]);
    });
  });

  describe('a caller who goes away when the answer has come and has not left', () => {
    it.each([
      ['a message', 'answered'],
      ['a whole stream', 'answered'],
      ['an event of a stream that goes on', 'cancelled'],
    ])('is on record once, after %s: %s', async (as, outcome) => {
      const answer = new Map(COMING).get(as);
      const { request, answered, letGo } = await callInLongTurn(answer ?? (() => undefined));
      const gone = expect(answered).rejects.toThrow();
      request.destroy();
      await gone;
      await world.audit(1);
      letGo();
      await world.post({ jsonrpc: '2.0', id: 8, method: 'no/such' }, SESSION);
      const [first, ...others] = await world.audit(2);
      expect(first).toMatchObject({ phase: 'complete', status: 0, reason: 'client_closed', outcome });
      expect(others).toHaveLength(1);
    });
  });
});
