import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLog } from '#runtime/process/log.ts';
import { LiveFeed } from '#runtime/sentinel/api/live-feed.ts';
import { openEmbeddedLog } from '#runtime/sentinel/stream/embedded-log.ts';
import type { EventStream } from '#runtime/sentinel/stream/event-stream.ts';
import type { EventChanges } from '../events.ts';
import { eventOf } from '../events.ts';
import { MemoryDisk } from '../stream/memory-files.ts';

let stream: EventStream;
let feed: LiveFeed;

beforeEach(async () => {
  stream = await openEmbeddedLog({ files: new MemoryDisk().files, log: silentLog });
  feed = new LiveFeed(stream);
});

afterEach(async () => {
  feed.close();
  await stream.close();
});

async function append(...events: readonly EventChanges[]): Promise<void> {
  const lines = events.map((event) => `${JSON.stringify(eventOf(event))}\n`).join('');
  await stream.append({ lines: Buffer.from(lines), count: events.length, receivedAtMs: 0 });
}

function watch(query: Parameters<LiveFeed['watch']>[0] = {}) {
  const watcher = feed.watch(query);
  if (watcher === undefined) throw new Error('too many watchers');
  return watcher;
}

describe('the live feed', () => {
  it('tells each watcher what it asked for, in order', async () => {
    const all = watch();
    const denials = watch({ decision: 'deny' });
    const others = watch({ server: 'others' });
    await append({ id: 'a' }, { id: 'b', payload: { decision: 'deny' } });
    await append({ id: 'c', payload: { kind: 'stream_ended' } }, { id: 'd' });
    expect(await all.next(1000)).toMatchObject({
      data: { decisions: [{ id: 'a' }, { id: 'b' }, { id: 'd' }], skipped: 0 },
    });
    expect(await denials.next(1000)).toMatchObject({ data: { decisions: [{ id: 'b' }] } });
    expect(await others.next(1)).toEqual({ kind: 'heartbeat' });
  });

  it('keeps the latest for a watcher that does not follow, and says how many it left out', async () => {
    const slow = watch();
    for (let batch = 0; batch < 5; batch += 1) {
      await append(...Array.from({ length: 100 }, (_, at) => ({ id: `${batch}-${at}` })));
    }
    const message = await slow.next(1000);
    if (message?.kind !== 'decisions') throw new Error('expected decisions');
    expect(message.data.decisions).toHaveLength(200);
    expect(message.data.decisions.at(-1)?.id).toBe('4-99');
    expect(message.data.skipped).toBe(300);
    expect(await slow.next(1)).toEqual({ kind: 'heartbeat' });
  });

  it('says so when the inventory changes', async () => {
    const watcher = watch();
    const told = watcher.next(10_000);
    feed.inventoryChanged();
    expect(await told).toEqual({ kind: 'inventory' });
  });

  it('bounds its watchers, and ends them when it closes', async () => {
    const watchers = Array.from({ length: 64 }, () => watch());
    expect(feed.watch({})).toBeUndefined();
    watchers[0]?.close();
    const last = watch();
    const told = last.next(10_000);
    feed.close();
    expect(await told).toBeUndefined();
    expect(feed.size).toBe(0);
  });
});
