import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { healthReport, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { eventOf } from './events.ts';
import { endOf, SentinelHome, SentinelProcess, spawnSentinel, until } from './sentinel-process.ts';

let home: SentinelHome;
let running: (SentinelProcess | ChildProcess)[];

beforeEach(async () => {
  home = await SentinelHome.make();
  running = [];
});

afterEach(async () => {
  for (const one of running) await endOf(one instanceof SentinelProcess ? one.child : one, 'SIGKILL');
  await home.remove();
});

async function start(): Promise<SentinelProcess> {
  const sentinel = await SentinelProcess.start(home);
  running.push(sentinel);
  return sentinel;
}

const storeHealth = async (sentinel: SentinelProcess) => {
  const { status, components } = await sentinel.get(healthReport, SENTINEL_PATHS.health);
  return { status, message: components['store']?.message ?? '' };
};

/** Waits for the first attempt to open the store to fail. */
async function opened(sentinel: SentinelProcess): Promise<void> {
  await until(async () => (await storeHealth(sentinel)).message.includes('can not be opened'));
}

describe('a store that can not be opened', () => {
  it('is told by path and remedy, loses no event, and is filled once it can be opened', async () => {
    await mkdir(home.at('data'), { recursive: true });
    await writeFile(home.at('data/store'), 'not a folder');
    const sentinel = await start();
    expect(await sentinel.post(eventOf({ id: 'kept' }))).toMatchObject({ status: 202 });
    await opened(sentinel);
    const { status, message } = await storeHealth(sentinel);
    expect(status).toBe('degraded');
    expect(message).toContain(home.at('data/store'));
    expect(message).toContain('DATA_DIR');
    const refused = await fetch(sentinel.apiUrl + SENTINEL_PATHS.events);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('store_unavailable');
    expect((await fetch(sentinel.apiUrl + SENTINEL_PATHS.ready)).status).toBe(200);
    await rm(home.at('data/store'));
    await sentinel.settled();
    expect((await sentinel.allEvents()).map(({ id }) => id)).toEqual(['kept']);
  }, 120_000);

  it('names the process that holds it', async () => {
    const holder = spawn(
      process.execPath,
      [
        '-e',
        "require('chdb/connection').createChdbConnection({ path: process.argv[1] }); console.log('held'); setInterval(() => {}, 1000);",
        home.at('data/store'),
      ],
      { cwd: path.resolve(import.meta.dirname, '../../..'), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    running.push(holder);
    await mkdir(home.at('data'), { recursive: true });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const sentinel = await start();
    await sentinel.post(eventOf({ id: 'kept' }));
    await opened(sentinel);
    expect((await storeHealth(sentinel)).message).toContain(`process ${holder.pid ?? 0} holds it`);
    await endOf(holder, 'SIGKILL');
    await sentinel.settled();
    expect(await sentinel.allEvents()).toHaveLength(1);
  }, 120_000);
});

describe('a second sentinel on one folder', () => {
  it('does not start, and names the first', async () => {
    const first = await start();
    const second = spawnSentinel(home, {});
    running.push(second.child);
    expect(await endOf(second.child)).toBe(1);
    expect(second.log.join('\n')).toContain(`in use by process ${first.child.pid ?? 0}`);
    await first.kill('SIGKILL');
    const third = await start();
    expect(await third.kill('SIGTERM')).toBe(0);
  }, 120_000);
});
