import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpAcknowledgements } from '#runtime/operator/policy/http-acknowledgements.ts';
import { silentLog } from '#runtime/process/log.ts';

const NOTES = { namespace: 'team-a', name: 'notes' };
const OTHER = { namespace: 'team-b', name: 'other' };
const revision = `sha256:${'0'.repeat(64)}`;
const word = (podUid: string) => ({
  podUid,
  revision,
  inputs: { servers: '1', grants: '2', sessions: '3', tombstones: '0' },
  epoch: 0,
  auditDeliveredAt: '2026-01-01T12:00:00Z',
});
const lineOf = (server: typeof NOTES, ...pods: readonly string[]) =>
  JSON.stringify({ server, acknowledgements: pods.map(word) });
const SYNCED = '{"synced":true}';

/** Whoever collects acknowledgements, as a test wants it. */
class Collector {
  readonly streams: http.ServerResponse[] = [];
  /** Every path that was asked for. */
  readonly asked: string[] = [];
  /** Sent to each new stream. */
  greeting: readonly string[] = [];
  status = 200;
  private readonly server = http.createServer((request, response) => {
    this.asked.push(request.url ?? '');
    response.writeHead(this.status, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    if (this.status !== 200) {
      response.end('no');
      return;
    }
    this.streams.push(response);
    this.send(...this.greeting);
  });

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  send(...lines: readonly string[]): void {
    for (const each of lines) this.streams.at(-1)?.write(`${each}\n`);
  }

  cut(): void {
    this.streams.at(-1)?.destroy();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

interface Patience {
  readonly silenceMs?: number;
  readonly graceMs?: number;
}

async function follow(greeting: readonly string[], options: Patience = {}) {
  const collector = new Collector();
  collector.greeting = greeting;
  const url = await collector.start();
  const warnings: string[] = [];
  const log = {
    ...silentLog,
    warn: ({ error }: Readonly<Record<string, unknown>>) => warnings.push(String(error)),
  };
  const source = new HttpAcknowledgements({
    url: `${url}/`,
    log,
    backoff: { firstMs: 5, maxMs: 20 },
    graceMs: 0,
    ...options,
  });
  const told: string[] = [];
  const states: string[] = [];
  source.onChange(({ namespace, name }) => told.push(`${namespace}/${name}`));
  source.onStateChange(() => states.push(source.state));
  const end = new AbortController();
  const running = source.run(end.signal);
  stop = async () => {
    end.abort();
    await running;
    await collector.close();
  };
  return { collector, source, told, states, warnings };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what was waited for did not happen');
    await delay(5);
  }
}

const podsOf = (source: HttpAcknowledgements, server = NOTES) =>
  source.of(server).map(({ podUid }) => podUid);

describe('acknowledgements over HTTP', () => {
  it('are known of every server once all of them came, and follow every change', async () => {
    const { collector, source, told, states } = await follow([lineOf(NOTES, 'a', 'b'), lineOf(OTHER, 'c')]);
    await until(() => told.length === 2);
    expect([source.state, collector.asked]).toEqual(['disconnected', ['/acknowledgements']]);
    collector.send(SYNCED);
    await until(() => source.state === 'connected');
    expect(source.of(NOTES)).toEqual([word('a'), word('b')]);
    expect(podsOf(source, { namespace: 'team-a', name: 'unknown' })).toEqual([]);
    collector.send(lineOf(NOTES, 'd'), '', lineOf(OTHER));
    await until(() => told.length === 4);
    expect([podsOf(source), podsOf(source, OTHER)]).toEqual([['d'], []]);
    expect(told).toEqual(['team-a/notes', 'team-b/other', 'team-a/notes', 'team-b/other']);
    expect(states).toEqual(['connected']);
  });

  it('are read however the stream is cut into packets', async () => {
    const { collector, source } = await follow([]);
    await until(() => collector.streams.length === 1);
    for (const letter of `${lineOf({ ...NOTES, name: 'nötes' }, 'a')}\n${SYNCED}\n`) {
      collector.streams[0]?.write(letter);
      await delay(1);
    }
    await until(() => source.state === 'connected');
    expect(podsOf(source, { ...NOTES, name: 'nötes' })).toEqual(['a']);
  });

  it('are kept while the stream is away, and corrected when it is back', async () => {
    const { collector, source, states, told } = await follow([
      lineOf(NOTES, 'a'),
      lineOf(OTHER, 'c'),
      SYNCED,
    ]);
    await until(() => source.state === 'connected');
    collector.greeting = [lineOf(NOTES, 'b')];
    collector.cut();
    await until(() => podsOf(source)[0] === 'b' && states.length > 1);
    // The new stream has not said yet that this is all, so the other one is kept.
    expect([source.state, podsOf(source, OTHER)]).toEqual(['disconnected', ['c']]);
    told.length = 0;
    collector.send(SYNCED);
    await until(() => source.state === 'connected');
    expect([podsOf(source, OTHER), told]).toEqual([[], ['team-b/other']]);
    expect(states).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('count for a while after the stream ended, so that whoever collects them may be replaced unseen', async () => {
    const { collector, source, states } = await follow([lineOf(NOTES, 'a'), SYNCED], { graceMs: 10_000 });
    await source.whenHeard(10_000, AbortSignal.timeout(10_000));
    expect(source.state).toBe('connected');
    collector.cut();
    await until(() => collector.streams.length > 1);
    await delay(50);
    expect([states, podsOf(source)]).toEqual([['connected'], ['a']]);
  });

  it('are waited for no longer than one says', async () => {
    const { source } = await follow([]);
    await source.whenHeard(20, AbortSignal.timeout(10_000));
    expect(source.state).toBe('disconnected');
  });

  it('are asked for again while nobody is there, and while the answer is an error', async () => {
    const { collector, source, warnings } = await follow([SYNCED]);
    await until(() => source.state === 'connected');
    const { port } = collector;
    await collector.close();
    await until(() => warnings.some((text) => text.includes('fetch failed')));
    await until(() => source.state === 'disconnected');
    collector.status = 503;
    await collector.start(port);
    await until(() => warnings.some((text) => text.includes('HTTP 503')));
    collector.status = 200;
    await until(() => source.state === 'connected');
  });

  it('count as lost when nothing comes, not even a blank line', async () => {
    const { collector, source, warnings } = await follow([lineOf(NOTES, 'a'), SYNCED], { silenceMs: 150 });
    await until(() => source.state === 'connected');
    for (let at = 0; at < 10; at += 1) {
      collector.send('');
      await delay(30);
    }
    expect([source.state, collector.streams.length]).toEqual(['connected', 1]);
    await until(() => collector.streams.length > 1);
    expect(warnings.some((text) => text.includes('nothing came for 150 ms'))).toBe(true);
    expect(podsOf(source)).toEqual(['a']);
  });

  it.each([
    ['is no JSON', 'oops'],
    ['has another shape', '{"server":"notes"}'],
    ['has a revision that is none', lineOf(NOTES, 'a').replace(revision, 'v1')],
    ['is endless', 'x'.repeat(5 * 1024 * 1024)],
  ])('end with a line that %s, and begin again', async (_what, bad) => {
    const { collector, source, warnings } = await follow([lineOf(NOTES, 'a'), SYNCED]);
    await until(() => source.state === 'connected');
    collector.send(bad);
    await until(() => collector.streams.length === 2 && source.state === 'connected');
    expect(warnings).toHaveLength(1);
    expect(podsOf(source)).toEqual(['a']);
  });

  it('end when they are not wanted any more', async () => {
    const { source } = await follow([SYNCED]);
    await until(() => source.state === 'connected');
    await stop?.();
    stop = undefined;
    expect(source.state).toBe('disconnected');
  });
});
