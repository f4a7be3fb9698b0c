import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLog } from '#runtime/process/log.ts';
import { trimWhenIdle, type IdleTrimOptions } from '#runtime/proxy/idle-trim.ts';

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** A policy that comes into force when a test says so, and a process that is as busy as it says. */
function trimming(options: Partial<IdleTrimOptions> = {}) {
  const seen = { collections: 0, looks: 0, share: 0 };
  let swap = (): void => undefined;
  let forgotten = false;
  const looked: (() => void)[] = [];
  const stop = trimWhenIdle({
    policy: {
      onSwap: (listener) => {
        swap = listener;
        return () => (forgotten = true);
      },
    },
    log: silentLog,
    collect: () => (seen.collections += 1),
    busyShare: () => {
      seen.looks += 1;
      for (const tell of looked.splice(0)) setImmediate(tell);
      return seen.share;
    },
    lookMs: 1,
    leastMs: 0,
    ...options,
  });
  ended.push(stop);
  /** Resolves after the next look, and what comes of it. */
  const nextLook = (): Promise<void> => new Promise((resolve) => looked.push(resolve));
  return { seen, stop, swap: () => swap(), nextLook, isForgotten: () => forgotten };
}

describe('trimWhenIdle', () => {
  it('collects once after a policy came into force', async () => {
    const { seen, swap, nextLook } = trimming();
    expect(seen.looks).toBe(0);
    swap();
    expect(seen.collections).toBe(0);
    await nextLook();
    expect(seen.collections).toBe(1);
    swap();
    await nextLook();
    expect(seen.collections).toBe(2);
  });

  it('waits while the process has something to do', async () => {
    const { seen, swap, nextLook } = trimming();
    seen.share = 0.5;
    swap();
    await nextLook();
    await nextLook();
    expect(seen.collections).toBe(0);
    seen.share = 0;
    await nextLook();
    expect(seen.collections).toBe(1);
  });

  it('collects once for policies that come together, and not again soon', async () => {
    const { seen, swap, nextLook } = trimming({ leastMs: 3_600_000 });
    swap();
    swap();
    await nextLook();
    expect(seen.collections).toBe(1);
    swap();
    await nextLook();
    await nextLook();
    expect(seen.collections).toBe(1);
  });

  it('does nothing once it was stopped', () => {
    const { seen, swap, stop, isForgotten } = trimming();
    swap();
    stop();
    expect(isForgotten()).toBe(true);
    expect(seen.collections).toBe(0);
  });
});
