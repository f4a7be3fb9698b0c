// Puts the events of a backup into a data folder that no sentinel uses. It builds the new store beside the old one, compares
// it with what was backed up, and only then puts it in its place; what was there before is kept under another name.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorMessage } from '../errors.ts';
import { writeIdentity } from '../identity.ts';
import { readChains, readTotals, type ChainRecord, type EventTotals } from '../store/chains.ts';
import { engineVersion, restoreEvents } from '../store/event-cut.ts';
import { openChdb } from '../store/open-chdb.ts';
import { lockFolder } from '../stream/folder-lock.ts';
import { BackupError } from './backup-error.ts';
import { compareFiles } from './files.ts';
import { isEngineNewer, readManifest, STORE_FOLDER, type Manifest } from './manifest.ts';

/** What a backup held when it was read again: the same as when it was made, or this would not be. */
export interface Restored {
  readonly manifest: Manifest;
  readonly totals: EventTotals;
  readonly chains: readonly ChainRecord[];
}

export interface RestoreRequest {
  /** Folder of the backup. */
  readonly backup: string;
  readonly dataDir: string;
  /** Takes the place of events that are there, which are kept aside. */
  readonly replace: boolean;
  /** Does nothing where this backup has been restored here before. */
  readonly once: boolean;
  /** Told what goes on, a line at a time. */
  readonly say: (line: string) => void;
}

/** Folders of a sentinel's data that hold events, in the order in which they are taken away: while the store is there, all are. */
const EVENT_FOLDERS = [STORE_FOLDER, 'log'];
const RESTORING = 'restoring';
/** The name of the backup that a folder was last restored from. */
const RESTORED_FILE = 'restored';

/**
 * @returns undefined where it had been done before
 * @throws BackupError, FolderLockedError, StoreError; the data folder is as it was then
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored | undefined> {
  const { backup, dataDir, replace, say } = request;
  const release = await lockFolder(dataDir);
  const scratch = path.join(dataDir, RESTORING);
  try {
    const manifest = await readManifest(backup);
    if (request.once && (await restoredFrom(dataDir)) === manifest.name) {
      say(`${manifest.name} has been restored here before; nothing to do.`);
      return undefined;
    }
    const held = await foldersWithContent(dataDir);
    if (held.length > 0 && !replace) {
      const what = held.map((name) => path.join(dataDir, name)).join(' and ');
      const remedy = 'Restore into an empty folder, or keep it aside with --replace.';
      throw new BackupError('not_empty', `There are events already, in ${what}. ${remedy}`);
    }
    const restored = await readBack({ backup, scratch, manifest, say });
    await keepAside(dataDir, held, say);
    await rename(path.join(scratch, STORE_FOLDER), path.join(dataDir, STORE_FOLDER));
    await writeIdentity(dataDir, manifest.sentinel);
    await writeFile(path.join(dataDir, RESTORED_FILE), `${manifest.name}\n`, { mode: 0o600, flush: true });
    return restored;
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await release();
  }
}

/**
 * For a sentinel that starts: what a killed restore left is removed where the events are in their place. Where they are not
 * yet, it must not begin with none.
 * @throws BackupError
 */
export async function afterKilledRestore(dataDir: string): Promise<void> {
  const scratch = path.join(dataDir, RESTORING);
  if (!existsSync(scratch)) return;
  if (!existsSync(path.join(dataDir, STORE_FOLDER))) {
    const remedy = `Restore again; or remove ${scratch} to begin without events.`;
    throw new BackupError('restore_interrupted', `A restore into ${dataDir} was interrupted. ${remedy}`);
  }
  await rm(scratch, { recursive: true });
}

/** Restores into a folder of its own, which is removed again. @throws as `restoreBackup` does */
export async function verifyBackup(
  backup: string,
  scratch: string,
  say: (line: string) => void,
): Promise<Restored> {
  try {
    return await readBack({ backup, scratch, manifest: await readManifest(backup), say });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface ReadBack {
  readonly backup: string;
  readonly scratch: string;
  readonly manifest: Manifest;
  readonly say: (line: string) => void;
}

/** Leaves a store in `scratch` that has been compared with its manifest. */
async function readBack({ backup, scratch, manifest, say }: ReadBack): Promise<Restored> {
  say(`Comparing ${manifest.files.length} files of ${backup} with their SHA-256 …`);
  await compareFiles(backup, manifest);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  say(`Restoring ${manifest.totals.events} events …`);
  const client = await openChdb(path.join(scratch, STORE_FOLDER), backup);
  try {
    const own = await engineVersion(client);
    if (isEngineNewer(manifest.engine, own)) {
      const found = `engine ${manifest.engine}, and this program has ${own}`;
      throw new BackupError('backup_newer', `${backup} was made with ${found}. Use a newer program.`);
    }
    await restoreEvents(client, path.join(backup, STORE_FOLDER));
    say('Following the chain of each proxy …');
    const restored = {
      manifest,
      totals: await readTotals(client, 'events'),
      chains: await readChains(client, 'events'),
    };
    compare(restored, backup);
    return restored;
  } catch (error) {
    if (error instanceof BackupError) throw error;
    const message = `${backup} can not be restored: ${errorMessage(error)}`;
    throw new BackupError('backup_damaged', message, { cause: error });
  } finally {
    await client.close();
  }
}

/** The files are what was written; this is whether the engine made of them what they were made from. */
function compare({ manifest, totals, chains }: Restored, backup: string): void {
  const keyOf = ({ namespace, server, instance, bootEpoch, events, lastSeq, head }: ChainRecord): string =>
    [namespace, server, instance, bootEpoch, events, lastSeq, head].join(' ');
  const found = new Set(chains.map(keyOf));
  const same =
    manifest.chains.length === found.size && manifest.chains.every((each) => found.has(keyOf(each)));
  if (same && totals.events === manifest.totals.events) return;
  const counted = `${totals.events} events came back of ${manifest.totals.events}`;
  throw new BackupError(
    'backup_damaged',
    `${backup}: ${counted}, or their chains differ. Take another backup.`,
  );
}

async function restoredFrom(dataDir: string): Promise<string> {
  const text = await readFile(path.join(dataDir, RESTORED_FILE), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  return text.trim();
}

async function foldersWithContent(dataDir: string): Promise<readonly string[]> {
  const found = await Promise.all(
    EVENT_FOLDERS.map(async (name) => {
      const entries = await readdir(path.join(dataDir, name)).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      });
      return entries.length > 0 ? [name] : [];
    }),
  );
  return found.flat();
}

async function keepAside(
  dataDir: string,
  folders: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  if (folders.length === 0) return;
  const aside = path.join(dataDir, `replaced-${new Date().toISOString().replaceAll(':', '-')}`);
  await mkdir(aside, { mode: 0o700 });
  for (const name of folders) await rename(path.join(dataDir, name), path.join(aside, name));
  say(`What was there before is kept in ${aside}; remove it when nobody misses it.`);
}
