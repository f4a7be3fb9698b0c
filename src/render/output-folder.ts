// Writes files into a folder that belongs to a program alone. What an earlier synth left there and the program no longer
// says is removed; what somebody else put there is never touched, and stops everything before the first byte.
import {
  closeSync,
  mkdirSync,
  openSync,
  opendirSync,
  readFileSync,
  readSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { PlatformError } from '#api/errors.ts';
import { byText, MARK, type RenderedFile } from './rendered-file.ts';

export type OutputErrorCode = 'folder_unusable' | 'foreign_files';

/** Paths below the folder, in their order. */
export interface FolderChanges {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
}

/** More are not looked for: whoever named the wrong folder may have named the root of a disk. */
const FOREIGN_SHOWN = 8;
const MARK_BYTES = 256;

/** What is not a manifest and lies in every clone: `.git`, `.gitattributes`. */
const isHidden = (name: string) => name.startsWith('.');

function isOurs(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(MARK_BYTES);
    const read = readSync(handle, start, 0, MARK_BYTES, 0);
    const [line = ''] = start.toString('utf8', 0, read).split('\n');
    return line.includes(MARK);
  } finally {
    closeSync(handle);
  }
}

interface Found {
  readonly own: Set<string>;
  readonly foreign: string[];
}

function look(folder: string, below: string, found: Found): void {
  const here = opendirSync(path.join(folder, below));
  try {
    for (let entry = here.readSync(); entry !== null; entry = here.readSync()) {
      if (isHidden(entry.name)) continue;
      if (found.foreign.length > FOREIGN_SHOWN) return;
      const at = path.posix.join(below, entry.name);
      if (entry.isDirectory()) look(folder, at, found);
      else if (entry.isFile() && isOurs(path.join(folder, at))) found.own.add(at);
      else found.foreign.push(at);
    }
  } finally {
    here.closeSync();
  }
}

function lookInto(folder: string): Found {
  const found: Found = { own: new Set(), foreign: [] };
  const status = statSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return found;
  if (!status.isDirectory()) {
    const remedy = 'name a folder';
    throw new PlatformError<OutputErrorCode>('folder_unusable', { where: folder, what: 'is a file', remedy });
  }
  look(folder, '', found);
  return found;
}

function refuseForeign(folder: string, foreign: readonly string[]): void {
  if (foreign.length === 0) return;
  const shown = foreign.slice(0, FOREIGN_SHOWN).toSorted(byText);
  const more = foreign.length > shown.length ? ' and others' : '';
  throw new PlatformError<OutputErrorCode>('foreign_files', {
    where: folder,
    what: `holds what synth did not write: ${shown.join(', ')}${more}`,
    remedy: 'name a folder that nothing else is kept in, or move these out of it',
  });
}

function writeWhereChanged(file: string, text: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.size === Buffer.byteLength(text)) {
    if (readFileSync(file, 'utf8') === text) return false;
  }
  writeFileSync(file, text);
  return true;
}

/** Folders that a file lies in, the innermost first. */
function foldersOf(file: string): readonly string[] {
  const folder = path.posix.dirname(file);
  return folder === '.' ? [] : [folder, ...foldersOf(folder)];
}

function removeStale(folder: string, stale: readonly string[], kept: readonly string[]): void {
  for (const file of stale) rmSync(path.join(folder, file));
  const needed = new Set(kept.flatMap(foldersOf));
  const emptied = new Set(stale.flatMap(foldersOf).filter((each) => !needed.has(each)));
  for (const each of [...emptied].sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(path.join(folder, each));
    } catch {
      // A hidden file of somebody else keeps it.
    }
  }
}

/**
 * Makes a folder hold these files and, hidden ones aside, no others. A file that is right already is not written, so
 * that its time stays.
 * @throws PlatformError of an `OutputErrorCode` before anything is written, naming every foreign file (the first eight)
 */
export function writeFolder(folder: string, files: readonly RenderedFile[]): FolderChanges {
  const { own, foreign } = lookInto(folder);
  refuseForeign(folder, foreign);
  const paths = files.map((file) => file.path);
  const wanted = new Set(paths);
  const removed = [...own].filter((each) => !wanted.has(each)).sort(byText);
  // First, because a file of today may need the name of a folder of yesterday.
  removeStale(folder, removed, paths);
  for (const each of new Set(['.', ...paths.map((file) => path.posix.dirname(file))])) {
    mkdirSync(path.join(folder, each), { recursive: true });
  }
  const written = files
    .filter((file) => writeWhereChanged(path.join(folder, file.path), file.text))
    .map((file) => file.path)
    .sort(byText);
  return { written, removed, unchanged: files.length - written.length };
}
