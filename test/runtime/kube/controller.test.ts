import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, type ControllerOptions, type Outcome } from '#runtime/kube/controller.ts';
import { KubeError } from '#runtime/kube/kube.ts';
import { KeptLog } from './things.ts';

const DONE: Outcome = { kind: 'done' };

/** A controller whose reconciles are recorded, with the time of each in milliseconds from the start. */
function recorded(
  reconcile: (key: string, run: number) => Outcome | Promise<Outcome>,
  options: Partial<ControllerOptions> = {},
) {
  const log = new KeptLog();
  const runs: (readonly [key: string, atMs: number])[] = [];
  const start = performance.now();
  const controller = new Controller({
    name: 'things',
    concurrency: 2,
    log,
    ...options,
    reconcile: async (key) => {
      runs.push([key, Math.round(performance.now() - start)]);
      return reconcile(key, runs.filter(([one]) => one === key).length);
    },
  });
  return {
    controller,
    log,
    runs,
    keys: () => runs.map(([key]) => key),
    times: () => runs.map(([, atMs]) => atMs),
  };
}

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('a controller', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('works on a key once, however often it was asked for before', async () => {
    const { controller, keys } = recorded(() => DONE);
    for (const key of ['a', 'b', 'a', 'a', 'b']) controller.enqueue(key);
    expect(controller.depth).toBe(2);
    controller.start();
    await pass(0);
    expect(keys()).toEqual(['a', 'b']);
    expect(controller.depth).toBe(0);
  });

  it('never works on a key twice at once, and once more where it was asked for meanwhile', async () => {
    const gate = Promise.withResolvers<undefined>();
    let running = 0;
    let most = 0;
    const { controller, keys } = recorded(async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      return DONE;
    });
    controller.start();
    controller.enqueue('a');
    controller.enqueue('a');
    controller.enqueue('a');
    await pass(10);
    expect(keys()).toEqual(['a']);
    gate.resolve(undefined);
    await pass(10);
    expect(keys()).toEqual(['a', 'a']);
    expect(most).toBe(1);
  });

  it('works on as many keys at once as it may', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { controller, keys } = recorded(async () => {
      await gate.promise;
      return DONE;
    });
    controller.start();
    for (const key of ['a', 'b', 'c']) controller.enqueue(key);
    await pass(0);
    expect(keys()).toEqual(['a', 'b']);
    expect(controller.active).toBe(2);
    gate.resolve(undefined);
    await pass(0);
    expect(keys()).toEqual(['a', 'b', 'c']);
  });

  it('looks again after the time it was told, the earliest of several', async () => {
    const { controller, times } = recorded((_, run) =>
      run === 1 ? { kind: 'again', afterMs: 5_000 } : DONE,
    );
    controller.start();
    controller.enqueue('a');
    await pass(0);
    controller.enqueueAfter('a', 60_000);
    controller.enqueueAfter('a', 2_000);
    controller.enqueueAfter('a', 3_000);
    await pass(120_000);
    expect(times()).toEqual([0, 2_000]);
  });

  it('is no hot loop for a reconcile that wants to run again at once', async () => {
    const { controller, runs } = recorded(() => ({ kind: 'again', afterMs: 0 }));
    controller.start();
    controller.enqueue('a');
    await pass(1_000);
    expect(runs.length).toBeLessThanOrEqual(11);
    expect(runs.length).toBeGreaterThan(5);
  });

  it('waits for a time further away than a timer can count, without running', async () => {
    const { controller, runs } = recorded(() => ({ kind: 'again', afterMs: 90 * 86_400_000 }));
    controller.start();
    controller.enqueue('a');
    await pass(86_400_000);
    expect(runs).toHaveLength(1);
  });

  it('tries again after a failure with growing pauses, and forgets them after a success', async () => {
    const { controller, times, runs } = recorded((_, run) => {
      if (run <= 5) throw new Error('not yet');
      return DONE;
    });
    controller.start();
    controller.enqueue('a');
    await pass(60_000);
    const pauses = times()
      .slice(1)
      .map((atMs, n) => atMs - (times()[n] ?? 0));
    expect(pauses).toHaveLength(5);
    pauses.forEach((ms, n) => {
      expect(ms).toBeGreaterThanOrEqual(125 * 2 ** n);
      expect(ms).toBeLessThanOrEqual(250 * 2 ** n);
    });
    expect(controller.failing).toBe(0);
    controller.enqueue('a');
    await pass(0);
    expect(runs).toHaveLength(7);
  });

  it('never waits longer than the bound of its back-off', async () => {
    const { controller, runs } = recorded(
      () => {
        throw new Error('never');
      },
      { backoff: { firstMs: 100, maxMs: 1_000 } },
    );
    controller.start();
    controller.enqueue('a');
    await pass(100_000);
    expect(runs.length).toBeGreaterThanOrEqual(100);
    expect(runs.length).toBeLessThan(210);
  });

  it('waits as long as the reconcile, or the server, says', async () => {
    const slow = new KubeError('slow down', { code: 'too_many_requests', retryAfterMs: 7_000 });
    const { controller, times } = recorded((_, run) => {
      if (run === 1) return { kind: 'retry', error: slow };
      return run === 2 ? { kind: 'retry', error: new Error('x'), afterMs: 4_000 } : DONE;
    });
    controller.start();
    controller.enqueue('a');
    await pass(60_000);
    expect(times()).toEqual([0, 7_000, 11_000]);
  });

  it('tries a failing key sooner where something changed, though never in a hot loop', async () => {
    const { controller, times, runs } = recorded((key, run) => {
      if (run < 20) controller.enqueue(key);
      return { kind: 'retry', error: new Error('broken') };
    });
    controller.start();
    controller.enqueue('a');
    await pass(10_000);
    expect(runs.length).toBeLessThan(15);
    const before = runs.length;
    controller.enqueue('a');
    await pass(1_001);
    expect(runs.length).toBe(before + 1);
    expect(times().length).toBe(runs.length);
  });

  it('logs a failure once, with what it failed on', async () => {
    const { controller, log } = recorded((_, run) => {
      if (run === 1) throw new Error('broken');
      return DONE;
    });
    controller.start();
    controller.enqueue('team/a');
    await pass(1_000);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatchObject({
      level: 'warn',
      fields: { controller: 'things', key: 'team/a', failures: 1 },
    });
    expect(log.lines[0]?.fields).toHaveProperty('reconcileId');
  });

  it('stops after what runs has ended, and takes nothing more', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { controller, keys } = recorded(async () => {
      await gate.promise;
      return { kind: 'again', afterMs: 100 };
    });
    controller.start();
    for (const key of ['a', 'b', 'c']) controller.enqueue(key);
    await pass(0);
    let stopped = false;
    const stopping = controller.stop().then(() => (stopped = true));
    await pass(1_000);
    expect(stopped).toBe(false);
    gate.resolve(undefined);
    await stopping;
    controller.enqueue('d');
    await pass(10_000);
    expect(keys()).toEqual(['a', 'b']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells its observer how each reconcile ended', async () => {
    const seen: string[] = [];
    const { controller } = recorded((key) => (key === 'bad' ? Promise.reject(new Error('x')) : DONE), {
      observer: ({ controller: name, outcome }) => seen.push(`${name} ${outcome}`),
    });
    controller.start();
    controller.enqueue('good');
    controller.enqueue('bad');
    await pass(0);
    expect(seen.toSorted()).toEqual(['things done', 'things retry']);
  });
});
