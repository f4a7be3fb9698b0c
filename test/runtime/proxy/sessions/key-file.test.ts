import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '#runtime/process/clock.ts';
import { createLog } from '#runtime/process/log.ts';
import { KeyFile } from '#runtime/proxy/keys/key-file.ts';

let folder: string;
let lines: string[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'keys-'));
  lines = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (file?: string) =>
  KeyFile.open({
    file,
    stateFolder: path.join(folder, 'state'),
    clock: systemClock,
    log: createLog({ program: 'proxy', destination: { write: (line) => void lines.push(line) } }),
  });

const shared = (id: string) =>
  JSON.stringify({
    schemaVersion: 1,
    keys: [{ id, secret: randomBytes(32).toString('base64url'), madeAt: '2026-01-01T00:00:00Z' }],
  });

describe('keys of a proxy that nobody gives any', () => {
  it('are made once, for its eyes only, and stay over a restart', async () => {
    const first = open().ring.sealing('session');
    expect(open().ring.sealing('session')).toEqual(first);
    expect((await stat(path.join(folder, 'state', 'keys.json'))).mode & 0o777).toBe(0o600);
  });

  it('live as long as the process where they can not be kept, and that is said', async () => {
    await writeFile(path.join(folder, 'state'), 'no folder');
    const { ring } = open();
    expect(ring.sealing('session')).toEqual(ring.sealing('session'));
    expect(lines.join()).toContain('could not be kept');
  });

  it('are not replaced where they are there and broken', async () => {
    await mkdir(path.join(folder, 'state'));
    await writeFile(path.join(folder, 'state', 'keys.json'), '{');
    expect(() => open()).toThrow(/keys\.json: is not JSON; delete it/);
    expect(await readFile(path.join(folder, 'state', 'keys.json'), 'utf8')).toBe('{');
  });
});

describe('keys that all proxies share', () => {
  it('are those of the file, each purpose with one of its own', async () => {
    const file = path.join(folder, 'keys.json');
    await writeFile(file, shared('k1'));
    const { ring } = open(file);
    const keys = (['session', 'event', 'peer', 'digest'] as const).map((purpose) => ring.sealing(purpose));
    expect(keys.map(({ id }) => id)).toEqual(Array(4).fill('k1'));
    expect(new Set(keys.map(({ key }) => key.toString('hex'))).size).toBe(4);
  });

  it('must be there at the start', () => {
    expect(() => open(path.join(folder, 'nowhere.json'))).toThrow(/ENOENT/);
  });

  it('follow the file, and stay where it can not be read', async () => {
    const file = path.join(folder, 'keys.json');
    await writeFile(file, shared('k1'));
    const keyFile = open(file);
    await writeFile(file, shared('k2'));
    await keyFile.check(file);
    expect(keyFile.ring.sealing('peer').id).toBe('k2');
    expect(keyFile.ring.opening('peer', 'k1')).toBeUndefined();
    await writeFile(file, 'hunter2');
    await keyFile.check(file);
    await keyFile.check(file);
    expect(keyFile.ring.sealing('peer').id).toBe('k2');
    expect(lines.filter((line) => line.includes('can not be read again'))).toHaveLength(1);
    expect(lines.join()).not.toContain('hunter2');
    await writeFile(file, 'x'.repeat(100_000));
    await keyFile.check(file);
    expect(keyFile.ring.sealing('peer').id).toBe('k2');
  });
});
