// The proxy as a process: started by its environment, killed and started again.
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { FIRST_PREV_HASH } from '#api/audit-event.ts';
import { PROXY_NODE_FLAGS } from '#api/proxy-config.ts';
import { renderPolicy } from '#policy/document.ts';
import { startIngest, type FakeIngest } from './harness/ingest.ts';
import { USER_1, policyDocument } from './harness/policy.ts';
import { listening, startProxyProcess, type ProxyProcess } from './harness/proxy-process.ts';

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Calls of it are answered by a stream, with a large result. */
const STREAMED = '/mcp?streamed';

/** Calls of it get no answer. */
const UNANSWERED = '/mcp?unanswered';

/** How often it asked for the collection of young garbage. */
const askedOf = (child: ProxyProcess): number =>
  child
    .output()
    .split('\n')
    .filter((line) => /Scavenge .*testing/.test(line)).length;

function start(env: Readonly<Record<string, string>>, flags: readonly string[] = []): ProxyProcess {
  const child = startProxyProcess(env, flags);
  ended.push(() => child.kill());
  return child;
}

async function surroundings(): Promise<{ env: Record<string, string>; ingest: FakeIngest; folder: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'proxy-main-'));
  ended.push(() => rmSync(folder, { recursive: true, force: true }));
  const ingest = await startIngest();
  ended.push(() => ingest.close());
  const upstream = http.createServer((request, response) => {
    request.resume();
    if (request.url === UNANSWERED) return;
    if (request.url === STREAMED) {
      const text = 'x'.repeat(64 * 1024);
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`data: {"jsonrpc":"2.0","id":1,"result":{"text":"${text}"}}\n\n`);
      return;
    }
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"jsonrpc":"2.0","id":1,"result":{}}');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  ended.push(() => upstream.close().closeAllConnections());
  const address = upstream.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  writeFileSync(path.join(folder, 'policy.json'), renderPolicy(policyDocument()));
  const env = {
    PORT: '0',
    METRICS_PORT: '0',
    BIND_ADDRESS: '127.0.0.1',
    UPSTREAM_URL: `http://127.0.0.1:${port}`,
    POLICY_FILE: path.join(folder, 'policy.json'),
    MCP_SERVER_NAME: 'notes',
    MCP_SERVER_NAMESPACE: 'team-a',
    STATE_DIR: path.join(folder, 'state'),
    ANALYTICS_INGEST_URL: ingest.url,
  };
  return { env, ingest, folder };
}

const call = (port: number, id: number, text = '', path = '/mcp'): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...USER_1 },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'delete_note', arguments: { text } },
    }),
  });

describe('the proxy as a process', () => {
  it('names every wrong variable and exits 1', async () => {
    const child = start({ PORT: 'x', UPSTREAM_URL: 'ftp://h' });
    expect(await child.exit).toBe(1);
    for (const name of [
      'PORT is \\"x\\"',
      'UPSTREAM_URL is',
      'MCP_SERVER_NAME is not set',
      'MCP_SERVER_NAMESPACE is not set',
    ]) {
      expect(child.output()).toContain(name);
    }
  });

  it('names the variable, the port and the remedy when the port is in use, and exits 1', async () => {
    const { env } = await surroundings();
    const taken = new URL(env['UPSTREAM_URL'] ?? '').port;
    const child = start({ ...env, PORT: taken });
    expect(await child.exit).toBe(1);
    expect(child.output()).toContain(`PORT=${taken}: the port is in use. Stop the program`);
  });

  it('names the folder when its state can not be kept, and exits 1', async () => {
    const { env } = await surroundings();
    const child = start({ ...env, STATE_DIR: path.join(import.meta.filename, 'state') });
    expect(await child.exit).toBe(1);
    expect(child.output()).toContain('main.test.ts/state');
  });

  it('gives back what reading its policy took, with the flags that an image has', async () => {
    const { env } = await surroundings();
    const child = start({ ...env, LOG_LEVEL: 'debug' }, PROXY_NODE_FLAGS);
    await listening(child);
    while (!child.output().includes('"What reading the policy took is given back."')) {
      expect(child.process.exitCode).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('frees the buffers of large bodies, and collects those of large events, with the flags of an image', async () => {
    const { env } = await surroundings();
    const child = start(env, [...PROXY_NODE_FLAGS, '--trace-gc']);
    const port = await listening(child);
    for (let calls = 0; calls < 80; calls += 1) {
      const answer = await call(port, 1, 'x'.repeat(64 * 1024));
      expect([answer.status, (await answer.text()).length]).toEqual([200, 36]);
    }
    expect(askedOf(child)).toBe(0);
    for (let calls = 0; calls < 80; calls += 1) {
      const answer = await call(port, 1, '', STREAMED);
      expect([answer.status, (await answer.text()).length]).toEqual([200, 65_589]);
    }
    while (askedOf(child) === 0) {
      expect(child.process.exitCode).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('takes large bodies where no code may be made at run time', async () => {
    const { env } = await surroundings();
    const port = await listening(start(env, ['--jitless']));
    const plain = 'x'.repeat(64 * 1024);
    for (const text of [plain, `${plain}\n${plain}`]) {
      const answer = await call(port, 1, text);
      expect([answer.status, await answer.text()]).toEqual([200, '{"jsonrpc":"2.0","id":1,"result":{}}']);
    }
    const wrong = await fetch(`http://127.0.0.1:${port}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...USER_1 },
      body: `{"jsonrpc":"2.0","id":1,"method":"${plain}\n"}`,
    });
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('"invalid_json"')]);
  });

  it('ends with 0 on SIGTERM, with what was said of a call that it could not wait for delivered', async () => {
    const { env, ingest } = await surroundings();
    const child = start({ ...env, DRAIN_MS: '300' });
    const waiting = call(await listening(child), 1, '', UNANSWERED);
    while (ingest.events.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.process.kill('SIGTERM');
    expect(await (await waiting).text()).toContain('"upstream_lost"');
    expect(await child.exit).toBe(0);
    expect(ingest.events.map(({ payload: { phase, reason } }) => [phase, reason])).toEqual([
      ['decided', 'allowed'],
      ['finished', 'draining'],
    ]);
  });

  it('ends with 0 on SIGTERM, with everything delivered', async () => {
    const { env, ingest } = await surroundings();
    const child = start(env);
    expect((await call(await listening(child), 1)).status).toBe(200);
    child.process.kill('SIGTERM');
    expect(await child.exit).toBe(0);
    expect(ingest.events.map(({ payload }) => payload.phase)).toEqual(['decided', 'finished']);
  });

  it('killed while ingest is away, loses no decision on a destructive call', async () => {
    const { env, ingest } = await surroundings();
    ingest.answer = () => 503;
    const first = start(env);
    const port = await listening(first);
    await Promise.all(Array.from({ length: 20 }, async (_, at) => (await call(port, at)).text()));
    first.process.kill('SIGKILL');
    await first.exit;
    ingest.answer = () => 202;
    const second = start(env);
    await listening(second);
    const decided = () => ingest.events.filter(({ payload }) => payload.phase === 'decided');
    while (decided().length < 20) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(decided().map(({ payload }) => payload.rpc_id)).size).toBe(20);
    expect(new Set(ingest.events.map(({ boot_epoch }) => boot_epoch))).toEqual(new Set([1]));
    expect((await call(await listening(second), 1)).status).toBe(200);
    while (!ingest.events.some(({ boot_epoch }) => boot_epoch === 2)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('killed in the middle of a load, has everything on record that it answered to, and gaps that show', async () => {
    const { env, ingest } = await surroundings();
    const first = start(env);
    const port = await listening(first);
    const answered = new Set<string>();
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      // Until the proxy is gone: then a call fails, and nobody knows of it.
      for (let count = 0; ; count += 1) {
        const id = caller * 100_000 + count;
        const response = await call(port, id).catch(() => undefined);
        const text = await response?.text().catch(() => undefined);
        if (text === undefined) return;
        answered.add(String(id));
      }
    });
    while (answered.size < 200 || ingest.events.length < 100)
      await new Promise((resolve) => setTimeout(resolve, 5));
    first.process.kill('SIGKILL');
    await first.exit;
    await Promise.all(callers);
    const second = start(env);
    expect((await call(await listening(second), 1)).status).toBe(200);
    while (!ingest.events.some(({ boot_epoch }) => boot_epoch === 2)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }

    const before = ingest.events.filter(({ boot_epoch }) => boot_epoch === 1);
    const once = new Map(before.map((event) => [`${event.id} ${event.payload.phase}`, event]));
    const decided = new Set(
      [...once.values()]
        .filter(({ payload }) => payload.phase === 'decided')
        .map(({ payload }) => payload.rpc_id),
    );
    expect([...answered].filter((id) => !decided.has(id))).toEqual([]);
    // What is there of the first life is its beginning, whole; what was in memory is missing behind it, and shows as calls
    // without an end.
    const seqs = [...once.values()].map(({ seq }) => seq).sort((a, b) => a - b);
    expect(seqs).toEqual(seqs.map((_, at) => at + 1));
    const finished = [...once.values()].filter(({ payload }) => payload.phase === 'finished');
    expect(finished.length).toBeLessThanOrEqual(decided.size);
    const hashes = new Map(
      ingest.events.flatMap(({ boot_epoch, seq }, at) =>
        boot_epoch === 1
          ? [
              [
                seq,
                createHash('sha256')
                  .update(ingest.lines[at] ?? '')
                  .digest('hex'),
              ],
            ]
          : [],
      ),
    );
    expect(
      before.filter(({ seq, prev_hash }) => prev_hash !== (hashes.get(seq - 1) ?? FIRST_PREV_HASH)),
    ).toEqual([]);
  });
});
