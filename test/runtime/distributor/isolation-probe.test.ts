import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { connect } from '#runtime/distributor/probe/connect.ts';
import { IsolationProbe, type ProbeTarget } from '#runtime/distributor/probe/isolation-probe.ts';
import { NOTES } from './build.ts';

const target = (podUid: string): ProbeTarget => ({ server: NOTES, podUid, address: podUid, port: 8088 });

/** Pods by uid, and which of their ports answer. */
function place(open: Readonly<Record<string, readonly number[]>>) {
  const results: string[] = [];
  const attempts: string[] = [];
  const state = { nowMs: 0, ready: new Set(Object.keys(open)), atOnce: 0, mostAtOnce: 0 };
  const probe = new IsolationProbe({
    pods: () => Object.keys(open),
    targetOf: (uid) => (state.ready.has(uid) ? target(uid) : undefined),
    connect: async (address, port) => {
      attempts.push(`${address}:${port}`);
      state.mostAtOnce = Math.max(state.mostAtOnce, (state.atOnce += 1));
      await Promise.resolve();
      state.atOnce -= 1;
      return open[address]?.includes(port) === true;
    },
    onResult: ({ podUid }, reachable) => results.push(`${podUid} ${reachable ? 'open' : 'closed'}`),
    clock: { nowMs: () => state.nowMs, monotonicMs: () => state.nowMs },
  });
  return { probe, results, attempts, state };
}

const never = new AbortController().signal;

describe('the probe of isolation', () => {
  it('tells who can be reached past the proxy, and nothing where the proxy itself can not', async () => {
    const { probe, results } = place({ open: [9103, 8088], closed: [9103], unreachable: [8088] });
    await probe.round(never);
    expect(results.toSorted()).toEqual(['closed closed', 'open open']);
  });

  it('tries each pod from time to time, and one that becomes ready soon after', async () => {
    const { probe, attempts, state } = place({ a: [9103] });
    state.ready.clear();
    await probe.round(never);
    expect(attempts).toEqual([]);
    state.ready.add('a');
    state.nowMs = 1_001;
    await probe.round(never);
    expect(attempts).toEqual(['a:9103', 'a:8088']);
    state.nowMs += 20_000;
    await probe.round(never);
    expect(attempts).toHaveLength(2);
    state.nowMs += 20_000;
    await probe.round(never);
    expect(attempts).toHaveLength(4);
  });

  it('tries only so many at once', async () => {
    const pods = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`p${at}`, [9103]]));
    const { probe, results, state } = place(pods);
    await probe.round(never);
    expect(results).toHaveLength(100);
    expect(state.mostAtOnce).toBeLessThanOrEqual(16);
  });

  it('ends with its signal', async () => {
    const { probe, results } = place({ a: [9103] });
    const stop = new AbortController();
    stop.abort();
    await probe.run(stop.signal);
    await probe.round(stop.signal);
    expect(results).toEqual([]);
  });

  it('counts a connection as reached, and a refused one as not', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await connect('127.0.0.1', port, never)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await connect('127.0.0.1', port, never)).toBe(false);
  });
});
