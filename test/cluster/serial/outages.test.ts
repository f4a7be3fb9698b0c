// The API server goes and comes back, forgets what it knew, or can't be reached: the operator goes on where it was, or
// ends and is started again by whoever runs it, as the kubelet does; nothing that was changed meanwhile is missed.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aServer, goes, make } from '../harness/builders.ts';
import { cluster } from '../harness/cluster.ts';
import { COLLECTED, eventually } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { Relay } from './relay.ts';
import {
  Credentials,
  ended,
  isSettled,
  leader,
  leaders,
  LONG,
  metric,
  otherThan,
  startEnded,
  twoReady,
  works,
} from './replicas.ts';

const world = cluster();
const ns = namespace('outages');
const NAMES = ['one', 'two', 'three', 'four'];
/** Kinds that a replica follows; a relist of each is one list, as these are small. */
const KINDS = 20;

const listed = async (index: number) =>
  (await metric(index, 'mcp_operator_api_requests_total', 'verb="list"')) ?? 0;
const watched = async (index: number) =>
  (await metric(index, 'mcp_operator_api_requests_total', 'verb="watch"')) ?? 0;
const pidOf = async (index: number) => (await world.operators.get(index)).pid;

/** The first request after a restart may go to a connection that is no more. */
const apiServerAnswers = () =>
  eventually('the API server answers', () => world.list('MCPServer', ns).then(() => true), LONG);

const settled = (name: string) => eventually(`${name} is settled`, () => isSettled(ns, name), LONG);

beforeAll(async () => {
  await twoReady();
  await make(...NAMES.map((name) => aServer(ns, name, { gateway: { enabled: name !== 'four' } })));
  for (const name of NAMES) await settled(name);
});

afterAll(async () => {
  await apiServerAnswers();
  await world.operators.restartAll();
  await twoReady();
});

describe('an API server that restarts', () => {
  it('finds its watches again, and is not asked for everything more than once', async () => {
    const first = await twoReady();
    const second = otherThan(first);
    const pids = [await pidOf(0), await pidOf(1)];
    const before = { lists: await listed(second), watches: await watched(second) };
    const sinceMs = performance.now();
    await world.restartApiServer();
    const awayMs = performance.now() - sinceMs;
    await apiServerAnswers();
    await startEnded();
    await twoReady();
    await works(ns, 'one');
    expect(await pidOf(second)).toBe(pids[second]);
    // A leader gives up ten seconds after it last renewed, which is at most three before; a busy machine takes some.
    if (awayMs < 3_000) expect(await pidOf(first)).toBe(pids[first]);
    expect((await listed(second)) - before.lists).toBeLessThanOrEqual(KINDS);
    // Each kind tries again with growing pauses while the server is away.
    expect((await watched(second)) - before.watches).toBeLessThanOrEqual(KINDS * 8);
    expect((await watched(second)) - before.watches).toBeGreaterThanOrEqual(10);
  });

  it('outlives the lease when it takes long: who led ends with code 1, who waited goes on', async () => {
    const first = await twoReady();
    const second = otherThan(first);
    const pid = await pidOf(second);
    await world.stopApiServer();
    try {
      expect(await ended(first)).toEqual({ code: 1, signal: null });
      expect(await world.operators.health(second, 'healthz')).toBe(200);
      expect(await leaders()).toEqual([]);
    } finally {
      await world.startApiServer();
    }
    await apiServerAnswers();
    expect(await pidOf(second)).toBe(pid);
    await startEnded();
    await twoReady();
    await works(ns, 'one');
  });
});

describe('a network', () => {
  const credentials = new Credentials();
  let relay: Relay;
  let through: Readonly<Record<string, string>>;

  beforeAll(async () => {
    relay = await Relay.start(world.about.url);
    through = { KUBECONFIG: (await credentials.make(relay.url)).file };
  });

  beforeEach(() => relay.turn('pass'));

  afterAll(async () => {
    await world.operators.stopAll();
    await relay.stop();
    credentials.remove();
  });

  it('was cut while the API server forgot: what changed meanwhile is read again, and caught up with', async () => {
    await world.operators.restartAll(through);
    const first = await twoReady();
    const second = otherThan(first);
    const before = await listed(second);
    relay.turn('cut');
    await world.patch('MCPServer', 'two', ns, { spec: { image: 'registry.example.org/two:meanwhile' } });
    await world.delete('MCPServer', 'three', ns);
    await world.delete('Service', 'four', ns);
    await make(aServer(ns, 'five', { gateway: { enabled: true } }));
    await world.compact();
    await world.restartApiServer();
    await apiServerAnswers();
    expect(await ended(first)).toEqual({ code: 1, signal: null });
    relay.turn('pass');
    expect(await leader()).toBe(second);
    await settled('five');
    await eventually('the Service is there again', () => world.get('Service', 'four', ns), LONG);
    await eventually(
      'the image is the new one',
      async () => JSON.stringify(await world.must('Deployment', 'two', ns)).includes('two:meanwhile'),
      LONG,
    );
    // Kubernetes itself removes it, as soon as its own controllers have found the API server again.
    await goes('Deployment', ns, 'three', COLLECTED);
    // Told that its version is too old, or in doubt after so many tries in vain: either way it reads again. Not for
    // every change, and not for every failed try: once, or twice where its own list was too old at once.
    const lists = (await listed(second)) - before;
    expect(lists).toBeGreaterThan(0);
    expect(lists).toBeLessThanOrEqual(2 * KINDS);
  });

  it('hangs: who led gives up before the other leads, and works again when it is run again', async () => {
    await world.operators.stopAll();
    await world.operators.start(0, through);
    expect(await leader()).toBe(0);
    await world.operators.start(1);
    await twoReady();
    relay.turn('stall');
    await eventually(
      'the other leads',
      async () => {
        const now = await leaders();
        expect(now.length).toBeLessThanOrEqual(1);
        return now[0] === 1;
      },
      LONG,
    );
    expect(await ended(0)).toEqual({ code: 1, signal: null });
    await works(ns, 'one');
    relay.turn('pass');
    await world.operators.start(0, through);
    expect(await twoReady()).toBe(1);
    await world.operators.stop(1);
    expect(await leader()).toBe(0);
    await works(ns, 'one');
  });
});
