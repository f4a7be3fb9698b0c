// The platform's own programs, bundled from this tree each time the platform starts: what runs is what is checked out. The
// published package brings them along, because it has neither their sources nor what bundles them.
import { rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { messageOf, TroubleError } from './trouble.ts';

export interface Programs {
  readonly proxy: string;
  readonly sentinel: string;
  /** Folder of the built console. */
  readonly consoleDir: string | undefined;
  /** Removes the bundles again. */
  readonly remove: () => Promise<void>;
}

/** `dist/programs` of the package; in a clone there is no such folder. */
const PACKAGED = path.resolve(import.meta.dirname, '../../programs');

function packagedPrograms(withConsole: boolean): Programs {
  return {
    proxy: path.join(PACKAGED, 'proxy.mjs'),
    sentinel: path.join(PACKAGED, 'sentinel.mjs'),
    consoleDir: withConsole ? path.join(PACKAGED, 'console') : undefined,
    remove: () => Promise.resolve(),
  };
}

/** Bundles proxy and sentinel, and builds the console where it is wanted. One folder per state folder, so that two platforms never write the same file. */
export async function buildPrograms(stateDir: string, withConsole: boolean): Promise<Programs> {
  if (existsSync(PACKAGED)) return packagedPrograms(withConsole);
  const tag = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  // Inside the repository, because bundles load packages with native files from the `node_modules` above them.
  const folder = path.join('.build', 'programs', `local-${tag}`);
  try {
    const { bundleProgram } = await import('#scripts/bundle.ts');
    const [proxy, sentinel, consoleDir] = await Promise.all([
      bundleProgram('runtime/proxy/main.ts', path.join(folder, 'proxy.mjs')),
      bundleProgram('runtime/sentinel/main.ts', path.join(folder, 'sentinel.mjs')),
      withConsole ? consoleFolder() : undefined,
    ]);
    return {
      proxy,
      sentinel,
      consoleDir,
      remove: () => rm(path.dirname(proxy), { recursive: true, force: true }),
    };
  } catch (error) {
    const [what = '', ...evidence] = messageOf(error).split('\n');
    throw new TroubleError(
      {
        code: 'build_failed',
        what: `A program of the platform could not be bundled: ${what}`,
        where: folder,
        evidence,
        remedy: "Mend what is named above ('npm run check' shows all of it), then start again.",
      },
      { cause: error },
    );
  }
}

/** Another platform may be putting the same build in the same place just now; then that one serves. */
async function consoleFolder(): Promise<string> {
  const { buildConsole } = await import('#runtime/sentinel/console/build.ts');
  const { folder } = await buildConsole().catch(() => buildConsole());
  return folder;
}
