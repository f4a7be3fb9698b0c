// Two replicas, of which one works: who that is when one is killed, ended or frozen, and when neither may work because
// an operator of the Go system does, or because the schemas in the cluster are not theirs.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SCHEMA_DIGEST_ANNOTATION } from '#api/crd.ts';
import { aServer, make } from '../harness/builders.ts';
import { cluster } from '../harness/cluster.ts';
import { eventually, stays, until } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at } from '../harness/objects.ts';
import { watching } from '../harness/watching.ts';
import {
  changesSince,
  Credentials,
  ended,
  holder,
  isSettled,
  leader,
  leaders,
  LEASE,
  lineOf,
  LONG,
  metric,
  otherThan,
  readiness,
  startEnded,
  twoReady,
  works,
} from './replicas.ts';

const world = cluster();
const platform = world.about.operator.namespace;
const ns = namespace('leadership');
const names = ['anna', 'berta', 'clara', 'dora', 'emma'];

const nameOf = async (index: number) => (await world.operators.get(index)).name;
/** What is done on the way of a lease: the time for a busy machine is beside it. */
const SLOW_MS = 45_000;

beforeAll(async () => {
  await twoReady();
  await make(...names.map((name) => aServer(ns, name)));
  for (const name of names) await eventually(`${name} is ready`, () => isSettled(ns, name), LONG);
});

afterAll(async () => {
  await twoReady();
});

describe('of two replicas', () => {
  it('one leads and works, the other waits, and both are ready', async () => {
    const first = await twoReady();
    const second = otherThan(first);
    expect(await holder()).toBe(await nameOf(first));
    expect([await metric(first, 'mcp_operator_leader'), await metric(second, 'mcp_operator_leader')]).toEqual(
      [1, 0],
    );
    expect([await readiness(first), await readiness(second)]).toEqual(['200 ok', '200 ok']);
    await works(ns, 'anna');
    expect(await metric(first, 'mcp_operator_reconciles_total')).toBeGreaterThan(0);
    expect((await metric(second, 'mcp_operator_reconciles_total')) ?? 0).toBe(0);
  });

  it('the other works within the duration of the lease when the one is killed', async () => {
    const first = await twoReady();
    const second = otherThan(first);
    const before = performance.now();
    await world.operators.kill(first);
    // Until it expires it is his who holds it, dead or not.
    expect(await holder()).toBe(await nameOf(first));
    expect(await leader()).toBe(second);
    // Its 15 seconds, a look every 2.4, and what a machine may take.
    expect(performance.now() - before).toBeLessThan(18_000 + SLOW_MS);
    await works(ns, 'anna');
    await world.operators.start(first);
    expect(await twoReady()).toBe(second);
  });

  it('the other works at once when the one is asked to end', async () => {
    const first = await twoReady();
    const transitions = async () =>
      Number(at(await world.must('Lease', LEASE, platform), 'spec', 'leaseTransitions'));
    const before = await transitions();
    const holders = await watching(world, `lease/${LEASE}`, platform, '{.spec.holderIdentity}');
    expect(await world.operators.stop(first)).toEqual({ code: 0, signal: null });
    expect(await leader()).toBe(otherThan(first));
    // Given back, so that nobody had to wait for the rest of its 15 seconds.
    const given = [await nameOf(first), '', await nameOf(otherThan(first))];
    await until(
      'the lease was given back',
      () => holders.values,
      (seen) => JSON.stringify(seen) === JSON.stringify(given),
    );
    await holders.stop();
    expect(await transitions()).toBe(before + 1);
    await works(ns, 'anna');
  });
});

describe('a leader that froze for longer than its lease', () => {
  const credentials = new Credentials();

  afterEach(async () => {
    for (const index of [0, 1]) await world.operators.signal(index, 'SIGCONT');
    await world.operators.restartAll();
    credentials.remove();
  });

  it('ends when it wakes, with code 1, and has written nothing after the other took over', async () => {
    const own = [await credentials.make(), await credentials.make()] as const;
    await world.operators.stopAll();
    for (const index of own.keys())
      await world.operators.start(index, { KUBECONFIG: own[index]?.file ?? '' });
    const first = await twoReady();
    const second = otherThan(first);
    const mark = world.audit.mark();
    // So that it has work in hand when it freezes, and more to do when it wakes.
    await Promise.all(
      names.map((name) => world.patch('MCPServer', name, ns, { spec: { image: `${name}.example.org/a:2` } })),
    );
    await world.operators.signal(first, 'SIGSTOP');
    await eventually('the other leads', async () => (await leaders()).includes(second), LONG);
    for (const name of names) await works(ns, name);
    await world.operators.signal(first, 'SIGCONT');
    expect(await ended(first)).toEqual({ code: 1, signal: null });
    expect(await world.operators.log(first)).toMatch(/The lease was lost: another replica works now/);
    const events = world.audit.read({ user: world.operatorUser, writes: true, since: mark });
    const of = (index: number) => events.filter(({ credential }) => credential === own[index]?.credential);
    const takenOver = of(second).find(({ resource }) => resource === 'leases');
    expect(takenOver).toBeDefined();
    expect(of(second).filter(({ resource }) => resource === 'deployments').length).toBeGreaterThanOrEqual(5);
    const late = of(first).filter((event) => event.at > (takenOver?.at ?? ''));
    expect(late.map(lineOf)).toEqual([]);
    await works(ns, 'anna');
  });
});

describe('beside an operator of the Go system', () => {
  const name = 'mcp-runtime-operator.mcpruntime.org';
  const alive = new AbortController();
  let renewing: Promise<void> | undefined;

  const spec = () => ({
    holderIdentity: 'go-manager_1',
    leaseDurationSeconds: 15,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  });

  async function renew(): Promise<void> {
    while (!alive.signal.aborted) {
      await world.patch('Lease', name, platform, { spec: spec() });
      await sleep(2_000, undefined, { signal: alive.signal }).catch(() => undefined);
    }
  }

  afterAll(async () => {
    alive.abort();
    await renewing;
    await world.delete('Lease', name, platform);
    await twoReady();
  });

  it('none of ours works: the one that did ends, and those that start wait and say why', async () => {
    const first = await twoReady();
    await make({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: platform },
      spec: spec(),
    });
    renewing = renew();
    expect(await ended(first)).toEqual({ code: 1, signal: null });
    const mark = world.audit.mark();
    await make(aServer(ns, 'frida'));
    // The one that takes over finds it before it does anything.
    expect(await ended(otherThan(first))).toEqual({ code: 1, signal: null });
    await startEnded();
    for (const index of [0, 1]) {
      await eventually(`operator ${index} waits`, async () => {
        expect(await readiness(index)).toMatch(/^503 .*go-manager_1.*mcp-runtime-operator\.mcpruntime\.org/);
        return true;
      });
      expect(await world.operators.health(index, 'healthz')).toBe(200);
    }
    await stays('nobody works', async () => (await leaders()).length === 0, { forMs: 12_000, everyMs: 500 });
    expect(changesSince(mark).map(lineOf)).toEqual([]);
    expect(await world.get('Deployment', 'frida', ns)).toBeUndefined();
  });

  it('one of ours works once that lease is stale', async () => {
    alive.abort();
    await renewing;
    await eventually('the new server is ready', () => isSettled(ns, 'frida'), LONG);
    await twoReady();
    expect(await world.get('Lease', name, platform)).toBeDefined();
  });
});

describe('where a definition has the schema of another version', () => {
  const definition = 'mcpaccessgrants.mcpruntime.org';
  const annotate = (digest: unknown) =>
    world.patch('CustomResourceDefinition', definition, undefined, {
      metadata: { annotations: { [SCHEMA_DIGEST_ANNOTATION]: digest } },
    });
  const says = (index: number, wanted: RegExp) =>
    eventually(`operator ${index} says ${wanted.source}`, async () => wanted.test(await readiness(index)));

  it('no replica is ready, each names the definition, and both are ready again when it is put back', async () => {
    await twoReady();
    const live = await world.must('CustomResourceDefinition', definition);
    const digest = at(live, 'metadata', 'annotations', SCHEMA_DIGEST_ANNOTATION);
    expect(digest).toMatch(/^sha256:/);
    try {
      await annotate('sha256:of-an-older-version');
      for (const index of [0, 1])
        await says(index, /^503 .*mcpaccessgrants\.mcpruntime\.org.*apply the crds/);
      for (const index of [0, 1]) expect(await world.operators.health(index, 'healthz')).toBe(200);
    } finally {
      await annotate(digest);
    }
    for (const index of [0, 1]) await says(index, /^200 ok/);
  });
});
