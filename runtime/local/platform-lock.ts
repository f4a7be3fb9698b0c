// One platform per state folder. The lock is a file that names its holder; a holder that is gone holds nothing.
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { errorCode, TroubleError } from './trouble.ts';

const holderSchema = z.object({ pid: z.number().int().positive(), started: z.string() });
type Holder = z.output<typeof holderSchema>;

export interface PlatformLock {
  readonly release: () => void;
}

/** Takes the lock, or throws `TroubleError` with the pid of whoever has it. */
export function takePlatformLock(file: string): PlatformLock {
  const own = JSON.stringify({ pid: process.pid, started: startedAt(process.pid) ?? '' });
  const candidate = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(candidate, own, { mode: 0o600, flag: 'wx' });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (tryLink(candidate, file)) return { release: () => releaseIfOwn(file, own) };
      const held = readLock(file);
      if (held === undefined) continue;
      const holder = parseHolder(held);
      if (holder !== undefined && isAlive(holder)) throw alreadyRunning(file, holder.pid);
      removeStale(file, held);
    }
  } finally {
    rmSync(candidate, { force: true });
  }
  throw alreadyRunning(file, undefined);
}

/** The pid of the platform that runs on this state folder, if one does. */
export function runningPlatform(file: string): number | undefined {
  const held = readLock(file);
  const holder = held === undefined ? undefined : parseHolder(held);
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined;
}

function alreadyRunning(file: string, pid: number | undefined): TroubleError {
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new TroubleError({
    code: 'already_running',
    what: `A platform runs on this state folder already (${who}).`,
    where: file,
    remedy: 'Stop that one with Ctrl-C, or give this one a folder of its own with --state-dir.',
  });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Two starters may find the same stale lock: only what was judged stale is removed, a newer lock is put back. */
function removeStale(file: string, judged: string): void {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== judged) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function releaseIfOwn(file: string, own: string): void {
  if (readLock(file) === own) rmSync(file, { force: true });
}

function readLock(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return holderSchema.safeParse(json).data;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  const started = startedAt(holder.pid);
  return started === undefined || started === holder.started;
}

/** When a process started, in ticks since boot; tells a process from a later one with the same pid. Linux only. */
function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // The state is the third field of proc_pid_stat(5), the start time the twenty-second.
    return afterName[0] === 'Z' ? 'zombie' : afterName[19];
  } catch {
    return undefined;
  }
}
