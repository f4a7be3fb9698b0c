// What tests of backups do with a sentinel: post until it is gone, back up by request, and run its other commands.
import { once } from 'node:events';
import { backupBegun, backupList, chainList, SENTINEL_PATHS, type BackupList } from '#api/sentinel-api.ts';
import type { AuditEvent } from '#api/audit-event.ts';
import { Proxy } from '../chained-events.ts';
import {
  spawnSentinel,
  until,
  type SentinelExtra,
  type SentinelHome,
  type SentinelProcess,
} from '../sentinel-process.ts';

export const backupDirOf = (home: SentinelHome): SentinelExtra => ({ BACKUP_DIR: home.at('backups') });

/** Asks for a backup; its name, while it is being made. */
export async function begin(sentinel: SentinelProcess): Promise<string> {
  const response = await fetch(sentinel.apiUrl + SENTINEL_PATHS.backups, { method: 'POST' });
  const body: unknown = await response.json();
  if (response.status !== 202) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return backupBegun.parse(body).name;
}

export async function listOf(sentinel: SentinelProcess): Promise<BackupList> {
  return sentinel.get(backupList, SENTINEL_PATHS.backups);
}

/** Makes a backup, and waits for its end, whichever that is. */
export async function backUp(sentinel: SentinelProcess): Promise<{ name: string; list: BackupList }> {
  const name = await begin(sentinel);
  await until(async () => (await listOf(sentinel)).running === undefined);
  return { name, list: await listOf(sentinel) };
}

/** What is wrong with the chains of a sentinel's events. */
export async function chainProblems(sentinel: SentinelProcess): Promise<readonly string[]> {
  return (await sentinel.get(chainList, SENTINEL_PATHS.chains)).problems;
}

/** `main.ts restore …` or `verify …`, to its end. */
export async function runCommand(home: SentinelHome, args: readonly string[]) {
  const { child, log } = spawnSentinel(home, backupDirOf(home), args);
  await once(child, 'close');
  return { code: child.exitCode, output: log.join('\n') };
}

/** A proxy that posts batch after batch until it is told to stop, or nobody answers. */
export class Client {
  readonly proxy: Proxy;
  /** In the order of their acknowledgement. */
  readonly acknowledged: AuditEvent[] = [];
  private isStopped = false;
  private readonly running: Promise<void>;

  constructor(sentinel: SentinelProcess, name: string) {
    this.proxy = new Proxy(name);
    this.running = this.post(sentinel);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async post(sentinel: SentinelProcess): Promise<void> {
    while (!this.isStopped) {
      const events = this.proxy.next(20);
      const answer = await sentinel.post(events).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 202) this.acknowledged.push(...events);
    }
  }
}
