// One program, one file: what images hold, what the local platform starts and what the bench measures.
// A bundle takes about 100 ms, so nothing is cached and nothing can be stale.
import path from 'node:path';
import { build, formatMessages, type Message } from 'esbuild';
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

  constructor(entry: string, details: string, cause: unknown) {
    super(`could not bundle ${entry}:\n${details}`, { cause });
    this.name = 'BundleError';
  }
}

/**
 * Bundles a program and everything it imports into one ES module, with a source map beside it.
 *
 * @param entry its main file, relative to the repository
 * @param outFile where to write, relative to the repository or absolute; by convention `.build/programs/<name>.mjs`
 * @param external packages that stay outside
 * @returns the absolute path of the bundle
 * @throws BundleError with every problem, its file and line
 */
export async function bundleProgram(
  entry: string,
  outFile: string,
  external: readonly string[] = NATIVE_PACKAGES,
): Promise<string> {
  const outfile = path.resolve(root, outFile);
  try {
    await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile,
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
      plugins: [directBuiltins, englishOnly],
      logLevel: 'silent',
    });
  } catch (error) {
    const details = await formatMessages(messagesOf(error), { kind: 'error', color: false });
    throw new BundleError(entry, details.join('').trim() || String(error), error);
  }
  return outfile;
}

function messagesOf(error: unknown): Message[] {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return [];
  return error.errors.filter(isMessage);
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'text' in value && 'location' in value;
}
