// Makes one backup. Everything acknowledged before it began is in it: the store is given what the log still holds, and then
// cut between two inserts. Ingest notices nothing, the writer waits for the cut alone.
import { statfs, writeFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#runtime/process/clock.ts';
import { PROGRAM_VERSION } from '#runtime/process/version.ts';
import type { EventCut } from '../store/event-cut.ts';
import type { EventStore } from '../store/event-store.ts';
import type { EventStream } from '../stream/event-stream.ts';
import { BackupError } from './backup-error.ts';
import type { BackupFolder } from './backup-folder.ts';
import { recordFiles, syncPath } from './files.ts';
import { MANIFEST_FILE, newManifest, STORE_FOLDER, type Manifest } from './manifest.ts';

export interface BackupSource {
  readonly stream: Pick<EventStream, 'committed' | 'stats'>;
  readonly writer: {
    readonly store: EventStore | undefined;
    readonly problem: string | undefined;
    between<T>(work: () => Promise<T>): Promise<T>;
  };
  readonly folder: BackupFolder;
  /** The sentinel whose events these are. */
  readonly sentinel: string;
  readonly clock: Clock;
}

/** What the log holds has to be in the store by then; it takes far less unless the store is away. */
const SETTLE_MS = 10 * 60_000;
const LOOK_MS = 50;
/** Room that a backup leaves on its volume. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** @throws BackupError, and what the engine or the disk says; nothing of the backup is left then */
export async function takeBackup(source: BackupSource, name: string, signal: AbortSignal): Promise<Manifest> {
  const { folder, writer, stream } = source;
  const acknowledged = stream.committed + stream.stats().pending;
  const store = await settled(source, acknowledged, signal);
  const cut = await writer.between(() => store.cut());
  try {
    const partial = await folder.begin(name);
    try {
      const manifest = await write(source, cut, { name, partial, acknowledged });
      signal.throwIfAborted();
      await folder.finish(name, partial);
      return manifest;
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
  } finally {
    await cut.drop();
  }
}

/** Waits until everything before `offset` is in the store. */
async function settled(
  { stream, writer, clock }: BackupSource,
  offset: number,
  signal: AbortSignal,
): Promise<EventStore> {
  const deadline = clock.monotonicMs() + SETTLE_MS;
  while (stream.committed < offset || writer.store === undefined) {
    if (clock.monotonicMs() > deadline) {
      const why = writer.problem ?? 'it is too slow for what arrives';
      throw new BackupError('store_away', `The store has not taken what the log holds: ${why}`);
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
  return writer.store;
}

interface Draft {
  readonly name: string;
  readonly partial: string;
  readonly acknowledged: number;
}

async function write(source: BackupSource, cut: EventCut, draft: Draft): Promise<Manifest> {
  const { name, partial, acknowledged } = draft;
  await checkSpace(source.folder.folder, await cut.size());
  const createdAt = new Date(source.clock.nowMs()).toISOString();
  const totals = await cut.totals();
  const chains = await cut.chains();
  const { engine, schemaStep } = await cut.versions();
  await cut.backUp(path.join(partial, STORE_FOLDER));
  const manifest = newManifest({
    name,
    createdAt,
    program: PROGRAM_VERSION,
    engine,
    schemaStep,
    sentinel: source.sentinel,
    acknowledged,
    totals,
    chains: [...chains],
    files: [...(await recordFiles(partial))],
  });
  const file = path.join(partial, MANIFEST_FILE);
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  await syncPath(file);
  return manifest;
}

/** Found out before the disk is full, because the events themselves may lie on it. */
async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed + SPARE_BYTES) return;
  const message = `A backup takes ${mib(needed)} and leaves ${mib(SPARE_BYTES)}; ${folder} has ${mib(free)} free.`;
  throw new BackupError('no_space', `${message} Give it a larger volume, or keep fewer (BACKUP_RETAIN).`);
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
