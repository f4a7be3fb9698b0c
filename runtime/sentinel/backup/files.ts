// Files of a backup: what they hold, and that it survives a power cut.
import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { BackupError } from './backup-error.ts';
import { MANIFEST_FILE, type FileRecord, type Manifest } from './manifest.ts';

/** All files below a folder but its manifest, relative to it and in order. Links count as files, and are read as none. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => file !== MANIFEST_FILE)
    .sort();
}

/** Records every file; afterwards they and their names are on disk. */
export async function recordFiles(folder: string): Promise<readonly FileRecord[]> {
  const records: FileRecord[] = [];
  for (const file of await filesIn(folder)) {
    records.push(
      await withFile(path.join(folder, file), async (handle) => {
        const digest = await digestOf(handle);
        await handle.sync();
        return { path: file, ...digest };
      }),
    );
  }
  const folders = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  for (const each of folders) await syncPath(each);
  return records;
}

export async function syncPath(file: string): Promise<void> {
  await withFile(file, (handle) => handle.sync());
}

/** @throws BackupError unless the files are those of the manifest, byte for byte */
export async function compareFiles(folder: string, { files }: Manifest): Promise<void> {
  const there = new Set(await filesIn(folder));
  for (const { path: name, size, sha256 } of files) {
    const file = path.join(folder, name);
    if (!there.delete(name)) throw damaged(file, 'is missing');
    const found = await withFile(file, digestOf);
    if (found.size !== size) throw damaged(file, `has ${found.size} bytes and had ${size}`);
    if (found.sha256 !== sha256) throw damaged(file, 'is not what was written: its SHA-256 differs');
  }
  const [more] = there;
  if (more !== undefined) throw damaged(path.join(folder, more), 'was not there when it was made');
}

function damaged(file: string, what: string): BackupError {
  return new BackupError('backup_damaged', `${file} ${what}. Nothing was restored; take another backup.`);
}

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r');
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function digestOf(handle: FileHandle): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, start: 0 })) {
    if (!Buffer.isBuffer(chunk)) continue;
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}
