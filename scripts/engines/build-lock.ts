// Two runs that need the same engine don't both build it: one builds, the others wait for it. The lock is a file that
// names its holder; a holder that is gone holds nothing. Should two ever build at once, both end with whole engines.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 500;
/** A file without a holder's name that is older than this was left by a process that died while writing it. */
const unnamedForMs = 5_000;

/**
 * Does the work while no other process does work under the same lock.
 * @param onWait told once, with the process id of whoever holds the lock
 */
export async function withLock<T>(
  file: string,
  onWait: (pid: number | undefined) => void,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  let told = false;
  while (!(await take(file))) {
    const holder = await holderOf(file);
    if (holder.gone) {
      await rm(file, { force: true });
      continue;
    }
    if (!told) onWait(holder.pid);
    told = true;
    await sleep(pauseMs);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function holderOf(
  file: string,
): Promise<{ readonly gone: boolean; readonly pid?: number | undefined }> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(/^(\d+)\n$/.exec(text)?.[1] ?? 0);
  if (pid === 0) {
    const writtenAt = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
    return { gone: Date.now() - writtenAt > unnamedForMs };
  }
  return { gone: !lives(pid), pid };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
