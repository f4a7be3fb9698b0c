// The repository as the architecture test sees it: rooms (folders with a tsconfig), files, and what files import.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { glob } from 'node:fs/promises';
import ts from 'typescript';
import { z } from 'zod';

export const root = path.resolve(import.meta.dirname, '../..');

/** Folders with a tsconfig of their own; `.` is the entry points `main.*.ts`. */
export const ROOMS = [
  'src/api',
  'imports',
  'src/policy',
  'src/constructs/kit',
  'src/constructs/access',
  'src/constructs/ingress',
  'src/constructs/certs',
  'src/constructs/server',
  'src/constructs/control-plane',
  'src/constructs/sentinel',
  'src/constructs/team',
  'src/constructs/registry',
  'src/constructs/observability',
  'src/environment',
  'src/checks',
  'src/stacks',
  'src/render',
  'src/testing',
  'runtime/kube',
  'runtime/process',
  'runtime/policy-book',
  'runtime/operator',
  'runtime/distributor',
  'runtime/proxy',
  'runtime/sentinel',
  'runtime/sentinel/console',
  'runtime/local',
  'src',
  'cli',
  'examples',
  'scripts',
  'bench',
  'test',
  '.',
] as const;

export type Room = (typeof ROOMS)[number];

export interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** One import: of another file of the repository, which is in a room, or of a package or Node module. */
export interface Imported {
  readonly specifier: string;
  readonly room?: Room | undefined;
}

/** Where the files of a room lie. What builds the console beside its sources is the sentinel's. */
const folderOf = (room: Room) => (room === 'runtime/sentinel/console' ? `${room}/src` : room);

/** Longest folder first, because rooms lie in rooms. */
const BY_LENGTH = [...ROOMS].sort((a, b) => b.length - a.length);

export function roomOf(file: string): Room {
  const room = BY_LENGTH.find((each) => each !== '.' && file.startsWith(`${folderOf(each)}/`));
  return room ?? '.';
}

function readJson(file: string): unknown {
  return ts.parseConfigFileTextToJson(file, readFileSync(path.join(root, file), 'utf8')).config;
}

const manifest = z
  .object({
    name: z.string(),
    exports: z.record(z.string(), z.string()),
    imports: z.record(z.string(), z.string()),
  })
  .parse(readJson('package.json'));

/** `#api/` → `src/api/`, from package.json. */
const subpaths = Object.entries(manifest.imports).map(
  ([from, to]) => [from.replace('*', ''), to.replace(/^\.\//, '').replace('*', '')] as const,
);

/** The file that a specifier means, from the root; undefined for packages and Node modules. */
function fileOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(from), specifier);
  // Programs import the library by its name, as they would from outside; here that means the repository itself.
  const entry = manifest.exports[specifier.replace(manifest.name, '.')];
  if (specifier.startsWith(manifest.name) && entry !== undefined) return path.posix.normalize(entry);
  const subpath = subpaths.find(([prefix]) => specifier.startsWith(prefix));
  return subpath === undefined ? undefined : `${subpath[1]}${specifier.slice(subpath[0].length)}`;
}

/** All that a file imports or re-exports, types and dynamic imports included. */
export function importsOf(source: Source): readonly Imported[] {
  const { importedFiles } = ts.preProcessFile(source.text, true, true);
  return importedFiles.map(({ fileName: specifier }) => {
    const file = fileOf(source.path, specifier);
    return { specifier, room: file === undefined ? undefined : roomOf(file) };
  });
}

/** `@scope/name` or `name` of a package, `node:fs` of a Node module (`fs` and `node:fs/promises` too). */
export function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  if (first.startsWith('@')) return `${first}/${second}`;
  return isBuiltin(first) ? `node:${first.replace(/^node:/, '')}` : first;
}

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || process.getBuiltinModule(name) !== undefined;
}

/** Every TypeScript file of the repository. */
export async function readSources(): Promise<readonly Source[]> {
  const patterns = ['{src,runtime,cli,examples,scripts,bench,test,imports}/**/*.{ts,tsx}', 'main.*.ts'];
  const sources: Source[] = [];
  for await (const file of glob(patterns, { cwd: root, exclude: ['**/node_modules/**'] })) {
    const name = file.split(path.sep).join('/');
    sources.push({ path: name, text: readFileSync(path.join(root, file), 'utf8') });
  }
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const tsconfig = z.object({ references: z.array(z.object({ path: z.string() })).default([]) });

/** The tsconfig of a room, from the root. */
export function tsconfigOf(room: Room): string {
  return room === '.' ? 'tsconfig.main.json' : `${room}/tsconfig.json`;
}

/** Rooms that a tsconfig refers to. */
export function referencesOf(file: string): readonly Room[] {
  const folder = path.posix.dirname(file);
  return tsconfig.parse(readJson(file)).references.map((reference) => {
    const target = path.posix.join(folder, reference.path).replace(/^tsconfig\.main\.json$/, '.');
    const room = ROOMS.find((each) => each === target);
    if (room === undefined) throw new Error(`${file}: refers to ${reference.path}, which is no room`);
    return room;
  });
}
