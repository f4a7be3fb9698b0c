import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { restoreBackup } from '#runtime/sentinel/backup/restore.ts';
import { Proxy } from '../chained-events.ts';
import {
  endOf,
  SentinelHome,
  SentinelProcess,
  spawnSentinel,
  until,
  type SentinelExtra,
} from '../sentinel-process.ts';
import { backUp, backupDirOf, begin, chainProblems, Client, listOf, runCommand } from './backing-up.ts';

let home: SentinelHome;
let running: SentinelProcess[];

beforeEach(async () => {
  home = await SentinelHome.make();
  running = [];
});

afterEach(async () => {
  for (const { child } of running) await endOf(child, 'SIGKILL');
  await home.remove();
});

async function start(extra: SentinelExtra = {}): Promise<SentinelProcess> {
  const sentinel = await SentinelProcess.start(home, { ...backupDirOf(home), ...extra });
  running.push(sentinel);
  return sentinel;
}

async function idsOf(sentinel: SentinelProcess): Promise<readonly string[]> {
  await sentinel.settled();
  return (await sentinel.allEvents()).map(({ id }) => id);
}

const entriesOf = async (folder: string) => (await readdir(home.at(folder))).sort();

/** A sentinel with some events and a backup of them, which then ended. */
async function backedUp(): Promise<{ name: string; proxy: Proxy }> {
  const sentinel = await start();
  const proxy = new Proxy('notes-1');
  await sentinel.post(proxy.next(50));
  const { name } = await backUp(sentinel);
  await sentinel.kill('SIGTERM');
  return { name, proxy };
}

describe('a backup', () => {
  it('holds every event acknowledged before it began, while more arrive, and gives them back with whole chains', async () => {
    const first = await start();
    const clients = ['notes-1', 'notes-2', 'notes-3'].map((name) => new Client(first, name));
    await until(() => Promise.resolve(clients.every(({ acknowledged }) => acknowledged.length > 200)));
    const before = clients.flatMap(({ acknowledged }) => acknowledged);
    const { name, list } = await backUp(first);
    await until(() =>
      Promise.resolve(clients.flatMap(({ acknowledged }) => acknowledged).length > before.length),
    );
    await Promise.all(clients.map((client) => client.stop()));
    await first.kill('SIGKILL');
    expect(list.failure).toBeUndefined();
    expect(list.backups.map((backup) => backup.name)).toEqual([name]);

    await rm(home.at('data'), { recursive: true });
    const restore = await runCommand(home, ['restore', name]);
    expect(restore).toMatchObject({ code: 0 });
    expect(restore.output).toContain('Chains: 3 of 3 are whole');
    const second = await start();
    const found = await idsOf(second);
    expect(before.filter(({ id }) => !found.includes(id))).toEqual([]);
    expect(found).toHaveLength(list.backups[0]?.events ?? 0);
    expect(new Set(found).size).toBe(found.length);
    expect(await chainProblems(second)).toEqual([]);

    // What proxies still had and send again is recognised, what came after the backup closes the chains.
    const all = clients.flatMap(({ acknowledged }) => acknowledged);
    for (let at = 0; at < all.length; at += 500) await second.post(all.slice(at, at + 500));
    for (const { proxy } of clients) await second.post(proxy.next(5));
    await second.settled();
    expect(await idsOf(second)).toHaveLength(all.length + 15);
    expect(await chainProblems(second)).toEqual([]);
  }, 300_000);

  it('that the sentinel is killed in leaves nothing that counts, and is cleared away at the next start', async () => {
    const first = await start();
    const proxy = new Proxy('notes-1');
    for (let batch = 0; batch < 20; batch += 1) await first.post(proxy.next(1000));
    await first.settled();
    await begin(first);
    await until(async () => (await entriesOf('backups').catch(() => [])).length > 0);
    await first.kill('SIGKILL');
    const [left = ''] = await entriesOf('backups');
    expect(left).toMatch(/^\..*\.partial$/);
    const refused = await runCommand(home, ['verify', left]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.output).toContain('is not a finished backup');

    const second = await start();
    expect(await entriesOf('backups')).toEqual([]);
    await second.settled();
    expect(await idsOf(second)).toHaveLength(20_000);
    const { name } = await backUp(second);
    expect(await runCommand(home, ['verify', name])).toMatchObject({ code: 0 });
  }, 300_000);

  it('replaces nothing unless asked to, and keeps aside what it replaces', async () => {
    const { name, proxy } = await backedUp();
    const refused = await runCommand(home, ['restore', name]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.output).toContain('--replace');
    const between = await start();
    await between.post(proxy.next(10));
    await between.settled();
    expect(await idsOf(between)).toHaveLength(60);
    const locked = await runCommand(home, ['restore', name, '--replace']);
    expect(locked.output).toContain(`in use by process ${between.child.pid}`);
    await between.kill('SIGTERM');

    expect(await runCommand(home, ['restore', 'latest', '--replace', '--once'])).toMatchObject({ code: 0 });
    const [aside = ''] = (await entriesOf('data')).filter((entry) => entry.startsWith('replaced-'));
    expect(await entriesOf(`data/${aside}`)).toEqual(['log', 'store']);
    const again = await runCommand(home, ['restore', name, '--replace', '--once']);
    expect(again.output).toContain('nothing to do');
    const after = await start();
    expect(await idsOf(after)).toHaveLength(50);
    // Ten events are lost: the next one of the proxy shows it.
    await after.post(proxy.next(1));
    await after.settled();
    expect(await chainProblems(after)).toEqual([expect.stringContaining('10 events are missing')]);
  }, 300_000);

  it('whose restore was killed is not taken for an empty store, and can be restored again', async () => {
    const { name } = await backedUp();
    // Before anything of the old was taken away.
    await mkdir(home.at('data/restoring/store'), { recursive: true });
    const undisturbed = await start();
    expect(await idsOf(undisturbed)).toHaveLength(50);
    await undisturbed.kill('SIGTERM');
    expect(await entriesOf('data')).toEqual(['identity', 'log', 'store']);
    // After that, and before the new is in its place.
    await mkdir(home.at('data/restoring/store'), { recursive: true });
    await mkdir(home.at('data/replaced'));
    await rename(home.at('data/store'), home.at('data/replaced/store'));
    const { child, log } = spawnSentinel(home, backupDirOf(home));
    expect(await endOf(child)).toBe(1);
    expect(log.join('\n')).toContain('Restore again; or remove');
    expect((await runCommand(home, ['restore', name, '--replace'])).code).toBe(0);
    expect(await idsOf(await start())).toHaveLength(50);
  }, 300_000);

  it('is refused where a file of it was altered, is missing or was added, and where it is foreign or newer', async () => {
    const { name } = await backedUp();
    const whole = home.at(`backups/${name}`);
    const files = (await readdir(whole, { recursive: true })).filter((file) => file.endsWith('data.bin'));
    const data = files[0] ?? '';
    const manifestOf = async (folder: string) => readFile(path.join(folder, 'manifest.json'), 'utf8');
    const rewritten = async (folder: string, from: string | RegExp, to: string) =>
      writeFile(path.join(folder, 'manifest.json'), (await manifestOf(folder)).replace(from, to));
    const cases: readonly [string, string, (folder: string) => Promise<unknown>][] = [
      ['its SHA-256 differs', data, async (folder) => flipByte(path.join(folder, data))],
      ['bytes and had', data, (folder) => appendFile(path.join(folder, data), 'x')],
      ['is missing', data, (folder) => rm(path.join(folder, data))],
      ['was not there when it was made', 'extra', (folder) => writeFile(path.join(folder, 'extra'), '')],
      ['is not a finished backup', '', (folder) => rm(path.join(folder, 'manifest.json'))],
      ['is not JSON', '', (folder) => writeFile(path.join(folder, 'manifest.json'), '{')],
      ['is not the manifest', '', (folder) => rewritten(folder, 'mcp-runtime-sentinel-backup', 'other')],
      ['a newer one wrote it', '', (folder) => rewritten(folder, '"version": 1', '"version": 2')],
      ['a newer one wrote it', '', (folder) => rewritten(folder, /"schemaStep": \d+/, '"schemaStep": 99')],
      ['Use a newer program', '', (folder) => rewritten(folder, /"engine": "\d+/, '"engine": "99')],
      ['came back of', '', (folder) => rewritten(folder, '"events": 50', '"events": 51')],
    ];
    for (const [message, file, spoil] of cases) {
      const spoiled = home.at('backups/spoiled');
      await cp(whole, spoiled, { recursive: true });
      await spoil(spoiled);
      const said = await restoreBackup({
        backup: spoiled,
        dataDir: home.at('data'),
        replace: true,
        once: false,
        say: () => undefined,
      }).then(
        () => 'restored',
        (error: unknown) => String(error),
      );
      expect(said).toContain(message);
      expect(said).toContain(path.join(spoiled, file));
      await rm(spoiled, { recursive: true });
    }
    expect(await entriesOf('data')).toEqual(['identity', 'log', 'store']);
    const sentinel = await start();
    expect(await idsOf(sentinel)).toHaveLength(50);
  }, 300_000);

  it('is made by the clock and keeps the latest few of its own, and nothing else is ever removed', async () => {
    const { name: other } = await backedUp();
    // As after a loss: another sentinel with the same folder, which is not to clear away what the lost one left.
    await rm(home.at('data'), { recursive: true });
    await mkdir(home.at('backups/notes of a person'));
    const sentinel = await start({ BACKUP_RETAIN: '2', BACKUP_EVERY: '1m' });
    await until(async () => {
      const { backups, running } = await listOf(sentinel);
      return backups.length === 2 && running === undefined;
    });
    const [scheduled] = (await listOf(sentinel)).backups;
    const second = await backUp(sentinel);
    const third = await backUp(sentinel);
    expect(scheduled).toMatchObject({ events: 0 });
    expect(third.list.backups.map(({ name }) => name)).toEqual([third.name, second.name, other]);
    expect(await entriesOf('backups')).toEqual([other, second.name, third.name, 'notes of a person'].sort());
    const metrics = await (await fetch(sentinel.apiUrl + SENTINEL_PATHS.metrics)).text();
    expect(metrics).toContain('mcp_sentinel_backups_total{result="success"} 3');
    expect(metrics).toContain('mcp_sentinel_backup_interval_seconds 60');
    expect(metrics).toMatch(/mcp_sentinel_backup_last_success_timestamp_seconds 1[0-9.e+]+/);
  }, 300_000);

  it('is made by whoever has the token alone, one at a time, and not at all without a folder', async () => {
    const sentinel = await start({ API_TOKEN: 'a-token-of-some-length' });
    const post = (headers: Record<string, string>) =>
      fetch(sentinel.apiUrl + SENTINEL_PATHS.backups, { method: 'POST', headers });
    expect((await post({})).status).toBe(401);
    const authorization = 'Bearer a-token-of-some-length';
    expect((await post({ authorization, origin: 'http://evil.example' })).status).toBe(403);
    const [one, two] = await Promise.all([post({ authorization }), post({ authorization })]);
    expect([one.status, two.status].sort()).toEqual([202, 409]);
    await sentinel.kill('SIGKILL');
    const without = await start({ BACKUP_DIR: '' });
    const refused = await fetch(without.apiUrl + SENTINEL_PATHS.backups, { method: 'POST' });
    expect(await refused.json()).toMatchObject({ error: { code: 'backups_off' } });
  }, 300_000);
});

async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(10) ^ 1, 10);
  await writeFile(file, bytes);
}
