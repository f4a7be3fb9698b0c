// Opens the ClickHouse engine in this process on a folder of its own. The engine says little about why it couldn't
// (and prints that little to standard error itself), so the usual causes are found out here, each with a remedy.
import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { constants } from 'node:fs';
import { access, mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorMessage } from '../errors.ts';

/** The store can't be used: what, where, and what to do about it. */
export class StoreError extends Error {
  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`The store in ${folder} can not be opened: ${problem}`, options);
    this.name = 'StoreError';
  }
}

/** @param backupDir the one folder that the engine may write backups to and read them from; none where it is absent */
export async function openChdb(folder: string, backupDir?: string): Promise<ClickHouseClient> {
  await checkFolder(folder);
  const { createChdbConnection, Session } = await importEngine(folder);
  const connection = await connect(folder, () => {
    if (backupDir === undefined) return createChdbConnection({ path: folder });
    // The engine is configured by whoever opens it first, and a connection of the client takes no such arguments.
    const first = new Session(folder, { connectionArgs: [`--backups.allowed_path=${backupDir}`] });
    try {
      return createChdbConnection({ path: folder });
    } finally {
      first.close();
    }
  });
  if (!isConnection(connection))
    throw new StoreError(folder, 'this chdb does not fit this @clickhouse/client.');
  return createClient({ connection });
}

async function connect(folder: string, create: () => unknown): Promise<unknown> {
  try {
    return create();
  } catch (cause) {
    throw new StoreError(folder, await whyNot(folder), { cause });
  }
}

type Connection = NonNullable<ClickHouseClientConfigOptions['connection']>;

/** chdb is typed against a copy of the client's types that isn't the client's own, so the compiler can't tell. */
function isConnection(value: unknown): value is Connection {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['query', 'insert', 'command', 'exec', 'ping', 'close'].every((method) => method in value)
  );
}

async function checkFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (!(await stat(folder)).isDirectory()) throw new Error('it is not a folder');
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const problem = `${errorMessage(cause)}. Give this user a folder it can write to, in DATA_DIR.`;
    throw new StoreError(folder, problem, { cause });
  }
}

/** Loaded when it is needed: half a gigabyte that a sentinel with a ClickHouse server wouldn't want. */
async function importEngine(folder: string) {
  try {
    const [{ createChdbConnection }, { Session }] = await Promise.all([
      import('chdb/connection'),
      import('chdb'),
    ]);
    return { createChdbConnection, Session };
  } catch (cause) {
    throw new StoreError(
      folder,
      `the engine (npm package chdb) could not be loaded on ${process.platform}-${process.arch}: ` +
        `${errorMessage(cause)}. It exists for Linux (glibc) and macOS; install with optional dependencies.`,
      { cause },
    );
  }
}

async function whyNot(folder: string): Promise<string> {
  const holder = await holderOf(folder);
  if (holder !== undefined) {
    return `process ${holder} holds it, and one process at a time can. Stop that one, or use another DATA_DIR.`;
  }
  return (
    'the engine does not accept what is in it (its own message is in the error output above). ' +
    'Move the folder aside to start with an empty store; events that are still in the log are kept.'
  );
}

/** The engine's lock file names the process that took it, and stays behind when that process dies. */
async function holderOf(folder: string): Promise<number | undefined> {
  try {
    const text = await readFile(path.join(folder, 'status'), 'utf8');
    const pid = Number(/^PID: (\d+)$/m.exec(text)?.[1]);
    if (!Number.isSafeInteger(pid) || pid === process.pid) return undefined;
    return isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
