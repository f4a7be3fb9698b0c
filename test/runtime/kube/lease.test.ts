import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import { recordOf } from '#runtime/kube/json.ts';
import { LeaderElection, LEASES, type LeaderElectionOptions } from '#runtime/kube/lease.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { KeptLog, until } from './things.ts';

const KEY = { namespace: 'system', name: 'operator' };
const TIMES = { leaseDurationMs: 2_000, renewDeadlineMs: 1_200, retryPeriodMs: 50 };

describe('a leader election', () => {
  let server: FakeApiServer;
  let kube: KubeClient;
  const candidates: { readonly stop: AbortController; readonly run: Promise<unknown> }[] = [];

  beforeEach(async () => {
    server = await FakeApiServer.start([LEASES]);
    kube = new KubeClient(server.connection, { timeoutMs: 2_000 });
  });
  afterEach(async () => {
    server.fault = undefined;
    const left = candidates.splice(0);
    for (const { stop } of left) stop.abort();
    await Promise.all(left.map(({ run }) => run));
    await server.close();
    await kube.close();
  });

  function candidate(identity: string, options: Partial<LeaderElectionOptions> = {}) {
    const events: string[] = [];
    const log = new KeptLog();
    const election = new LeaderElection({
      kube,
      ...KEY,
      identity,
      log,
      times: TIMES,
      onStarted: (leading) => {
        events.push('started');
        leading.addEventListener('abort', () => events.push('ended'));
      },
      onLost: () => events.push('lost'),
      ...options,
    });
    const stop = new AbortController();
    const run = election.run(stop.signal);
    candidates.push({ stop, run });
    return { election, events, stop, run, log };
  }

  const spec = () => recordOf(server.get(LEASES, KEY)?.spec);
  const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('makes one of several the leader, who keeps the lease by renewing it', async () => {
    const [a, b] = [candidate('a'), candidate('b')];
    await until(() => a.election.leading || b.election.leading);
    await pass(2_300);
    expect([a.election.leading, b.election.leading].filter(Boolean)).toHaveLength(1);
    expect([...a.events, ...b.events]).toEqual(['started']);
    expect(spec().leaseTransitions).toBe(0);
  });

  it('hands the lease on at once when the leader stops', async () => {
    const a = candidate('a');
    await until(() => a.election.leading);
    const b = candidate('b');
    await until(() => b.election.holder === 'a');
    const before = performance.now();
    a.stop.abort();
    expect(await a.run).toBe('stopped');
    expect(a.events).toEqual(['started', 'ended']);
    await until(() => b.election.leading);
    expect(performance.now() - before).toBeLessThan(TIMES.leaseDurationMs / 2);
    expect(spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('hands the lease on although it was stopped in the middle of a renewal', async () => {
    const a = candidate('a');
    await until(() => a.election.leading);
    const renewing = Promise.withResolvers<undefined>();
    server.fault = ({ method }) => {
      if (method !== 'PUT') return undefined;
      // The server writes it, and the answer is never heard.
      const lease = server.get(LEASES, KEY);
      if (lease !== undefined)
        server.put(LEASES, { ...lease, spec: { ...spec(), renewTime: '2026-01-01T00:00:00.000000Z' } });
      server.fault = undefined;
      renewing.resolve(undefined);
      return 'hang';
    };
    await renewing.promise;
    a.stop.abort();
    expect(await a.run).toBe('stopped');
    expect(spec().holderIdentity).toBe('');
  });

  it('keeps the lease until what it leads has ended', async () => {
    const work = Promise.withResolvers<undefined>();
    const a = candidate('a', { onStarted: () => work.promise.then(() => undefined) });
    await until(() => a.election.leading);
    a.stop.abort();
    await pass(100);
    expect(spec().holderIdentity).toBe('a');
    work.resolve(undefined);
    await a.run;
    expect(spec().holderIdentity).toBe('');
  });

  it('takes over from one that died, after its lease went unrenewed as this process saw it', async () => {
    // The dead one's clock was far ahead: only the time that passes here counts.
    server.put(LEASES, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: KEY,
      spec: {
        holderIdentity: 'dead',
        leaseDurationSeconds: 1,
        renewTime: '2099-01-01T00:00:00.000000Z',
        leaseTransitions: 4,
      },
    });
    const before = performance.now();
    const a = candidate('a');
    await until(() => a.election.leading);
    expect(performance.now() - before).toBeGreaterThanOrEqual(1_000);
    expect(spec()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
  });

  it('gives up before others may take over, where it can not renew', async () => {
    const a = candidate('a');
    await until(() => a.election.leading);
    server.fault = () => 'hang';
    const before = performance.now();
    expect(await a.run).toBe('lost');
    expect(performance.now() - before).toBeLessThan(TIMES.leaseDurationMs);
    expect(a.events).toEqual(['started', 'ended', 'lost']);
    expect(a.election.leading).toBe(false);
  });

  it('is certain of its lease only for as long as it has renewed it in time, whatever else it knows', async () => {
    let frozenMs = 0;
    const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() + frozenMs };
    const a = candidate('a', { clock });
    expect(a.election.isCertain).toBe(false);
    await until(() => a.election.leading);
    expect(a.election.isCertain).toBe(true);
    // As for a process that was stopped and goes on, before any of its timers has run.
    frozenMs = TIMES.renewDeadlineMs;
    expect([a.election.leading, a.election.isCertain]).toEqual([true, false]);
    expect(await a.run).toBe('lost');
    expect(a.election.isCertain).toBe(false);
  });

  it('outlives a server that is away for less than the deadline', async () => {
    const a = candidate('a');
    await until(() => a.election.leading);
    server.fault = () => ({ status: 503 });
    await pass(150);
    server.fault = undefined;
    await pass(500);
    expect(a.election.leading).toBe(true);
    expect(a.events).toEqual(['started']);
  });

  it('has lost when somebody else has the lease, even if that one is silent by now', async () => {
    const a = candidate('a');
    await until(() => a.election.leading);
    const lease = server.get(LEASES, KEY);
    if (lease !== undefined)
      server.put(LEASES, { ...lease, spec: { ...spec(), holderIdentity: 'b', leaseDurationSeconds: 0 } });
    expect(await a.run).toBe('lost');
    expect(spec().holderIdentity).toBe('b');
  });

  it('makes the lease anew where it was deleted under it', async () => {
    const a = candidate('a');
    await until(() => a.election.leading);
    server.remove(LEASES, KEY);
    await until(() => spec().holderIdentity === 'a');
    expect(a.election.leading).toBe(true);
  });

  it('gives the lease up where what it leads has failed', async () => {
    const a = candidate('a', { onStarted: () => Promise.reject(new Error('broken')) });
    expect(await a.run).toBe('lost');
    expect(spec().holderIdentity).toBe('');
    expect(a.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});
