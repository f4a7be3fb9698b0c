import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { silentLog } from '#runtime/process/log.ts';
import type { EmbeddedLogOptions } from '#runtime/sentinel/stream/embedded-log.ts';
import { openEmbeddedLog } from '#runtime/sentinel/stream/embedded-log.ts';
import type { EventBatch, EventStream } from '#runtime/sentinel/stream/event-stream.ts';
import { MemoryDisk } from './memory-files.ts';

const MANY = { events: 1_000_000, bytes: 1_000_000_000 };

function batchOf(...lines: readonly string[]): EventBatch {
  const text = lines.map((line) => `${line}\n`).join('');
  return { lines: Buffer.from(text), count: lines.length, receivedAtMs: 1_700_000_000_000 };
}

function openOn(disk: MemoryDisk, options: Partial<EmbeddedLogOptions> = {}): Promise<EventStream> {
  return openEmbeddedLog({ files: disk.files, log: silentLog, ...options });
}

async function linesFrom(stream: EventStream, offset: number): Promise<readonly string[]> {
  const { batches } = await stream.read(offset, MANY);
  return batches.flatMap(({ lines }) => lines.toString().split('\n').slice(0, -1));
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

describe('the embedded log', () => {
  it('gives back whole batches in order, from any offset, within the limits', async () => {
    const stream = await openOn(new MemoryDisk());
    await stream.append(batchOf('a', 'b'));
    await stream.append(batchOf('c'));
    await stream.append(batchOf('d', 'e', 'f'));
    expect(await linesFrom(stream, 0)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await linesFrom(stream, 2)).toEqual(['c', 'd', 'e', 'f']);
    expect(await linesFrom(stream, 6)).toEqual([]);
    const { batches, next } = await stream.read(0, { events: 3, bytes: 1000 });
    expect(batches.map(({ offset, count }) => ({ offset, count }))).toEqual([
      { offset: 0, count: 2 },
      { offset: 2, count: 1 },
    ]);
    expect(next).toBe(3);
    await stream.close();
  });

  it('goes on after a restart from where the reader committed', async () => {
    const disk = new MemoryDisk();
    const first = await openOn(disk);
    await first.append(batchOf('a', 'b'));
    await first.append(batchOf('c'));
    await first.commit(2);
    await first.close();
    const second = await openOn(disk);
    expect(second.committed).toBe(2);
    expect(second.stats()).toMatchObject({ pending: 1, lost: 0 });
    await second.append(batchOf('d'));
    expect(await linesFrom(second, second.committed)).toEqual(['c', 'd']);
    await second.close();
  });

  it('deletes segments that are consumed, and only those', async () => {
    const disk = new MemoryDisk();
    const stream = await openOn(disk, { segmentBytes: 1 });
    for (const line of ['a', 'b', 'c', 'd']) await stream.append(batchOf(line));
    expect(disk.names()).toHaveLength(4);
    await stream.commit(2);
    expect(disk.names()).toHaveLength(2);
    expect(await linesFrom(stream, 2)).toEqual(['c', 'd']);
    await stream.close();
  });

  it('refuses to grow past its bound, and takes events again once the reader has caught up', async () => {
    const stream = await openOn(new MemoryDisk(), { segmentBytes: 1, maxBytes: 150 });
    for (let at = 0; at < 4; at += 1) await stream.append(batchOf('x'));
    await expect(stream.append(batchOf('too much')).catch(codeOf)).resolves.toBe('full');
    await stream.commit(4);
    await stream.append(batchOf('y'));
    expect(await linesFrom(stream, 4)).toEqual(['y']);
    await stream.close();
  });

  it('refuses what memory can not hold while the disk is slow', async () => {
    const stream = await openOn(new MemoryDisk(), { queueBytes: 50 });
    const first = stream.append(batchOf('a'));
    await expect(stream.append(batchOf('b')).catch(codeOf)).resolves.toBe('busy');
    await first;
    await stream.close();
  });

  it('rejects every batch of a failed write, keeps the others, and recovers when there is space again', async () => {
    const disk = new MemoryDisk();
    const stream = await openOn(disk);
    await stream.append(batchOf('kept'));
    disk.faults.capacity = 60;
    const outcomes = await Promise.allSettled([stream.append(batchOf('b')), stream.append(batchOf('c'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(stream.stats().problem).toContain('ENOSPC');
    disk.faults.capacity = Infinity;
    await stream.append(batchOf('after'));
    expect(stream.stats().problem).toBeUndefined();
    expect(await linesFrom(stream, 0)).toEqual(['kept', 'after']);
    await stream.close();
    const again = await openOn(disk);
    expect(await linesFrom(again, 0)).toEqual(['kept', 'after']);
    await again.close();
  });

  it('does not trust a file again after an fsync that failed', async () => {
    const disk = new MemoryDisk();
    const stream = await openOn(disk);
    await stream.append(batchOf('kept'));
    disk.faults.sync = 'fails';
    await expect(stream.append(batchOf('maybe')).catch(codeOf)).resolves.toBe('unavailable');
    disk.faults.sync = 'works';
    await stream.append(batchOf('after'));
    expect(disk.names()).toHaveLength(2);
    expect(await linesFrom(stream, 0)).toEqual(['kept', 'after']);
    await stream.close();
  });

  it('counts what a damaged segment loses, and reads on behind it', async () => {
    const disk = new MemoryDisk();
    const stream = await openOn(disk, { segmentBytes: 1 });
    for (const line of ['a', 'b', 'c']) await stream.append(batchOf(line));
    const damaged = disk.names()[1] ?? '';
    const bytes = Buffer.from(disk.bytesOf(damaged));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    disk.setBytes(damaged, bytes);
    const again = await openOn(disk, { segmentBytes: 1 });
    expect(again.stats().lost).toBe(1);
    expect(await linesFrom(again, 0)).toEqual(['a', 'c']);
    await again.close();
  });

  it('tells its listeners of durable batches only, in order', async () => {
    const disk = new MemoryDisk();
    const stream = await openOn(disk);
    const heard: string[] = [];
    const stop = stream.subscribe(({ lines }) => heard.push(lines.toString()));
    await Promise.all([stream.append(batchOf('a')), stream.append(batchOf('b'))]);
    disk.faults.sync = 'fails';
    await stream.append(batchOf('never')).catch(() => undefined);
    disk.faults.sync = 'works';
    await stream.append(batchOf('c'));
    stop();
    await stream.append(batchOf('d'));
    expect(heard).toEqual(['a\n', 'b\n', 'c\n']);
    await stream.close();
  });
});

describe('recovery', () => {
  const script = fc.array(
    fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { minLength: 1, maxLength: 5 }),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  const clean = (lines: readonly string[]): readonly string[] => lines.map((line) => JSON.stringify(line));

  it('keeps everything acknowledged, whatever part of the unfinished write reached the disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        script,
        fc.nat({ max: 11 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 400 }),
        async (batches, stopAt, kept, segmentBytes) => {
          const disk = new MemoryDisk();
          const stream = await openOn(disk, { segmentBytes });
          const acknowledged: string[] = [];
          for (const lines of batches.slice(0, stopAt)) {
            await stream.append(batchOf(...clean(lines)));
            acknowledged.push(...clean(lines));
          }
          disk.faults.sync = 'hangs';
          for (const lines of batches.slice(stopAt)) void stream.append(batchOf(...clean(lines)));
          await new Promise((resolve) => setImmediate(resolve));
          disk.faults.sync = 'works';
          disk.crash(kept);
          const again = await openOn(disk, { segmentBytes });
          const found = await linesFrom(again, 0);
          expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
          const sent = batches.flatMap(clean);
          expect(found).toEqual(sent.slice(0, found.length));
          await again.append(batchOf('"next"'));
          expect(await linesFrom(again, again.committed)).toEqual([...found, '"next"']);
          await again.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('cuts a log at any byte to a prefix of whole batches, and a second recovery changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        script,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.uint8Array({ maxLength: 64 }),
        async (batches, cut, rubbish) => {
          const disk = new MemoryDisk();
          const stream = await openOn(disk);
          for (const lines of batches) await stream.append(batchOf(...clean(lines)));
          const all = await linesFrom(stream, 0);
          await stream.close();
          const name = disk.names()[0] ?? '';
          const bytes = disk.bytesOf(name);
          disk.setBytes(name, Buffer.concat([bytes.subarray(0, Math.floor(bytes.length * cut)), rubbish]));
          const second = await openOn(disk);
          const found = await linesFrom(second, 0);
          expect(found).toEqual(all.slice(0, found.length));
          await second.close();
          const settled = disk.bytesOf(name);
          const third = await openOn(disk);
          expect(disk.bytesOf(name)).toEqual(settled);
          expect(await linesFrom(third, 0)).toEqual(found);
          await third.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});
