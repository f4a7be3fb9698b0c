import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runningPlatform, takePlatformLock } from '#runtime/local/platform-lock.ts';
import { TroubleError } from '#runtime/local/trouble.ts';
import { temporaryFolder, type TemporaryFolder } from './harness/temporary.ts';

describe('the platform lock', () => {
  let folder: TemporaryFolder;
  let file: string;

  beforeEach(() => {
    folder = temporaryFolder();
    file = path.join(folder.path, 'platform.lock');
  });

  afterEach(() => {
    folder.remove();
  });

  it('is refused to a second taker, who learns the pid of the first', () => {
    const lock = takePlatformLock(file);
    expect(() => takePlatformLock(file)).toThrow(TroubleError);
    expect(() => takePlatformLock(file)).toThrow(`process ${process.pid}`);
    expect(runningPlatform(file)).toBe(process.pid);
    lock.release();
    expect(existsSync(file)).toBe(false);
    takePlatformLock(file).release();
  });

  it('is taken over from a holder that is gone', () => {
    writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));
    expect(runningPlatform(file)).toBeUndefined();
    takePlatformLock(file).release();
  });

  it('is taken over from a holder whose pid somebody else has now', () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'another time' }));
    takePlatformLock(file).release();
  });

  it('is taken over where the file is damaged', () => {
    writeFileSync(file, '{"pid"');
    takePlatformLock(file).release();
  });
});
