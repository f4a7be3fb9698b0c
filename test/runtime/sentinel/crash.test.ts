import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventOf } from './events.ts';
import { SentinelHome, SentinelProcess, sleep } from './sentinel-process.ts';

const ROUNDS = 3;
const CLIENTS = 4;
const BATCH = 7;

let home: SentinelHome;
let sentinel: SentinelProcess;

beforeEach(async () => {
  home = await SentinelHome.make();
});

afterEach(async () => {
  await sentinel.kill('SIGKILL');
  await home.remove();
});

/** Posts until the sentinel is gone; tells which ids were sent, and which were acknowledged. */
async function client(name: string, sent: Set<string>, acknowledged: Set<string>): Promise<void> {
  for (let batch = 0; ; batch += 1) {
    const ids = Array.from({ length: BATCH }, (_, at) => `${name}-${batch}-${at}`);
    for (const id of ids) sent.add(id);
    try {
      const { status } = await sentinel.post(
        ids.map((id, at) => eventOf({ id, seq: batch * BATCH + at, timestamp: new Date().toISOString() })),
      );
      if (status === 202) for (const id of ids) acknowledged.add(id);
    } catch {
      return;
    }
  }
}

describe('a sentinel that is killed while clients post', () => {
  it('has every acknowledged event after a restart, once, and none that nobody sent', async () => {
    const sent = new Set<string>();
    const acknowledged = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      sentinel = await SentinelProcess.start(home);
      const clients = Array.from({ length: CLIENTS }, (_, at) =>
        client(`${round}-${at}`, sent, acknowledged),
      );
      // Later rounds are killed while the writer is under way, not only ingest.
      await sleep(300 + round * 900);
      await sentinel.kill('SIGKILL');
      await Promise.all(clients);
    }
    sentinel = await SentinelProcess.start(home);
    await sentinel.settled();
    const found = (await sentinel.allEvents()).map(({ id }) => id);
    expect(acknowledged.size).toBeGreaterThan(100);
    expect(new Set(found).size).toBe(found.length);
    expect([...acknowledged].filter((id) => !found.includes(id))).toEqual([]);
    expect(found.filter((id) => !sent.has(id))).toEqual([]);
  }, 180_000);

  it('shows an event once that was delivered twice, as it was delivered first', async () => {
    sentinel = await SentinelProcess.start(home);
    await sentinel.post(eventOf({ id: 'twice', payload: { reason: 'allowed' } }));
    await sentinel.settled();
    await sentinel.post(eventOf({ id: 'twice', payload: { reason: 'tool_denied', decision: 'deny' } }));
    await sentinel.post([eventOf({ id: 'other' }), eventOf({ id: 'other' })]);
    await sentinel.settled();
    const events = await sentinel.allEvents();
    expect(events.map(({ id, payload }) => [id, payload.decision])).toEqual([
      ['other', 'allow'],
      ['twice', 'allow'],
    ]);
  }, 90_000);
});
