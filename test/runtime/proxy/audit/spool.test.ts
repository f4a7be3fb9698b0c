import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fs, { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Room } from '#runtime/proxy/audit/room.ts';
import { Spool, type SpoolBatch } from '#runtime/proxy/audit/spool.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (maxBytes = 1024 * 1024): Spool => new Spool({ folder, maxBytes });
const lines = (from: number, to: number): Buffer =>
  Buffer.from(Array.from({ length: to - from }, (_, at) => `{"n":${from + at}}\n`).join(''));

const linesOf = (batch: SpoolBatch | undefined): readonly string[] =>
  batch === undefined ? [] : batch.events.toString().trimEnd().split('\n');

async function drain(spool: Spool): Promise<string[]> {
  const read: string[] = [];
  for (;;) {
    const batch = await spool.read(7, 64, new Room());
    if (batch === undefined) return read;
    read.push(...linesOf(batch));
    spool.acknowledge(batch);
  }
}

const numbers = (read: readonly string[]): number[] => read.map((line) => Number(/\d+/.exec(line)?.[0]));
const isFileHandle = (value: object | null): value is FileHandle => value !== null && 'appendFile' in value;

/** What all open files have in common. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await openFile(import.meta.filename);
  await handle.close();
  const common = Reflect.getPrototypeOf(handle);
  if (!isFileHandle(common)) throw new Error('open files have nothing in common');
  return common;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

describe('Spool', () => {
  it('opens on a full disk, and counts that start too', async () => {
    const [first, second] = [open(), open()];
    expect([first.bootEpoch, second.bootEpoch]).toEqual([1, 2]);
    await Promise.all([first.close(), second.close()]);
    const full = jest.spyOn(fs, 'writeSync').mockImplementationOnce(() => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    const third = open();
    full.mockRestore();
    const fourth = open();
    expect([third.bootEpoch, fourth.bootEpoch]).toEqual([3, 4]);
    await Promise.all([third.close(), fourth.close()]);
  });

  it('gives back what was appended, in order, over files of bounded size', async () => {
    const spool = open(16 * 1024);
    for (let from = 0; from < 1000; from += 50) await spool.append(lines(from, from + 50), false);
    expect(readdirSync(folder).filter((name) => name.startsWith('audit-')).length).toBeGreaterThan(2);
    expect(numbers(await drain(spool))).toEqual(range(0, 1000));
    expect(spool.usedBytes).toBeLessThan(4 * 1024);
    await spool.close();
  });

  it('does not read back what it has just written', async () => {
    const spool = open();
    const read = jest.spyOn(await fileHandles(), 'read');
    await spool.append(lines(0, 3), false);
    await spool.append(lines(3, 5), true);
    expect(numbers(linesOf(await spool.read(10, 1000, new Room())))).toEqual(range(0, 5));
    expect(numbers(await drain(spool))).toEqual(range(0, 5));
    expect(read).not.toHaveBeenCalled();
    jest.restoreAllMocks();
    await spool.close();
  });

  it('reads from the disk what is more than it holds, and from memory where that begins', async () => {
    const spool = open(16 * 1024 * 1024);
    const line = (at: number): string => `{"n":${at},"x":"${'x'.repeat(at % 7 === 0 ? 30_000 : 3_000)}"}\n`;
    for (let at = 0; at < 400; at += 1) await spool.append(Buffer.from(line(at)), false);
    const read = jest.spyOn(await fileHandles(), 'read');
    const seen: number[] = [];
    let last = 0;
    for (let at = 400; ; at += 1) {
      const batch = await spool.read(5, 20_000, new Room());
      if (batch === undefined) break;
      seen.push(...numbers(linesOf(batch)));
      spool.acknowledge(batch);
      if (at < 450) await spool.append(Buffer.from(line(at)), false);
      last = read.mock.calls.length;
      if (seen.length < 250) expect(last).toBeGreaterThan(0);
    }
    expect(seen).toEqual(range(0, 450));
    expect(last).toBeLessThan(seen.length);
    jest.restoreAllMocks();
    await spool.close();
  });

  it('gives a batch again until it is acknowledged', async () => {
    const spool = open();
    await spool.append(lines(0, 3), false);
    expect(numbers(linesOf(await spool.read(10, 1000, new Room())))).toEqual([0, 1, 2]);
    expect(numbers(await drain(spool))).toEqual([0, 1, 2]);
    expect(await spool.read(10, 1000, new Room())).toBeUndefined();
    await spool.close();
  });

  it('goes on after a restart where the last one had got to', async () => {
    const first = open();
    await first.append(lines(0, 10), true);
    const batch = await first.read(4, 1000, new Room());
    if (batch !== undefined) first.acknowledge(batch);
    await first.close();
    const second = open();
    expect(second.bootEpoch).toBe(first.bootEpoch + 1);
    await second.append(lines(10, 12), false);
    expect(numbers(await drain(second))).toEqual(range(4, 12));
    await second.close();
  });

  it('sends everything again when it can not know where it had got to', async () => {
    const first = open();
    await first.append(lines(0, 5), true);
    await drain(first);
    // No close: the process was killed.
    const second = open();
    expect(numbers(await drain(second))).toEqual(range(0, 5));
    await second.close();
    await first.close();
  });

  it('drops the line that a killed process left unfinished, and only that', async () => {
    const first = open();
    await first.append(lines(0, 3), true);
    await first.close();
    const segment = readdirSync(folder).find((name) => name.startsWith('audit-')) ?? '';
    appendFileSync(path.join(folder, segment), '{"n":3');
    const second = open();
    await second.append(lines(4, 5), false);
    expect(numbers(await drain(second))).toEqual([0, 1, 2, 4]);
    await second.close();
  });

  it('says when it is full', async () => {
    const spool = open(2000);
    expect(spool.hasRoomFor(2000)).toBe(true);
    await spool.append(lines(0, 100), false);
    expect(spool.hasRoomFor(1900)).toBe(false);
    await spool.close();
  });

  it.each([
    ['cuts it off', false],
    ['goes on in another file where it can not', true],
  ])('has a full disk take part of a line, and %s', async (_what, isStuck) => {
    const files = await fileHandles();
    const spool = open();
    await spool.append(lines(0, 2), false);
    const full = new Error('ENOSPC: no space left on device, write');
    jest.spyOn(files, 'appendFile').mockImplementationOnce(async function (this: FileHandle) {
      await this.write('{"n":2');
      throw full;
    });
    if (isStuck) jest.spyOn(files, 'truncate').mockRejectedValueOnce(full);
    await expect(spool.append(lines(2, 3), false)).rejects.toBe(full);
    jest.restoreAllMocks();
    await spool.append(lines(3, 5), false);
    expect(numbers(await drain(spool))).toEqual([0, 1, 3, 4]);
    await spool.close();
  });

  it('survives a line longer than what is read at once', async () => {
    const spool = open();
    await spool.append(Buffer.from(`{"n":1,"x":"${'x'.repeat(200)}"}\n{"n":2}\n`), false);
    expect(numbers(await drain(spool))).toEqual([1, 2]);
    await spool.close();
  });

  it('refuses a folder that can not be written, by its path', () => {
    expect(() => new Spool({ folder: path.join(import.meta.filename, 'spool'), maxBytes: 1000 })).toThrow(
      'spool.test.ts',
    );
  });
});
