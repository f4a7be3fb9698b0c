import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openStreamAt } from '../harness/open-stream.ts';
import { STRANGER, USER_1, USER_2 } from '../harness/policy.ts';
import { World } from '../harness/world.ts';
import { MODERN, expectRefused, modernCall, rawBody, recordsOf } from './attempts.ts';
import { ScriptedServer, event, resultOf, toolCall } from './scripted-server.ts';

let world: World;
let server: ScriptedServer;
beforeAll(async () => {
  server = new ScriptedServer();
  world = await World.start({ upstream: server.listener });
});
beforeEach(() => void world.received.splice(0));
afterAll(() => world.close());

/** Both ends of a stream. */
const open = (body: object | undefined, headers?: Readonly<Record<string, string>>) =>
  Promise.all([openStreamAt(world.url, body, headers), server.nextStream()]);

const ASKING = '{"jsonrpc":"2.0","id":"q","method":"ping"}';
const PONG = { jsonrpc: '2.0', id: 'q', result: {} };
const MODERN_HEADERS = {
  ...USER_1,
  'mcp-protocol-version': MODERN,
  'mcp-method': 'tools/call',
  'mcp-name': 'read_note',
};

describe('attack 8: ids that collide', () => {
  it('between callers: each gets the answer to its own request', async () => {
    const mine = world.post(toolCall(1));
    const first = await server.next();
    const theirs = world.post(toolCall(1, 'delete_note'), USER_2);
    await server.answerNext(resultOf('1', '{"of":"user-2"}'));
    first.writeHead(200, { 'content-type': 'application/json' }).end(resultOf('1', '{"of":"user-1"}'));
    expect((await mine).json.result).toEqual({ of: 'user-1' });
    expect((await theirs).json.result).toEqual({ of: 'user-2' });
  });

  it.each([
    ['"1"', 1],
    ['1', '1'],
    ['1.0', 1],
    ['null', 1],
    ['2', 1],
  ])('an answer to %s is none to %j', async (answered, asked) => {
    const answer = world.post(toolCall(asked));
    const records = await recordsOf(world, async () => {
      await server.answerNext(resultOf(answered));
      await answer;
    });
    expect((await answer).json).toMatchObject({
      id: asked,
      error: { data: { reason: 'upstream_invalid' } },
    });
    expect(records).toMatchObject([{ reason: 'upstream_invalid', outcome: 'unknown' }]);
  });

  it('null and fractions are no ids', async () => {
    await expectRefused(
      world,
      ['null', '1.0', '1.5', '1e0', '-0', '[1]', '{}', 'true'].map((id) => ({
        what: id,
        send: rawBody(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`),
        answer: [400, 'invalid_envelope'] as const,
      })),
    );
  });

  it('an answer to what another caller was asked goes nowhere', async () => {
    const [stream, upstream] = await open(toolCall(1));
    upstream.write(event(ASKING));
    await world.until(() => stream.text.includes('"q"'));
    const records = await recordsOf(world, async () => {
      for (const headers of [USER_2, STRANGER, await world.inSession('other')]) {
        expect((await world.post(PONG, headers)).json.error?.data?.reason).toBe('unexpected_response');
      }
    });
    expect(records.map(({ reason }) => reason)).toEqual(Array(3).fill('unexpected_response'));
    expect(world.received).toHaveLength(1);
    const answered = world.post(PONG);
    (await server.next()).writeHead(202).end();
    expect((await answered).status).toBe(202);
    upstream.end(event(resultOf('1')));
    await stream.ended;
  });
});

describe('attack 9: messages that nobody waits for', () => {
  it('from the server do not reach the caller: late, twice, of others', async () => {
    const [stream, upstream] = await open(toolCall(1));
    upstream.write(event(resultOf('2')) + event(resultOf('"1"')) + event(resultOf('1')));
    upstream.end(event(resultOf('1', '{"again":1}')));
    await stream.ended;
    expect(stream.text).toBe(event(resultOf('1')));
  });

  it('from the server do not reach a stream on which nothing was asked', async () => {
    const [stream, upstream] = await open(undefined);
    const changed = event('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
    upstream.end(event(resultOf('1')) + changed);
    await stream.ended;
    expect(stream.text).toBe(changed);
  });

  it('from a caller do not reach the server', async () => {
    await expectRefused(
      world,
      [PONG, { ...PONG, id: 0 }, { jsonrpc: '2.0', id: 'q', error: { code: 1, message: '' } }].map(
        (message) => ({
          what: JSON.stringify(message),
          send: rawBody(JSON.stringify(message)),
          answer: [400, 'unexpected_response'] as const,
        }),
      ),
    );
  });

  it.each(['ping', 'elicitation/create', 'sampling/createMessage'])(
    'a request of the server on a modern stream is dropped: %s',
    async (method) => {
      const { message } = modernCall('read_note');
      const records = await recordsOf(world, async () => {
        const [stream, upstream] = await open(message, MODERN_HEADERS);
        upstream.write(event(`{"jsonrpc":"2.0","id":"s","method":"${method}","params":{}}`));
        upstream.end(event(resultOf('1')));
        await stream.ended;
        expect(stream.text).toBe(event(resultOf('1')));
      });
      expect(records.map(({ kind, decision }) => [kind, decision])).toEqual([
        ['request', 'allow'],
        ['server_request', 'deny'],
        ['request', 'allow'],
      ]);
      expect(world.received).toHaveLength(1);
    },
  );

  it.each(['1.0', '1e0', '-0', 'null', '"\\u0000"', `"${'x'.repeat(600)}"`])(
    'a request whose id only some readers take for one does not pass as a notification: %s',
    async (id) => {
      const [stream, upstream] = await open(toolCall(1));
      upstream.write(event(`{"jsonrpc":"2.0","id":${id},"method":"elicitation/create","params":{}}`));
      await stream.ended;
      expect(stream.text).not.toContain('elicitation');
      expect(stream.text).toContain('"reason":"upstream_invalid"');
    },
  );

  it.each([
    '{"jsonrpc":"2.0","id":"s","Method":"elicitation/create","params":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"method":"elicitation/create"}',
    '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ResultType":"input_required"}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"Result":{"tools":[]}}',
  ])('a message of two kinds is none: %s', async (message) => {
    const answer = world.post(toolCall(1));
    await server.answerNext(message);
    expect((await answer).json.error?.data?.reason).toBe('upstream_invalid');
  });

  it('a question in the form of an error’s body is no JSON to its reader', async () => {
    for (const message of [
      resultOf('1', '{"resultType":"input_required","inputRequests":{}}'),
      '{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"of another"}}',
      ASKING,
    ]) {
      const answer = world.post(toolCall(1));
      await server.answerNext(message, 400);
      expect((await answer).headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      });
    }
  });
});

describe('attack 10: the era of a request', () => {
  const allowed = { ...toolCall(1), params: { name: 'read_note' } };

  it('decides nothing: what is denied in one is denied in the other', async () => {
    await expectRefused(
      world,
      [modernCall('secret'), rawBody(JSON.stringify(toolCall(1, 'secret')))].map((send, era) => ({
        what: ['modern', 'legacy'][era] ?? '',
        send,
        answer: [200, 'unknown_tool'] as const,
        recorded: 'tool_not_granted',
      })),
    );
  });

  it('is not what only half of the request says', async () => {
    const { body, headers } = modernCall('read_note');
    const legacy = JSON.stringify(allowed);
    await expectRefused(world, [
      { what: 'only the head', send: { body: legacy, headers }, answer: [400, 'missing_request_meta'] },
      { what: 'only the body', send: { body }, answer: [400, 'header_mismatch'] },
      {
        what: 'an older version in the head, as a middlebox would write it',
        send: { body, headers: ['MCP-Protocol-Version: 2025-11-25', ...headers.slice(1)] },
        answer: [400, 'header_mismatch'],
      },
      {
        what: 'initialize with a modern head',
        send: {
          body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}',
          headers: [`MCP-Protocol-Version: ${MODERN}`, 'Mcp-Method: initialize'],
        },
        answer: [400, 'missing_request_meta'],
      },
    ]);
  });

  it('is asked anew with every request, and nothing is kept of an answer', async () => {
    const records = await recordsOf(world, async () => {
      for (const [body, headers] of [
        [allowed, USER_1],
        [modernCall('read_note').message, MODERN_HEADERS],
        [allowed, USER_1],
      ] as const) {
        const answer = world.post(body, headers);
        await server.answerNext(resultOf('1'));
        expect((await answer).status).toBe(200);
      }
    });
    expect(records.map(({ era }) => era)).toEqual(['legacy', 'modern', 'legacy']);
  });

  it('does not open the session of another to a modern request', async () => {
    const initialized = world.post({ jsonrpc: '2.0', id: 1, method: 'initialize' });
    (await server.next())
      .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'victim' })
      .end(resultOf('1'));
    const victim = (await initialized).headers['mcp-session-id']?.toString() ?? '';
    const modern = { ...MODERN_HEADERS, ...USER_2, 'mcp-session-id': victim, 'mcp-name': 'delete_note' };
    const answer = world.post(modernCall('delete_note').message, modern);
    await server.answerNext(resultOf('1'));
    expect((await answer).status).toBe(200);
    expect(world.received[1]?.headers).not.toHaveProperty('mcp-session-id');
    expect((await world.post(allowed, { ...USER_2, 'mcp-session-id': victim })).status).toBe(404);
  });
});

describe('attack 32: cancellation', () => {
  const cancel = (requestId: unknown) => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId },
  });

  it('by closing the stream reaches the server, also of the request 0', async () => {
    const [stream, upstream] = await open(toolCall(0));
    const gone = new Promise((resolve) => upstream.on('close', resolve));
    const records = await recordsOf(world, async () => {
      stream.destroy();
      await gone;
    });
    expect(records.at(-1)).toMatchObject({ rpc_id: '0', reason: 'client_closed', outcome: 'cancelled' });
  });

  it('of somebody else’s request, or of none, goes nowhere', async () => {
    const [stream, upstream] = await open(toolCall(0));
    const records = await recordsOf(world, async () => {
      for (const [requestId, headers] of [
        [0, USER_2],
        [0, STRANGER],
        ['0', USER_1],
        [7, USER_1],
      ] as const) {
        expect((await world.post(cancel(requestId), headers)).status).toBe(202);
      }
    });
    expect(records).toMatchObject(
      Array(4).fill({ kind: 'notification', decision: 'deny', reason: 'unexpected_cancellation' }),
    );
    expect(world.received).toHaveLength(1);
    upstream.end(event(resultOf('0')));
    await stream.ended;
    expect(stream.text).toBe(event(resultOf('0')));
  });

  it('of one’s own request reaches the server', async () => {
    const [stream, upstream] = await open(toolCall(0));
    const cancelled = world.post(cancel(0));
    (await server.next()).writeHead(202).end();
    expect((await cancelled).status).toBe(202);
    expect(world.received[1]?.body).toContain('"requestId":0');
    upstream.end();
    await stream.ended;
  });
});
