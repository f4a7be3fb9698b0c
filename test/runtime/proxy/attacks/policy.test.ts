import { afterEach, describe, expect, it } from '@jest/globals';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openStreamAt } from '../harness/open-stream.ts';
import { STRANGER, USER_1, USER_2, policyContent, policyDocument } from '../harness/policy.ts';
import { renderPolicy } from '#policy/document.ts';
import { readEvents } from '#runtime/sentinel/ingest/read-events.ts';
import { readProxyConfig } from '#runtime/proxy/config.ts';
import { exchangeBytes, rawRequest } from '../harness/raw.ts';
import { World, type WorldOptions } from '../harness/world.ts';
import { rawBody, recordsOf } from './attempts.ts';
import { ScriptedServer, event, resultOf, toolCall } from './scripted-server.ts';

let world: World;
let server: ScriptedServer;
// Closing twice is closing once.
afterEach(() => world.close());

async function start(options: WorldOptions = {}): Promise<void> {
  server = new ScriptedServer();
  world = await World.start({ upstream: server.listener, ...options });
}

const WITH_SESSION = { ...USER_1, 'x-mcp-agent-session': 'live' };
const reasonOfCall = async (headers: Readonly<Record<string, string>> = USER_1) =>
  (await world.call('read_note', headers)).json.error?.data?.reason;

describe('attack 33: policy that changes, ages or lies', () => {
  it('a revoked session ends its open stream, its pending call, and whatever comes next', async () => {
    await start();
    const [stream, upstream] = await Promise.all([
      openStreamAt(world.url, toolCall(1), WITH_SESSION),
      server.nextStream(),
    ]);
    const pending = world.post(toolCall(2), WITH_SESSION);
    const unanswered = await server.next();
    const gone = Promise.all(
      [upstream, unanswered].map((call) => new Promise((ended) => call.on('close', ended))),
    );
    const records = await recordsOf(world, async () => {
      await world.setPolicy({
        sessions: policyContent().sessions.map((session) => ({ ...session, revoked: true })),
      });
      await Promise.all([stream.ended, pending, gone]);
      expect(await reasonOfCall(WITH_SESSION)).toBe('session_revoked');
    });
    expect(stream.text).toContain('"reason":"session_revoked"');
    expect((await pending).json).toMatchObject({ id: 2, error: { data: { reason: 'session_revoked' } } });
    expect(records.map(({ decision, reason, outcome }) => [decision, reason, outcome])).toEqual([
      ['deny', 'session_revoked', 'unknown'],
      ['deny', 'session_revoked', 'unknown'],
      ['deny', 'session_revoked', 'none'],
    ]);
    expect(world.received).toHaveLength(2);
  });

  it('an older, changed or broken policy is not taken; the last good one goes on until it is too old', async () => {
    let monotonicMs = 0;
    const aging = { policy: { ...policyContent().policy, maxStalenessSeconds: 60 } };
    world = await World.start({
      clock: { nowMs: () => Date.now(), monotonicMs: () => monotonicMs },
      policy: aging,
    });
    await world.setPolicy({
      ...aging,
      deniedToAll: [{ tool: 'read_note', grant: { namespace: 'team-a', name: 'no' } }],
    });
    for (const text of [
      renderPolicy(policyDocument(aging, 1)),
      renderPolicy(policyDocument(aging, 9)).replace('"user-2"', '"user-9"'),
      '{',
      '',
    ]) {
      await world.writePolicy(text);
      await world.until(
        async () => !(await world.page('/config/status')).text.includes('"last_reload_error":null'),
      );
      expect(await reasonOfCall()).toBe('tool_denied');
    }
    monotonicMs += 120_000;
    expect(await reasonOfCall()).toBe('policy_stale');
    expect(world.received).toEqual([]);
  });

  it('a clock that is set back makes no policy younger', async () => {
    let monotonicMs = 0;
    let nowMs = Date.now();
    world = await World.start({
      clock: { nowMs: () => nowMs, monotonicMs: () => monotonicMs },
      policy: { policy: { ...policyContent().policy, maxStalenessSeconds: 60 } },
    });
    await rm(path.join(world.folder, 'policy.json'));
    await world.until(
      async () => !(await world.page('/config/status')).text.includes('"last_reload_error":null'),
    );
    expect((await world.call('read_note')).json.result).toBeDefined();
    nowMs -= 86_400_000;
    monotonicMs += 120_000;
    expect(await reasonOfCall()).toBe('policy_stale');
  });
});

describe('attack 34: limits that are gone around', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['too_many_requests', { MAX_CONCURRENT_PER_SUBJECT: '1' }],
    ['subject_rate_exceeded', { SUBJECT_RATE_PER_MINUTE: '1', SUBJECT_RATE_BURST: '1' }],
  ])('a caller is the same under every session, tool, method, id and spelling: %s', async (reason, env) => {
    await start({ env });
    const first = world.post(toolCall(1));
    const held = await server.next();
    const records = await recordsOf(world, async () => {
      const attempts = [
        { headers: ['X-MCP-Agent-ID: agent-1', 'X-MCP-Agent-Session: live'] },
        { headers: ['X-MCP-Agent-ID: agent-1', 'Mcp-Session-Id: other'] },
        { headers: ['x-mcp-AGENT-id:   agent-1  '] },
        { headers: ['X-MCP-Agent-ID: agent-1', 'X-MCP-Team-ID:'] },
        { headers: ['X-MCP-Agent-ID: agent-1', 'X-Forwarded-For: 10.0.0.9'] },
        {
          ...rawBody('{"jsonrpc":"2.0","id":9,"method":"prompts/get"}'),
          headers: ['X-MCP-Agent-ID: agent-1'],
        },
        {
          line: 'GET /other HTTP/1.1',
          without: ['Content-Length'],
          body: '',
          headers: ['X-MCP-Agent-ID: agent-1'],
        },
      ];
      for (const attempt of attempts) {
        expect(await exchangeBytes(world.proxy.port, rawRequest(attempt))).toMatch(/^HTTP\/1\.1 429 /);
      }
    });
    expect(records).toMatchObject(Array(7).fill({ decision: 'deny', reason, status: 429 }));
    held.writeHead(200, { 'content-type': 'application/json' }).end(resultOf('1'));
    expect((await first).status).toBe(200);
    expect(world.received).toHaveLength(1);
  });
});

describe('attack 35: the record', () => {
  it('no text of a caller adds a line, a field or a label to it', async () => {
    await start();
    const evil = 'x\n{"level":"error"}\r\u001b[31m\u2028","decision":"allow';
    const before = world.logLines.length;
    const records = await recordsOf(world, async () => {
      await world.call(evil);
      await world.post({ jsonrpc: '2.0', id: evil, method: evil.slice(0, 20) });
      await world.post({
        jsonrpc: '2.0',
        id: 1,
        method: 'made/up',
        params: { _meta: { 'io.modelcontextprotocol/clientInfo': { name: evil } } },
      });
      await exchangeBytes(
        world.proxy.port,
        rawRequest({
          headers: ['traceparent: 00-"},{-b-01', 'X-MCP-Team-ID: "},{'],
          ...rawBody(JSON.stringify(toolCall(1, 'secret'))),
        }),
      );
    });
    expect(records.map(({ decision }) => decision)).toEqual(['deny', 'deny', 'deny', 'deny']);
    expect(records[0]?.tool_name).toBe(evil);
    expect(world.ingest.lines.every((line) => !/[\n\r]/.test(line))).toBe(true);
    for (const line of world.logLines.slice(before)) expect(line.trimEnd()).not.toMatch(/[\n\r\u001b]/);
    const metrics = (await world.page('/metrics')).text;
    expect(metrics).not.toContain('level');
    expect(metrics).not.toContain('made/up');
  });

  it('no text of a caller or of a server makes ingest refuse an event', async () => {
    await start();
    const cut = `${'x'.repeat(255)}😀`;
    const clientInfo = { name: cut, version: '1' };
    await recordsOf(world, async () => {
      const call = world.post({
        ...toolCall(1),
        params: { name: 'read_note', _meta: { 'io.modelcontextprotocol/clientInfo': clientInfo } },
      });
      const upstream = await server.nextStream();
      upstream.write('data: {"jsonrpc":"2.0","id":"\\ud800","method":"\\ud800"}\n\n');
      (await server.next()).writeHead(202).end();
      upstream.end(event(resultOf('1')));
      await call;
      await world.call(cut, { 'x-mcp-human-id': 'user-1', 'x-mcp-agent-session': 'x'.repeat(253) });
      await world.post({ jsonrpc: '2.0', id: '\u0001'.repeat(80), method: '\u0001'.repeat(128) });
    });
    const identity = { namespace: 'team-a', server: 'notes' };
    const problems = world.ingest.lines.map((line) => readEvents(Buffer.from(line), identity));
    expect(problems.filter(({ ok }) => !ok)).toEqual([]);
    expect(problems.length).toBeGreaterThanOrEqual(5);
  });

  it('no number of callers, tools, methods and ids makes more series', async () => {
    await start();
    const seriesOf = async (): Promise<number> => (await world.page('/metrics')).text.split('\n').length;
    const burst = (run: string) =>
      Promise.all(
        Array.from({ length: 40 }, async (_, at) => {
          await world.call(`${run}-${at}`, { 'x-mcp-human-id': `${run}-${at}` });
          await world.post({ jsonrpc: '2.0', id: `${run}-${at}`, method: `${run}/${at}` });
        }),
      );
    await burst('a');
    const before = await seriesOf();
    await burst('b');
    expect(await seriesOf()).toBe(before);
  });

  it('has an end for every beginning: denied, aborted, cut, failed', async () => {
    await start();
    const records = await recordsOf(world, async () => {
      await world.call('secret');
      const aborted = await Promise.all([openStreamAt(world.url, toolCall(1)), server.nextStream()]);
      aborted[0].destroy();
      await new Promise((resolve) => aborted[1].on('close', resolve));
      const lost = world.post(toolCall(2));
      (await server.next()).destroy();
      await lost;
    });
    expect(records.map(({ phase, reason }) => [phase, reason])).toEqual([
      ['complete', 'tool_not_granted'],
      ['decided', 'allowed'],
      ['finished', 'client_closed'],
      ['complete', 'upstream_lost'],
    ]);
  });

  it('holds neither arguments nor credentials, nor does a log or a page', async () => {
    await start();
    const hidden = 'hunter2-hidden';
    await recordsOf(world, async () => {
      const headers = { authorization: `Bearer ${hidden}`, cookie: hidden, 'x-api-key': hidden };
      await world.call('secret', { ...USER_1, ...headers }, { password: hidden });
      await world.send(
        'POST',
        '{',
        { ...USER_1, ...headers, 'content-type': 'application/json' },
        `${world.url}?token=${hidden}`,
      );
    });
    const pages = await Promise.all(['/metrics', '/config/status', '/ready'].map((page) => world.page(page)));
    const everything = [...world.ingest.lines, ...world.logLines, ...pages.map(({ text }) => text)].join(
      '\n',
    );
    expect(everything).not.toContain(hidden);
    const spool = path.join(world.folder, 'state/spool');
    expect((await readdir(spool)).length).toBeGreaterThan(0);
  });

  it('is numbered without a gap and chained while everybody is refused at once', async () => {
    await start();
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => world.call('secret', at % 2 === 0 ? USER_2 : STRANGER)),
    );
    await world.audit(100);
    expect(world.ingest.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(new Set(world.ingest.events.map(({ id }) => id)).size).toBe(100);
    expect((await world.page('/metrics')).text).not.toMatch(/audit_events_total\{result="lost"[^}]*\} [1-9]/);
  });
});

describe('attack 39: keys', () => {
  it('are read from the environment and files alone, and no problem with them shows them', () => {
    const read = readProxyConfig({
      UPSTREAM_URL: 'http://user:hunter2@127.0.0.1:1',
      POLICY_STREAM_URL: 'http://distributor:9443',
      ANALYTICS_API_KEY: 'hunter2',
      FORWARD_HEADERS: 'Transfer-Encoding',
    });
    expect(read.ok).toBe(false);
    const text = JSON.stringify(read);
    for (const variable of ['UPSTREAM_URL', 'POLICY_STREAM_URL', 'FORWARD_HEADERS'])
      expect(text).toContain(variable);
    expect(text).not.toContain('hunter2');
  });
});

describe('attack 40: text that runs in a browser', () => {
  it('comes as JSON or plain text that no browser takes for a page', async () => {
    await start();
    const script = '<script>alert(1)</script>';
    const page = world.call('read_note');
    (await server.next()).writeHead(500, { 'content-type': 'text/html' }).end(script);
    expect((await page).headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect((await world.call(script)).headers['content-type']).toBe('application/json');
  });
});
