// What the proxy takes when it does nothing, and when a thousand streams are open through it and rest.
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../context.ts';
import { callers, requestOf, type LoadRequest } from '../load/request.ts';
import { memory, type Memory } from '../proc/usage.ts';
import { median } from '../report.ts';
import { startProxy, type ProxyProgram } from './governed-proxy.ts';

const starts = 5;
const settleMs = 2_000;
const streamCount = 1_000;

export interface Footprint {
  readonly startMs: number;
  readonly idle: Memory;
  readonly anonStreamsMib: number;
}

/** A server that begins a stream for each call and leaves it open. */
async function startStreamingServer(): Promise<{ origin: string; close: () => void }> {
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const params = { progressToken: 1, progress: 1 };
    response.write(
      `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })}\n\n`,
    );
  });
  server.listen(0, '127.0.0.1', 4_096);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}

/** Resolves when the first event of the stream has arrived. */
function openStream(url: string, agent: Agent, { headers, body }: LoadRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200)
        reject(new Error(`a stream was refused with ${response.statusCode ?? 0}`));
      response.on('error', () => undefined);
      response.once('data', (chunk: Buffer) => {
        if (chunk.includes('notifications/progress')) resolve();
        else reject(new Error(`a stream began with ${chunk.toString().slice(0, 200)}`));
      });
    });
    // Closing the streams at the end breaks them all; that is expected and no longer waited for.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export async function measureFootprint(
  context: BenchContext,
  program: ProxyProgram,
  ingestUrl: string,
): Promise<Footprint> {
  const { processes, say } = context;
  const streaming = await startStreamingServer();
  const agent = new Agent({ keepAlive: false, maxSockets: streamCount });
  try {
    say(`starting the proxy ${starts} times`);
    const startTimes: number[] = [];
    for (let i = 1; i < starts; i += 1) {
      const { running, startMs } = await startProxy(context, program, streaming.origin, ingestUrl);
      startTimes.push(startMs);
      await processes.stop(running);
    }
    const proxy = await startProxy(context, program, streaming.origin, ingestUrl);
    startTimes.push(proxy.startMs);
    await sleep(settleMs);
    const idle = memory(proxy.running.pid);
    say(`opening ${streamCount} streams`);
    const requests = callers(streamCount).map(requestOf);
    for (const request of requests) await openStream(proxy.url, agent, request);
    await sleep(settleMs);
    const anonStreamsMib = memory(proxy.running.pid).anonMib;
    agent.destroy();
    await processes.stop(proxy.running);
    return { startMs: median(startTimes), idle, anonStreamsMib };
  } finally {
    agent.destroy();
    streaming.close();
  }
}
