// What belongs into each image: one bundle, and what the program reads while it runs. A folder of the build's context
// becomes a layer.
import path from 'node:path';
import { buildConsole } from '#runtime/sentinel/console/build.ts';
import { bundle } from '../bundle.ts';
import { engineFiles } from './engine-files.ts';
import { filesOf, type ImageFile } from './image-files.ts';
import { isProgram, type Target } from './targets.ts';

const root = path.resolve(import.meta.dirname, '../..');
const everything = 'node_modules/@modelcontextprotocol/server-everything/dist';

/** Files by folder of the context. */
export type Contents = ReadonlyMap<string, readonly ImageFile[]>;

/**
 * @param workshop folder for bundles
 * @throws BundleError, ImageError
 */
export async function contentsOf(target: Target, workshop: string): Promise<Contents> {
  const { main, parts } = await bundle(entryOf(target), path.join(workshop, target, 'main.mjs'));
  const program = [main, ...parts].map((from) => ({ to: `app/${path.basename(from)}`, from }));
  const folders = new Map<string, readonly ImageFile[]>([
    [target, [...program, ...(await besideBundle(target))]],
  ]);
  if (target === 'sentinel') folders.set('engine', await engineFiles(workshop));
  return folders;
}

function entryOf(target: Target): string {
  if (isProgram(target)) return `runtime/${target}/main.ts`;
  return target === 'notes' ? 'examples/quickstart/servers/notes.ts' : `${everything}/index.js`;
}

async function besideBundle(target: Target): Promise<readonly ImageFile[]> {
  switch (target) {
    case 'sentinel': {
      const files = await filesOf((await buildConsole()).folder, 'app/console');
      return files.filter(({ to }) => !path.basename(to).startsWith('.'));
    }
    case 'everything':
      // It looks for its instructions in a folder beside the one it lies in.
      return filesOf(path.join(root, everything, 'docs'), 'docs');
    case 'operator':
    case 'distributor':
    case 'proxy':
    case 'notes':
      return [];
  }
}
