// The sentinel's database engine as files of its image: its JavaScript in one bundle, its native library as it came.
// A bundle of the sentinel finds both in node_modules beside it, where it looks on a laptop too.
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { bundle } from '../bundle.ts';
import type { ImageFile } from './image-files.ts';
import { ImageError } from './image-error.ts';

const root = path.resolve(import.meta.dirname, '../..');
const PACKAGE = path.join(root, 'node_modules/chdb');
const NATIVE = `@chdb/lib-linux-${process.arch}-gnu`;
const NATIVE_FILES = ['chdb_node.node', 'libchdb.so'];

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

const nativeFile = (name: string) => path.join(root, 'node_modules', NATIVE, name);

/** Its native files on this machine, where there are any. */
export async function engineBinaries(): Promise<readonly string[]> {
  const files = NATIVE_FILES.map(nativeFile);
  return (await Promise.all(files.map(exists))).every(Boolean) ? files : [];
}

/**
 * @param workshop folder for the bundle
 * @throws ImageError where npm has not installed the engine
 */
export async function engineFiles(workshop: string): Promise<readonly ImageFile[]> {
  if ((await engineBinaries()).length === 0) {
    const message = `The sentinel's engine is not installed: npm has ${NATIVE} only on Linux with glibc.`;
    throw new ImageError(
      'part_missing',
      `${message} Build this image there, after npm ci with optional packages.`,
    );
  }
  const { main, parts } = await bundle(
    'scripts/images/engine-entry.ts',
    path.join(workshop, 'engine', 'connection.mjs'),
    // Typescript is for generators of code, and loaded by nothing else.
    [NATIVE, '@chdb/*', 'typescript'],
  );
  const to = (file: string) => path.posix.join('app/node_modules', file);
  return [
    { to: to('chdb/package.json'), text: await manifest() },
    { to: to('chdb/LICENSE'), from: path.join(PACKAGE, 'LICENSE') },
    { to: to('chdb/connection.mjs'), from: main },
    ...parts.map((from) => ({ to: to(`chdb/${path.basename(from)}`), from })),
    ...['package.json', 'index.js'].map((name) => ({ to: to(`${NATIVE}/${name}`), from: nativeFile(name) })),
    ...NATIVE_FILES.map((name) => ({ to: to(`${NATIVE}/${name}`), from: nativeFile(name), program: true })),
  ];
}

async function manifest(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(path.join(PACKAGE, 'package.json'), 'utf8'));
  const { version } = z.object({ version: z.string() }).parse(parsed);
  const exports = { '.': './connection.mjs', './connection': './connection.mjs' };
  return `${JSON.stringify({ name: 'chdb', version, type: 'module', exports }, null, 2)}\n`;
}
