// One process per data folder. The lock is a file that names its holder; it is taken over only from a process that
// is gone, so a crash needs no hand to clean up, and a second sentinel is told who holds the folder.
import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../errors.ts';

const LOCK_FILE = 'sentinel.lock';

export class FolderLockedError extends Error {
  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}. Stop that sentinel, or give this one another DATA_DIR.`);
    this.name = 'FolderLockedError';
  }
}

/** Resolves to the function that releases the folder. Throws `FolderLockedError`. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, LOCK_FILE);
  const self = `${process.pid} ${startOf(process.pid)}\n`;
  for (;;) {
    if (await createWith(file, self)) return () => rm(file, { force: true });
    const holder = await readHolder(file);
    if (holder !== undefined && isRunning(holder)) throw new FolderLockedError(folder, holder.pid);
    await rm(file, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  readonly start: string;
}

async function createWith(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.close();
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const found = /^(\d+) (\S*)\n$/.exec(text);
  return found === null ? undefined : { pid: Number(found[1]), start: found[2] ?? '' };
}

/** In a container the next process may well get the number of the last one; its start time tells them apart. */
function isRunning({ pid, start }: Holder): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return start === '' || now === '' || now === start;
}

/** Start time in clock ticks since boot, where the system tells; empty elsewhere. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
