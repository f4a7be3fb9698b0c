import { afterEach, describe, expect, it } from '@jest/globals';
import { STRANGER, USER_1, USER_2, policyContent } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

describe('tools/call', () => {
  it('reaches the server unchanged when a grant allows it', async () => {
    world = await World.start();
    const text =
      '{ "id" : 7,"jsonrpc":"2.0", "method":"tools/call","params":{"arguments":{"é":1e2},"name":"read_note"}}';
    const answer = await world.post(text);
    expect(answer).toMatchObject({ status: 200, json: { id: 7, result: { did: 'tools/call' } } });
    expect(world.received).toMatchObject([{ method: 'POST', url: '/mcp', body: text }]);
    const [event] = await world.audit(1);
    expect(event).toMatchObject({
      kind: 'request',
      phase: 'complete',
      decision: 'allow',
      reason: 'allowed',
      outcome: 'answered',
      status: 200,
      rpc_method: 'tools/call',
      rpc_id: '7',
      tool_name: 'read_note',
      human_id: 'user-1',
      agent_id: 'agent-1',
      assurance: 'asserted',
      matched_grant: 'readers',
      bytes_in: Buffer.byteLength(text),
      era: 'legacy',
    });
  });

  it.each<[string, string, Readonly<Record<string, string>>, string, string, number]>([
    ['trust too low', 'add_note', USER_1, 'trust_too_low', 'trust_too_low', -32030],
    [
      'an unknown session',
      'read_note',
      { ...USER_1, 'x-mcp-agent-session': 'nope' },
      'session_not_found',
      'session_not_found',
      -32030,
    ],
    [
      'a revoked session',
      'read_note',
      { ...USER_1, 'x-mcp-agent-session': 'revoked' },
      'session_revoked',
      'session_revoked',
      -32030,
    ],
    [
      'an expired session',
      'read_note',
      { ...USER_1, 'x-mcp-agent-session': 'expired' },
      'session_expired',
      'session_expired',
      -32030,
    ],
    [
      'another’s session',
      'read_note',
      { ...USER_1, 'x-mcp-agent-session': 'team-a/other' },
      'session_not_found',
      'session_not_found',
      -32030,
    ],
    ['a tool nobody may know', 'secret', USER_1, 'tool_not_granted', 'unknown_tool', -32602],
    ['a tool that does not exist', 'nothing', USER_1, 'tool_not_granted', 'unknown_tool', -32602],
    ['a stranger', 'read_note', STRANGER, 'no_matching_grant', 'unknown_tool', -32602],
  ])(
    'is denied for %s with a JSON-RPC error that names the reason',
    async (_why, tool, headers, reason, shown, code) => {
      world = await World.start();
      const answer = await world.call(tool, headers);
      expect(answer.status).toBe(200);
      expect(answer.json.id).toBe(1);
      expect(answer.json.error?.code).toBe(code);
      expect(answer.json.error?.data).toMatchObject({
        reason: shown,
        revision: expect.stringMatching(/^sha256:/),
      });
      expect(answer.json.error?.data?.['traceId']).toMatch(/^[0-9a-f]{32}$/);
      expect(world.received).toEqual([]);
      const [event] = await world.audit(1);
      expect(event).toMatchObject({
        kind: 'request',
        decision: 'deny',
        reason,
        outcome: 'none',
        tool_name: tool,
      });
    },
  );

  it('tells the same of every tool that the caller may not know', async () => {
    world = await World.start();
    const [granted, missing] = [await world.call('secret'), await world.call('absent')];
    expect(granted.json.error?.message).toBe('Unknown tool: secret');
    expect(missing.json.error?.message).toBe('Unknown tool: absent');
    const anonymous = (answer: typeof granted) =>
      answer.text.replace(/"traceId":"\w+"/, '').replaceAll(/secret|absent/g, 'tool');
    expect(anonymous(granted)).toBe(anonymous(missing));
  });

  it('says what would be needed where the caller may know', async () => {
    world = await World.start();
    const answer = await world.call('add_note');
    expect(answer.json.error?.data).toMatchObject({ needed: { trust: 'high' }, httpStatus: 403 });
  });

  it('uses the caller’s own trace id', async () => {
    world = await World.start();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await world.call('add_note', {
      ...USER_1,
      traceparent: `00-${trace}-00f067aa0ba902b7-01`,
    });
    expect(answer.json.error?.data).toMatchObject({ traceId: trace });
    await world.audit(1);
    expect(world.ingest.events[0]?.trace_id).toBe(trace);
  });

  it('refuses a session that was idle for too long, and goes on counting from each use', async () => {
    let nowMs = Date.now();
    world = await World.start({
      clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() },
      policy: { session: { required: true, idleTimeoutSeconds: 60 } },
    });
    const headers = { ...USER_1, 'x-mcp-agent-session': 'live' };
    expect((await world.call('read_note', headers)).json.result).toBeDefined();
    nowMs += 50_000;
    expect((await world.call('read_note', headers)).json.result).toBeDefined();
    nowMs += 50_000;
    expect((await world.call('read_note', headers)).json.result).toBeDefined();
    nowMs += 61_000;
    expect((await world.call('read_note', headers)).json.error?.data?.reason).toBe('session_expired');
    expect((await world.call('read_note', headers)).json.error?.data?.reason).toBe('session_expired');
  });
});

/** A request of a revision without sessions, with its headers. */
function modern(method: string): [unknown, Readonly<Record<string, string>>] {
  const version = '2026-07-28';
  const _meta = { 'io.modelcontextprotocol/protocolVersion': version };
  const headers = { ...USER_1, 'mcp-protocol-version': version, 'mcp-method': method };
  return [{ jsonrpc: '2.0', id: 'a', method, params: { _meta } }, headers];
}

describe('other methods', () => {
  it.each(['resources/read', 'prompts/get', 'completion/complete', 'logging/setLevel', 'tasks/get'])(
    'denies %s',
    async (method) => {
      world = await World.start();
      const answer = await world.post({ jsonrpc: '2.0', id: 'a', method });
      expect(answer).toMatchObject({
        status: 200,
        json: { id: 'a', error: { data: { reason: 'method_not_allowed' } } },
      });
      expect(world.received).toEqual([]);
    },
  );

  it.each(['sampling/createMessage', 'Tools/call', 'subscriptions/listen', 'made/up'])(
    'finds no %s before 2026-07-28, and has the denial on record',
    async (method) => {
      world = await World.start();
      expect(await world.post({ jsonrpc: '2.0', id: 'a', method })).toMatchObject({
        status: 200,
        json: { id: 'a', error: { code: -32601, data: { reason: 'unknown_method', httpStatus: 404 } } },
      });
      expect(world.received).toEqual([]);
      expect(await world.audit(1)).toMatchObject([{ decision: 'deny', reason: 'method_not_allowed' }]);
    },
  );

  it.each(['logging/setLevel', 'resources/subscribe', 'tasks/result', 'roots/list', 'made/up'])(
    'finds no %s from 2026-07-28 on, with the status that is asked for',
    async (method) => {
      world = await World.start();
      const answer = await world.post(...modern(method));
      expect(answer).toMatchObject({
        status: 404,
        json: { id: 'a', error: { code: -32601, data: { reason: 'unknown_method', httpStatus: 404 } } },
      });
      expect(world.received).toEqual([]);
      expect(await world.audit(1)).toMatchObject([{ decision: 'deny', reason: 'method_not_allowed' }]);
    },
  );

  it.each(['resources/list', 'subscriptions/listen', 'tasks/update'])(
    'says from 2026-07-28 on that %s is closed',
    async (method) => {
      world = await World.start();
      expect(await world.post(...modern(method))).toMatchObject({
        status: 200,
        json: { id: 'a', error: { code: -32030, data: { reason: 'method_not_allowed' } } },
      });
    },
  );

  it.each(['initialize', 'ping', 'server/discover'])('lets %s pass', async (method) => {
    world = await World.start();
    expect((await world.post({ jsonrpc: '2.0', id: 1, method })).json.result).toEqual({ did: method });
  });

  it('passes an open notification and drops a denied one, both with 202', async () => {
    world = await World.start();
    const open = await world.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const denied = await world.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' });
    expect([open.status, open.text, denied.status, denied.text]).toEqual([202, '', 202, '']);
    expect(world.received).toHaveLength(1);
    expect(await world.audit(2)).toMatchObject([
      { kind: 'notification', decision: 'allow' },
      { kind: 'notification', decision: 'deny', reason: 'method_not_allowed' },
    ]);
  });
});

describe('identity', () => {
  it('is asked for with 401, a challenge and the headers that give it', async () => {
    world = await World.start();
    const answer = await world.call('read_note', {});
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('X-MCP-Human-ID');
    expect(answer.json).toMatchObject({
      id: null,
      error: {
        data: {
          reason: 'missing_identity',
          required_headers: ['X-MCP-Human-ID', 'X-MCP-Agent-ID', 'X-MCP-Team-ID'],
        },
      },
    });
    expect(await world.audit(1)).toMatchObject([
      { kind: 'refused', reason: 'missing_identity', status: 401 },
    ]);
  });

  it('goes upstream as the proxy understood it, and not as it was sent', async () => {
    world = await World.start();
    await world.call('read_note', {
      'X-Mcp-Human-Id': '  user-1 ',
      'x-mcp-team-id': '',
      authorization: 'Bearer t',
      cookie: 'a=b',
      'x-other': '1',
    });
    const [request] = world.received;
    expect(request?.headers).toMatchObject({
      'x-mcp-human-id': 'user-1',
      'content-type': 'application/json',
    });
    for (const name of ['x-mcp-team-id', 'x-mcp-agent-id', 'authorization', 'cookie', 'x-other']) {
      expect(request?.headers).not.toHaveProperty(name);
    }
    expect(request?.headers.forwarded).toMatch(/^for=127\.0\.0\.1;host="127\.0\.0\.1:\d+";proto=http$/);
    expect(request?.headers.host).not.toBe(`127.0.0.1:${world.proxy.port}`);
  });

  it('of headers counts for nothing where the server identifies nobody', async () => {
    const subject = { anonymous: true as const };
    const rule = {
      tool: 'read_note',
      deny: [],
      allow: [
        {
          grant: { namespace: 'team-a', name: 'all' },
          maxTrust: 'low' as const,
          requiredTrust: 'low' as const,
          sideEffects: ['read' as const],
        },
      ],
    };
    world = await World.start({
      policy: {
        auth: { ...policyContent().auth, mode: 'none' },
        subjects: [{ subject, rules: [rule], covers: [] }],
      },
    });
    expect((await world.call('read_note', USER_2)).json.result).toBeDefined();
    expect(world.received[0]?.headers).not.toHaveProperty('x-mcp-human-id');
    expect((await world.call('delete_note', USER_2)).json.error?.data?.reason).toBe('unknown_tool');
    expect((await world.audit(2)).map(({ assurance }) => assurance)).toEqual(['anonymous', 'anonymous']);
  });

  it.each(['oauth', 'mtls'] as const)('by %s is not there yet, so nobody gets in', async (mode) => {
    world = await World.start({
      policy: {
        auth: {
          ...policyContent().auth,
          mode,
          issuerUrl: 'https://id.example.org',
          trustDomain: 'example.org',
        },
      },
    });
    const answer = await world.call('read_note');
    expect(answer).toMatchObject({
      status: 503,
      json: { error: { data: { reason: 'policy_feature_missing' } } },
    });
    expect(world.received).toEqual([]);
  });
});

describe('observe mode', () => {
  const observe = {
    policy: {
      mode: 'observe' as const,
      defaultDecision: 'deny' as const,
      version: 'v1',
      maxStalenessSeconds: 86_400,
    },
  };

  it('lets everything pass and records what it would have denied', async () => {
    world = await World.start({ policy: observe });
    expect((await world.call('add_note')).json.result).toBeDefined();
    expect((await world.call('read_note', {})).json.result).toBeDefined();
    expect((await world.post({ jsonrpc: '2.0', id: 1, method: 'resources/list' })).json.result).toBeDefined();
    expect(await world.audit(3)).toMatchObject([
      { decision: 'would_deny', reason: 'trust_too_low', outcome: 'answered' },
      { decision: 'would_deny', reason: 'missing_identity' },
      { decision: 'would_deny', reason: 'method_not_allowed' },
    ]);
  });
});
