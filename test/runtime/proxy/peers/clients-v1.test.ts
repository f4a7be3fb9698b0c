// The reference server of the protocol in three replicas behind what knows nothing of sessions, called by the official
// client of version 1: calls, notifications, and a rollout that replaces a pod under load.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { USER_1, policyContent } from '../harness/policy.ts';
import { SessionCaller, longSession, shortSessions } from '../harness/session-callers.ts';
import { Replicas } from './replicas.ts';
import { RoundRobin } from './round-robin.ts';

jest.setTimeout(120_000);

const EVERYTHING = 'node_modules/@modelcontextprotocol/server-everything/dist/index.js';
const TOOLS = ['echo', 'toggle-simulated-logging'];

const children: ChildProcess[] = [];
let replicas: Replicas;
let front: RoundRobin;
const target = () => ({ url: front.url, headers: USER_1 });

/** A port that nobody has, as far as anybody can know. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Starts the server. Resolves to its port once it listens. */
async function everything(): Promise<number> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port) };
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('listening')) resolve();
    });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code ?? 'a signal'}`)));
  });
  return port;
}

beforeAll(async () => {
  const ports = await Promise.all([everything(), everything(), everything()]);
  const [granted] = policyContent().subjects;
  const allow = granted?.rules[0]?.allow ?? [];
  replicas = await Replicas.start({
    count: 3,
    upstream: (number) => (incoming, response) => {
      // The replicas come with a server in this process; here it only stands before the real one.
      const { method, url: path, headers } = incoming;
      const onward = request({ host: '127.0.0.1', port: ports[number], method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      incoming.pipe(onward);
    },
    env: { DRAIN_MS: '12000' },
    policy: {
      tools: TOOLS.map((name) => ({ name, requiredTrust: 'low', sideEffect: 'read', riskLevel: 'low' })),
      subjects: [
        { subject: { human: 'user-1' }, rules: TOOLS.map((tool) => ({ tool, deny: [], allow })), covers: [] },
      ],
    },
  });
  front = await RoundRobin.start(replicas.worlds.map(({ proxy }) => proxy.port));
});
afterAll(async () => {
  await front.close();
  await replicas.close();
  for (const child of children) child.kill();
});

async function callers(count: number): Promise<readonly SessionCaller[]> {
  const all: SessionCaller[] = [];
  for (let each = 0; each < count; each += 1) all.push(await SessionCaller.connect(target()));
  return all;
}

describe('the official client of version 1, before three replicas', () => {
  it('has all its calls answered', async () => {
    const all = await callers(6);
    const words: string[] = [];
    for (let each = 0; each < 9; each += 1) {
      words.push(...(await Promise.all(all.map((caller) => caller.call()))));
    }
    for (const caller of all) words.push(await caller.end());
    expect(new Set(words)).toEqual(new Set(['allowed']));
    expect((await replicas.handovers(0))['answered']).toBeGreaterThan(0);
  });

  it('hears what the server has to say', async () => {
    const all = await callers(6);
    for (const caller of all) expect(await caller.tool('toggle-simulated-logging')).toBe('allowed');
    const heard = () => all.every((caller) => caller.heard > 0);
    while (!heard()) await new Promise((resolve) => setTimeout(resolve, 50));
    for (const caller of all) expect(await caller.end()).toBe('allowed');
  });

  it('notices nothing of a pod that ends, but where its session is longer than that takes', async () => {
    const over = new AbortController();
    const all = front.ports;
    const leaving = replicas.at(0);
    const begun = () =>
      leaving.received.filter(({ body }) => body.includes('notifications/initialized')).length;
    const before = begun();
    front.ports = all.slice(0, 1);
    const anew = Array.from({ length: 6 }, () => Promise.withResolvers<undefined>());
    const long = anew.map(({ resolve }) => longSession(target(), over.signal, () => resolve(undefined)));
    await leaving.until(() => begun() === before + long.length);
    front.ports = all;
    const short = Array.from({ length: 4 }, () => shortSessions(target(), 1_000, over.signal));
    await leaving.until(() => begun() > before + long.length);
    // As a rollout does it: nobody new is sent there, then it is told.
    front.ports = all.slice(1);
    await leaving.proxy.close(AbortSignal.timeout(60_000));
    // Nobody notices before the next call.
    await Promise.all(anew.map(({ promise }) => promise));
    over.abort();
    const stays = await Promise.all([...short, ...long]);
    expect(stays.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const { begunAnew } of stays) expect(begunAnew).toBeGreaterThan(0);
  });
});
