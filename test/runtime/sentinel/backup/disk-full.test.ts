import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir } from 'node:fs/promises';
import { healthReport, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { Proxy } from '../chained-events.ts';
import { endOf, SentinelHome, SentinelProcess } from '../sentinel-process.ts';
import { backUp, backupDirOf, chainProblems } from './backing-up.ts';

let home: SentinelHome;
let sentinel: SentinelProcess | undefined;

beforeEach(async () => {
  home = await SentinelHome.make();
  await mkdir(home.at('backups'));
});

afterEach(async () => {
  if (sentinel !== undefined) await endOf(sentinel.child, 'SIGKILL');
  sentinel = undefined;
  await home.remove();
});

/** A sentinel that alone sees a volume of these options where its backups go. */
async function startOn(options: string): Promise<SentinelProcess> {
  const script = `mount -t tmpfs -o ${options} tmpfs "$0" && exec "$@"`;
  const wrapper = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script, home.at('backups')];
  sentinel = await SentinelProcess.start(home, backupDirOf(home), wrapper);
  return sentinel;
}

async function expectWell(one: SentinelProcess, proxy: Proxy, events: number): Promise<void> {
  // The volume as that process sees it.
  expect(await readdir(`/proc/${one.child.pid}/root${home.at('backups')}`)).toEqual([]);
  expect(await one.post(proxy.next(10))).toMatchObject({ status: 202 });
  await one.settled();
  expect(await one.allEvents()).toHaveLength(events + 10);
  expect(await chainProblems(one)).toEqual([]);
  const { components } = await one.get(healthReport, SENTINEL_PATHS.health);
  expect(components).toMatchObject({ store: { status: 'ok' }, backups: { status: 'degraded' } });
}

describe('a volume of backups', () => {
  it('that is too small is found out before anything is written', async () => {
    const one = await startOn('size=8m');
    const proxy = new Proxy('notes-1');
    await one.post(proxy.next(100));
    const { list } = await backUp(one);
    expect(list.backups).toEqual([]);
    expect(list.failure?.message).toMatch(/leaves 64 MiB; .*backups has 8 MiB free.*BACKUP_RETAIN/);
    await expectWell(one, proxy, 100);
  }, 180_000);

  it('that runs full half-way gets nothing that counts, and the store goes on', async () => {
    // Room for bytes, not for the files: writing fails in the middle, as on any full disk.
    const one = await startOn('size=100m,nr_inodes=16');
    const proxy = new Proxy('notes-1');
    await one.post(proxy.next(100));
    const { list } = await backUp(one);
    expect(list.backups).toEqual([]);
    expect(list.failure?.message).toContain('No space left on device');
    await expectWell(one, proxy, 100);
  }, 180_000);
});
