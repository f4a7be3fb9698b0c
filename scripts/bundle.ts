// One program, one file, and beside it what it may never load: what images hold, what the local platform starts and what
// the bench measures.
// A bundle takes about 100 ms, so nothing is cached and nothing can be stale.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { build, formatMessages, type Message, type Metafile } from 'esbuild';
import { directBuiltins, englishOnly } from './bundle-plugins.ts';

const root = path.dirname(import.meta.dirname);

/** Packages with native files, which a bundle can't hold: they are loaded from `node_modules` above the bundle. */
const NATIVE_PACKAGES = ['chdb'];

// Bundled CommonJS packages call `require` for Node's own modules, and an ES module has none.
const banner = [
  `import { createRequire as __createRequire } from 'node:module';`,
  `const require = __createRequire(import.meta.url);`,
].join('\n');

export class BundleError extends Error {
  readonly code = 'bundle_failed';

  constructor(entry: string, details: string, cause?: unknown) {
    super(`could not bundle ${entry}:\n${details}`, { cause });
    this.name = 'BundleError';
  }
}

/** Where a program was bundled to; all paths are absolute. */
export interface Bundle {
  readonly main: string;
  /** What the program loads when it needs it, if ever: each lies beside `main`, which names it. */
  readonly parts: readonly string[];
}

/**
 * Bundles a program and everything it imports into an ES module, with a source map beside it. What it imports only when it
 * needs it stays in parts of its own, because text takes several times its size of a process's memory, run or not.
 *
 * @param entry its main file, relative to the repository
 * @param outFile where to write, relative to the repository or absolute; by convention `.build/programs/<name>.mjs`
 * @param external packages that stay outside
 * @throws BundleError with every problem, its file and line
 */
export async function bundle(
  entry: string,
  outFile: string,
  external: readonly string[] = NATIVE_PACKAGES,
): Promise<Bundle> {
  const main = path.resolve(root, outFile);
  const { dir, name, ext } = path.parse(main);
  try {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [{ in: entry, out: name }],
      outdir: dir,
      outExtension: { '.js': ext },
      splitting: true,
      chunkNames: `${name}-[name]-[hash]`,
      metafile: true,
      external: [...external],
      bundle: true,
      platform: 'node',
      target: 'node22',
      format: 'esm',
      banner: { js: banner },
      sourcemap: 'linked',
      legalComments: 'none',
      // A program's text stays in memory as long as it runs. Names are kept, for stack traces.
      minifySyntax: true,
      minifyWhitespace: true,
      lineLimit: 160,
      define: { 'process.env.MCP_RUNTIME_VERSION': JSON.stringify(await version()) },
      plugins: [directBuiltins, englishOnly],
      logLevel: 'silent',
    });
    refuseLateCommonJs(entry, metafile);
    const written = Object.keys(metafile.outputs).map((file) => path.resolve(root, file));
    const parts = written.filter((file) => file.endsWith(ext) && file !== main);
    return { main, parts: parts.sort() };
  } catch (error) {
    if (error instanceof BundleError) throw error;
    const details = await formatMessages(messagesOf(error), { kind: 'error', color: false });
    throw new BundleError(entry, details.join('').trim() || String(error), error);
  }
}

/** Of the platform, which its programs say of themselves. */
async function version(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(parsed).version;
}

/** Bundles a program as `bundle` does, and returns the absolute path of its main file. */
export async function bundleProgram(...args: Parameters<typeof bundle>): Promise<string> {
  return (await bundle(...args)).main;
}

/**
 * In a part of its own a CommonJS module has nothing but a default, so `const { a } = await import('package')` works from
 * the sources and gives undefined in a bundle.
 */
function refuseLateCommonJs(entry: string, { inputs }: Metafile): void {
  const problems = Object.entries(inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ kind, path: to }) => kind === 'dynamic-import' && inputs[to]?.format === 'cjs')
      .map(({ path: to }) => `${file}: ${to} is CommonJS and can't be imported late by itself`),
  );
  if (problems.length === 0) return;
  const remedy = 'Import it statically in a module of its own, and that module when it is needed.';
  throw new BundleError(entry, [...problems, remedy].join('\n'));
}

function messagesOf(error: unknown): Message[] {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return [];
  return error.errors.filter(isMessage);
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'text' in value && 'location' in value;
}
