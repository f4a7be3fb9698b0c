// Builds the console into a folder of static files. The result depends on the sources alone, so it is made again
// only where they changed; a finished build replaces the old one as a whole.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const here = import.meta.dirname;
const root = path.resolve(here, '../../..');
/** What the build is made of: the console's own files, the shared types, the versions of its packages. */
const SOURCES = [here, path.join(root, 'src/api'), path.join(root, 'package.json')];
const STAMP = '.sources';

export interface ConsoleBuild {
  /** For `CONSOLE_DIR`. */
  readonly folder: string;
  /** False where the folder was up to date. */
  readonly built: boolean;
}

/** Takes about two seconds, or none. @default folder `.build/console` of the repository */
export async function buildConsole(folder = path.join(root, '.build/console')): Promise<ConsoleBuild> {
  const sources = await digestOf(SOURCES);
  const stamp = await readFile(path.join(folder, STAMP), 'utf8').catch(() => '');
  if (stamp === sources) return { folder, built: false };
  const fresh = `${folder}.${process.pid}.new`;
  await bundle(fresh);
  await writeFile(path.join(fresh, STAMP), sources);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return { folder, built: true };
}

/** Vite is loaded only where there is something to build. */
async function bundle(outDir: string): Promise<void> {
  const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')]);
  await mkdir(outDir, { recursive: true });
  await build({
    root: here,
    configFile: false,
    logLevel: 'warn',
    plugins: [react()],
    build: {
      outDir,
      emptyOutDir: true,
      // The page's policy allows no inline scripts and no data in place of files.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
}

async function digestOf(places: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const place of places) {
    for (const file of await filesIn(place)) {
      hash.update(`${path.relative(root, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}

async function filesIn(place: string): Promise<readonly string[]> {
  if (path.extname(place) !== '') return [place];
  const entries = await readdir(place, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
