// The files of an image as a list, before any of them is copied: what the list is made of decides whether an image is up
// to date, and a build's context is the list written out. Modes are set here, so that nobody's umask is in an image.
import { createHash, type Hash } from 'node:crypto';
import {
  chmod,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';

/** A file or folder of an image; `to` is its path there, without the leading slash. */
export type ImageFile =
  | { readonly to: string; readonly from: string; readonly program?: boolean }
  | { readonly to: string; readonly text: string }
  | { readonly to: string; readonly folderMode: number };

const FILE_MODE = 0o644;
const PROGRAM_MODE = 0o755;
const FOLDER_MODE = 0o755;

/** Files past this are of packages, which don't change in place: their size and time say as much as their bytes. */
const READ_WHOLE = 8 * 1024 * 1024;

/** Says whether two lists make the same image. */
export async function fingerprint(files: readonly ImageFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`\0${file.to}\0`);
    if ('from' in file) await addContent(hash, file.from);
    else hash.update('text' in file ? file.text : String(file.folderMode));
  }
  return hash.digest('hex');
}

async function addContent(hash: Hash, file: string): Promise<void> {
  const { size, mtimeMs } = await stat(file);
  if (size > READ_WHOLE) hash.update(`${size} ${mtimeMs}`);
  else hash.update(await readFile(file));
}

/** Every file of a folder, in a fixed order. */
export async function filesOf(folder: string, to: string): Promise<readonly ImageFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((from) => ({ from, to: path.posix.join(to, path.relative(folder, from)) }));
}

/** Writes a list out as a folder, in place of what was there. */
export async function writeFiles(folder: string, files: readonly ImageFile[]): Promise<void> {
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await makeFolder(fresh);
  for (const file of files) await writeOne(fresh, file);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}

async function writeOne(root: string, file: ImageFile): Promise<void> {
  const at = path.join(root, file.to);
  if ('folderMode' in file) {
    await makeFolder(at);
    await chmod(at, file.folderMode);
    return;
  }
  await makeFolder(path.dirname(at));
  if ('text' in file) await writeFile(at, file.text);
  else if (await linked(file.from, at, modeOf(file))) return;
  else await copyFile(file.from, at);
  await chmod(at, modeOf(file));
}

function modeOf(file: ImageFile): number {
  return 'program' in file && file.program === true ? PROGRAM_MODE : FILE_MODE;
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made === undefined) return;
  for (let each = folder; each.length >= made.length; each = path.dirname(each))
    await chmod(each, FOLDER_MODE);
}

/** Half a gigabyte is not copied where a second name for it will do: same file system, and the wanted mode already. */
async function linked(from: string, to: string, mode: number): Promise<boolean> {
  const { size, mode: found } = await stat(from);
  if (size <= READ_WHOLE || (found & 0o777) !== mode) return false;
  try {
    await link(from, to);
    return true;
  } catch {
    return false;
  }
}
