import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { openLoop, quantile } from '#bench/load/open-loop.ts';
import { caller, requestOf } from '#bench/load/request.ts';
import { readSummary, wrkScript } from '#bench/load/wrk.ts';

describe('quantile', () => {
  it('is the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([50, 99, 100]);
    expect(quantile([], 0.5)).toBe(0);
  });
});

describe('a measured call', () => {
  it('has twelve headers on the wire, and a body that says the same as they do', async () => {
    const server = createServer((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const { headers, body } = requestOf(caller(7));
    const answer = await request(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
    const raw: unknown = await answer.body.json();
    server.close();
    server.closeAllConnections();
    // undici names the connection's keep-alive besides.
    const names = Array.isArray(raw) ? raw.filter((_, i) => i % 2 === 0 && raw[i] !== 'connection') : [];
    expect(names).toHaveLength(12);
    expect(JSON.parse(body)).toMatchObject({
      method: headers['Mcp-Method'],
      params: { name: headers['Mcp-Name'] },
    });
  });
});

describe('the script of wrk', () => {
  it('holds every request, with quotes and backslashes as Lua wants them', () => {
    const script = wrkScript([{ headers: { 'X-A': 'say "hi"' }, body: '{"a":"\\n"}' }]);
    expect(script).toContain(String.raw`{["X-A"]="say \"hi\""}, "{\"a\":\"\\n\"}"`);
  });
});

describe('the summary of wrk', () => {
  it('is read from among its other output', () => {
    const line =
      '{"requests":1000,"durationUs":2000000,"p50Us":150,"p99Us":2500,"badStatus":3,"socketErrors":1}';
    expect(readSummary(`Running 2s test\n${line}\n`)).toEqual({
      requests: 1_000,
      requestsPerSecond: 500,
      p50Ms: 0.15,
      p99Ms: 2.5,
      failures: 4,
    });
  });

  it('that is missing is an error with what was said instead', () => {
    expect(() => readSummary('unable to connect')).toThrow('unable to connect');
  });
});

describe('the open loop', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  async function serve(answer: (count: number) => Promise<number>): Promise<string> {
    let count = 0;
    const own = createServer((request, response) => {
      request.resume();
      count += 1;
      void answer(count).then((status) => response.writeHead(status).end());
    });
    server = own;
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    const address = own.address();
    return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/mcp`;
  }

  const load = {
    requests: [requestOf(caller(0))],
    perSecond: 200,
    seconds: 1,
    connections: 1,
    warmUpSeconds: 0,
  };

  it('sends the rate it is asked for, to the last request', async () => {
    const url = await serve(() => Promise.resolve(200));
    expect(await openLoop({ ...load, url })).toMatchObject({ requests: 200, failures: 0 });
  });

  it('charges a server that stalls for what had to wait, not only for the request that it held', async () => {
    const url = await serve(async (count) => {
      if (count === 1) await sleep(400);
      return 200;
    });
    // One connection, held for 0.4 s at 200 requests/s: some eighty requests wait, the median is not touched.
    const { p99Ms } = await openLoop({ ...load, url });
    expect(p99Ms).toBeGreaterThan(200);
  });

  it('counts refusals as failures and gives them no latency', async () => {
    const url = await serve((count) => Promise.resolve(count % 2 === 0 ? 503 : 200));
    expect(await openLoop({ ...load, url })).toMatchObject({ requests: 100, failures: 100 });
  });
});
