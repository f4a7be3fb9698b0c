import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FIRST_PREV_HASH, type AuditEvent } from '#api/audit-event.ts';
import { silentLog } from '#runtime/process/log.ts';
import { AuditDelivery } from '#runtime/proxy/audit/delivery.ts';
import { Room } from '#runtime/proxy/audit/room.ts';
import { Spool } from '#runtime/proxy/audit/spool.ts';
import { startIngest, type FakeIngest } from '../harness/ingest.ts';

let folder: string;
let ingest: FakeIngest;
let spool: Spool;
const stopped: AuditDelivery[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'delivery-'));
  ingest = await startIngest();
  spool = new Spool({ folder, maxBytes: 8 * 1024 * 1024 });
});

afterEach(async () => {
  for (const delivery of stopped.splice(0)) await delivery.close(AbortSignal.abort());
  await spool.close();
  await ingest.close();
  rmSync(folder, { recursive: true, force: true });
});

function deliver(compress: boolean): AuditDelivery {
  const delivery = new AuditDelivery({
    spool,
    url: new URL(ingest.url),
    apiKey: undefined,
    compress,
    log: silentLog,
    parkFile: path.join(folder, 'refused.ndjson'),
    backoffMs: { first: 1, longest: 5 },
    delayedAfterMs: 50,
  });
  stopped.push(delivery);
  return delivery;
}

const eventOf = (seq: number): AuditEvent => ({
  id: `id-${seq}`,
  timestamp: '2026-01-01T00:00:00.000Z',
  source: 's',
  event_type: 't',
  instance: 'i',
  boot_epoch: 1,
  seq,
  prev_hash: FIRST_PREV_HASH,
  payload: {
    kind: 'request',
    phase: 'complete',
    method: 'POST',
    path: '/mcp',
    status: 200,
    latency_ms: 1,
    bytes_in: 1,
    bytes_out: 1,
    server: 'a',
    namespace: 'b',
    decision: 'allow',
    reason: 'allowed',
    outcome: 'answered',
  },
});

async function append(from: number, to: number): Promise<void> {
  for (let seq = from; seq < to; seq += 1)
    await spool.append(Buffer.from(`${JSON.stringify(eventOf(seq))}\n`), false);
}

const settled = async (count: number): Promise<void> => {
  while (ingest.events.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('AuditDelivery', () => {
  it.each([
    [true, 'gzip'],
    [false, undefined],
  ])('with compress %s sends batches as %s', async (compress, encoding) => {
    await append(0, 50);
    deliver(compress).wake();
    await settled(50);
    expect(ingest.encodings).toEqual(new Set([encoding]));
  });

  it('keeps the order through refusals, poison and new events', async () => {
    let attempts = 0;
    ingest.answer = (batch) => {
      attempts += 1;
      if (attempts % 3 === 0) return 503;
      return batch.some(({ seq }) => seq % 17 === 0) ? 422 : 202;
    };
    await append(0, 60);
    const delivery = deliver(true);
    delivery.wake();
    await append(60, 100);
    delivery.wake();
    const expected = Array.from({ length: 100 }, (_, seq) => seq).filter((seq) => seq % 17 !== 0);
    while (delivery.counts.delivered < expected.length)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ingest.events.map(({ seq }) => seq)).toEqual(expected);
    expect(delivery.counts).toMatchObject({ delivered: expected.length, parked: 6 });
  });

  it('says that events are delayed while attempts fail for long, and no more once they arrive', async () => {
    ingest.answer = () => 503;
    await append(0, 2);
    const delivery = deliver(false);
    const isDelayed = () => delivery.delayed;
    expect(isDelayed()).toBe(false);
    delivery.wake();
    while (!isDelayed()) await new Promise((resolve) => setTimeout(resolve, 5));
    ingest.answer = () => 202;
    await settled(2);
    while (isDelayed()) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('stops when told to and leaves the rest in the spool', async () => {
    ingest.answer = () => 500;
    await append(0, 3);
    const delivery = deliver(false);
    delivery.wake();
    while (ingest.offered.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await delivery.close(AbortSignal.timeout(20));
    expect((await spool.read(10, 10_000, new Room()))?.events.count).toBe(3);
  });
});
