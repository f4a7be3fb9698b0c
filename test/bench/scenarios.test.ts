import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { callers } from '#bench/load/request.ts';
import { freePort, Processes } from '#bench/proc/processes.ts';
import {
  eventAnswer,
  largeAnswer,
  largeArguments,
  largeEvent,
  largeResult,
  oneEvent,
  requestsOf,
  smallJson,
} from '#bench/proxy/shape.ts';
import { ClientMessageReader } from '#runtime/proxy/json/client-message.ts';
import { ServerMessageReader } from '#runtime/proxy/json/server-message.ts';
import { bundleProgram } from '#scripts/bundle.ts';

describe('the calls that candidates are compared with', () => {
  it.each([smallJson, oneEvent, largeArguments, largeResult, largeEvent])(
    'are governed ones: $name',
    (shape) => {
      const requests = requestsOf(shape, callers(1_000));
      const read = new ClientMessageReader().read(Buffer.from(requests[0]?.body ?? ''));
      expect(read).toMatchObject({ ok: true, message: { method: 'tools/call', modern: true } });
      expect(requests.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(6 * 1024 * 1024);
    },
  );

  it('are answered with one message each, as an event and with a megabyte too', () => {
    const reader = new ServerMessageReader();
    const event = eventAnswer.split('\n')[1]?.replace('data: ', '') ?? '';
    const { before, after, block, repeated } = largeAnswer;
    const large = before + block.repeat(repeated[0] * repeated[1]) + after;
    expect(large.length).toBeGreaterThan(1024 * 1024);
    for (const text of [event, large]) {
      expect(reader.read(Buffer.from(text))).toMatchObject({ kind: 'response', id: '1' });
    }
  });
});

describe('the bare proxy of the bench', () => {
  let folder: string;
  let processes: Processes;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bare-'));
    processes = new Processes(folder);
  });
  afterEach(async () => {
    await processes.stopAll();
    rmSync(folder, { recursive: true });
  });

  async function started(program: string, env: Readonly<Record<string, string>>): Promise<string> {
    const port = await freePort();
    const running = processes.start({
      name: `program-${port}`,
      command: [process.execPath, program],
      core: 0,
      env: { ...env, PORT: String(port) },
    });
    await processes.ready(running, `http://127.0.0.1:${port}/ready`);
    return `http://127.0.0.1:${port}`;
  }

  it('forwards path, headers and body, and brings back status, headers and body', async () => {
    const echo = path.join(folder, 'echo.mjs');
    writeFileSync(echo, ECHO);
    const origin = await started(echo, {});
    const bare = await bundleProgram('bench/proxy/bare-program.ts', path.join(folder, 'bare.mjs'));
    const url = await started(bare, { UPSTREAM_URL: origin });
    const answer = await fetch(`${url}/events?a=b`, {
      method: 'POST',
      headers: { 'X-A': 'b' },
      body: 'hello',
    });
    expect([answer.status, answer.headers.get('x-echo')]).toEqual([202, 'yes']);
    expect(await answer.json()).toEqual(['/events?a=b', 'b', 'hello']);
  });
});

const ECHO = `
import http from 'node:http';
http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const text = JSON.stringify([request.url, request.headers['x-a'], body]);
    response.writeHead(request.method === 'POST' ? 202 : 200, { 'x-echo': 'yes', 'content-length': text.length });
    response.end(text);
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
`;
