import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { ListenError, createPageServer, jsonPage, listen, textPage } from '#runtime/process/http.ts';

const servers: http.Server[] = [];

async function open(server: http.Server): Promise<string> {
  servers.push(server);
  return `http://127.0.0.1:${await listen(server, { variable: 'PORT', port: 0, host: '127.0.0.1' })}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

describe('createPageServer', () => {
  it('serves exact paths to GET and HEAD and nothing else', async () => {
    const errors: unknown[] = [];
    const pages = { '/ready': () => jsonPage(503, { ready: false }), '/health': () => textPage(200, 'ok') };
    const base = await open(createPageServer(pages, (error) => errors.push(error)));
    const ready = await fetch(`${base}/ready?x=1`);
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false }]);
    const head = await fetch(`${base}/health`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '2']);
    expect((await fetch(`${base}/health`, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${base}/toString`)).status).toBe(404);
    expect(errors).toEqual([]);
  });

  it('answers 500 without details when a page fails, and reports the error', async () => {
    const errors: unknown[] = [];
    const failing = { '/metrics': () => Promise.reject(new Error('secret detail')) };
    const base = await open(createPageServer(failing, (error) => errors.push(error)));
    const answer = await fetch(`${base}/metrics`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret detail');
    expect(errors).toHaveLength(1);
  });
});

describe('listen', () => {
  it('names variable, port and remedy when the port is in use', async () => {
    const first = await open(createPageServer({}, () => undefined));
    const port = Number(new URL(first).port);
    const second = http.createServer();
    const failed = listen(second, { variable: 'METRICS_PORT', port, host: '127.0.0.1' });
    await expect(failed).rejects.toThrow(ListenError);
    await expect(failed).rejects.toThrow(`METRICS_PORT=${port}: the port is in use. Stop the program`);
  });
});
