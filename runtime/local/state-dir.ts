// Where the local platform keeps what has to outlive it, and what its parts read. It knows the paths and how to write
// a file so that a reader never sees half of one; it does not know what is in them.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { errorCode, messageOf, TroubleError } from './trouble.ts';

/** @default `.mcp-runtime` in the working folder */
export const STATE_DIR_NAME = '.mcp-runtime';

export interface StateDir {
  readonly root: string;
  readonly lock: string;
  readonly control: string;
  readonly ports: string;
  readonly objects: string;
  readonly revocations: string;
  readonly ingestKeys: string;
  readonly inventory: string;
  readonly manifests: string;
  readonly logs: string;
  readonly sentinel: string;
  /** Of the sentinel's events. */
  readonly backups: string;
  /** Folder of one server's proxy: its policy file, its spool. */
  readonly server: (namespace: string, name: string) => ServerDir;
}

export interface ServerDir {
  readonly policy: string;
  readonly state: string;
}

export function stateDirAt(folder: string): StateDir {
  const root = path.resolve(folder);
  const at = (name: string): string => path.join(root, name);
  return {
    root,
    lock: at('platform.lock'),
    control: at('control.json'),
    ports: at('ports.json'),
    objects: at('objects.json'),
    revocations: at('revocations.json'),
    ingestKeys: at('ingest-keys.json'),
    inventory: at('inventory.json'),
    manifests: at('manifests'),
    logs: at('logs'),
    sentinel: at('sentinel'),
    backups: at('backups'),
    server: (namespace, name) => ({
      policy: path.join(root, 'run', `${namespace}.${name}`, 'policy', 'policy.json'),
      state: path.join(root, 'run', `${namespace}.${name}`, 'state'),
    }),
  };
}

/** Makes the folder, for this user alone, and keeps it out of Git. Throws `TroubleError`. */
export async function prepareStateDir(dir: StateDir): Promise<void> {
  try {
    for (const folder of [dir.root, dir.logs, dir.sentinel, dir.manifests]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    chmodSync(dir.root, 0o700);
    await writeFileAtomically(path.join(dir.root, '.gitignore'), '*\n');
  } catch (error) {
    throw new TroubleError(
      {
        code: 'state_dir_unusable',
        what: `The state folder cannot be written: ${messageOf(error)}.`,
        where: dir.root,
        remedy: 'Make the folder writable, or choose another one with --state-dir.',
      },
      { cause: error },
    );
  }
}

/** Replaces a file in one step that survives a crash of the machine; readers see the old bytes or the new ones. */
export async function writeFileAtomically(file: string, text: string, mode = 0o600): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}

export async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What one of our own files holds, or undefined where there is none. Throws `TroubleError` where it is damaged. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const json: unknown = JSON.parse(text);
    return schema.parse(json);
  } catch (error) {
    throw new TroubleError(
      {
        code: 'state_dir_unusable',
        what: 'A file of the state folder is damaged.',
        where: file,
        remedy: 'Restore it, or remove it to start without what it held.',
      },
      { cause: error },
    );
  }
}
