import { describe, expect, it } from '@jest/globals';
import { readSentinelConfig } from '#runtime/sentinel/sentinel-config.ts';

const problems = (env: Readonly<Record<string, string>>) => {
  const read = readSentinelConfig({ DATA_DIR: '/data', ...env });
  return read.ok ? [] : read.problems.map(({ message }) => message);
};

describe("a sentinel's configuration", () => {
  it('needs a way to know the clients of ingest', () => {
    expect(problems({})).toEqual([expect.stringContaining('INGEST_TOKENS=kubernetes')]);
    expect(problems({ INGEST_TOKENS: 'kubernetes' })).toEqual([]);
    expect(problems({ INGEST_KEYS_FILE: '/keys.json' })).toEqual([]);
    expect(problems({ INGEST_TOKENS: 'kubernetes', INGEST_KEYS_FILE: '/keys.json' })).toEqual([]);
  });

  it('takes the inventory from one place, and names everything that is wrong at once', () => {
    const both = { INVENTORY: 'kubernetes', INVENTORY_FILE: '/inventory.json', API_HOST: '0.0.0.0' };
    expect(problems(both)).toEqual([
      expect.stringContaining('set API_TOKEN'),
      expect.stringContaining('INGEST_KEYS_FILE is not set'),
      expect.stringContaining('unset one of them'),
    ]);
  });

  it('takes backups elsewhere than the events, and no more often than each minute', () => {
    const withKeys = (env: Readonly<Record<string, string>>) =>
      problems({ INGEST_TOKENS: 'kubernetes', ...env });
    expect(withKeys({ BACKUP_DIR: '/backups', BACKUP_EVERY: '24h', BACKUP_RETAIN: '3' })).toEqual([]);
    expect(withKeys({ BACKUP_EVERY: '24h' })).toEqual([expect.stringContaining('BACKUP_DIR is not')]);
    for (const folder of ['/data', '/data/backups']) {
      expect(withKeys({ BACKUP_DIR: folder })).toEqual([expect.stringContaining('within DATA_DIR')]);
    }
    expect(withKeys({ BACKUP_DIR: '/data-backups' })).toEqual([]);
    for (const every of ['daily', '59s', '0h']) {
      expect(withKeys({ BACKUP_DIR: '/backups', BACKUP_EVERY: every })).toEqual([
        expect.stringContaining('BACKUP_EVERY is'),
      ]);
    }
  });
});
