// The file operations that the log needs, and nothing else of a file system, so that a test can hand in a disk
// that is full, fails or forgets.
import { open, mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../errors.ts';

export interface LogFile {
  /** Writes everything at `position` or rejects; what a rejected write has left behind is unknown. */
  write(buffers: readonly Buffer[], position: number): Promise<void>;
  /** Up to `length` bytes; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** Resolves when content and size survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface LogFiles {
  /** Creates the folder where it is missing, and lists the names in it. */
  list(): Promise<readonly string[]>;
  /** Opens for reading and writing; `create` makes it anew and empty, its name durable. */
  open(name: string, options: { readonly create: boolean }): Promise<LogFile>;
  remove(name: string): Promise<void>;
  /** The file's text, `undefined` where there is none. */
  readText(name: string): Promise<string | undefined>;
  /** Replaces the file: afterwards it holds all of `text`, or still what it held before. */
  writeText(name: string, text: string): Promise<void>;
}

export function logFilesIn(folder: string): LogFiles {
  return {
    list: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return readdir(folder);
    },
    open: async (name, { create }) => {
      const file = await openFile(path.join(folder, name), create ? 'w+' : 'r+');
      if (create) await syncFolder(folder);
      return file;
    },
    remove: (name) => unlink(path.join(folder, name)),
    readText: (name) => readTextIfAny(path.join(folder, name)),
    writeText: (name, text) => replaceFile(folder, name, text),
  };
}

async function openFile(file: string, flags: string): Promise<LogFile> {
  const handle = await open(file, flags, 0o600);
  return {
    write: async (buffers, position) => {
      const expected = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
      const { bytesWritten } = await handle.writev(buffers, position);
      if (bytesWritten !== expected)
        throw new Error(`Wrote ${bytesWritten} of ${expected} bytes to ${file}.`);
    },
    read: async (position, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    size: async () => (await handle.stat()).size,
    truncate: (size) => handle.truncate(size),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = path.join(folder, `${name}.new`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path.join(folder, name));
  await syncFolder(folder);
}

/** A new or renamed name survives a power cut only once its folder is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readTextIfAny(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
