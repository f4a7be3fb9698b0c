// The folder that backups lie in, one folder each. Several sentinels may share it, and a person may put other things there:
// what counts, and what is ever removed, is what one sentinel has written and marked as its own.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '#runtime/process/log.ts';
import { BackupError } from './backup-error.ts';
import { syncPath } from './files.ts';
import { readManifest, type Manifest } from './manifest.ts';

/** Time and sentinel: `2026-11-30T03-00-00.000Z-0c9d1f3a`. */
const NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z-([0-9a-f]{8})$/;
const PARTIAL = /^\.(.+)\.partial$/;

export class BackupFolder {
  readonly folder: string;
  /** The sentinel that writes here. */
  private readonly sentinel: string;

  constructor(folder: string, sentinel: string) {
    this.folder = folder;
    this.sentinel = sentinel;
  }

  /** Of a backup that begins now. */
  nameAt(nowMs: number): string {
    return `${new Date(nowMs).toISOString().replaceAll(':', '-')}-${this.sentinel.slice(0, 8)}`;
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  /** An empty folder for a backup that isn't finished. */
  async begin(name: string): Promise<string> {
    const partial = this.at(`.${name}.partial`);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { mode: 0o700 });
    return partial;
  }

  /** Gives it its name: from now on it counts. */
  async finish(name: string, partial: string): Promise<void> {
    await syncPath(partial);
    await rename(partial, this.at(name));
    await syncPath(this.folder);
  }

  /** Every backup that is there, of whichever sentinel, the latest first. Those that can't be used are left out. */
  async list(log: Log): Promise<readonly Manifest[]> {
    const found: Manifest[] = [];
    for (const name of await namesIn(this.folder)) {
      if (!NAME.test(name)) continue;
      try {
        found.push(await readManifest(this.at(name)));
      } catch (error) {
        if (!(error instanceof BackupError)) throw error;
        log.warn({ problem: error.message }, 'A backup can not be used.');
      }
    }
    return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  /** Removes what earlier runs of this sentinel left unfinished. */
  async removePartial(): Promise<void> {
    for (const name of await namesIn(this.folder)) {
      const whole = PARTIAL.exec(name)?.[1];
      if (whole !== undefined && this.isOwnName(whole)) await remove(this.at(name));
    }
  }

  /** Keeps the latest `retain` of this sentinel's own, and every other one. Tells which are gone. */
  async prune(all: readonly Manifest[], retain: number): Promise<readonly string[]> {
    const own = all.filter(({ name, sentinel }) => sentinel === this.sentinel && this.isOwnName(name));
    const old = own.slice(retain).map(({ name }) => name);
    for (const name of old) {
      // First not a backup any more, then gone: what a crash leaves is removed with the unfinished ones.
      await rename(this.at(name), this.at(`.${name}.partial`));
      await remove(this.at(`.${name}.partial`));
    }
    return old;
  }

  private isOwnName(name: string): boolean {
    return NAME.exec(name)?.[1] === this.sentinel.slice(0, 8);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return (await readdir(folder)).sort();
}

async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
