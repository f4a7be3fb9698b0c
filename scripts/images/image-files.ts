// The files of an image as a list, before any of them is copied: what the list is made of decides whether an image is up
// to date, and a build's context is the list written out. Modes are set here, so that nobody's umask is in an image.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A file or folder of an image; `to` is its path there, without the leading slash. */
export type ImageFile =
  | { readonly to: string; readonly from: string; readonly program?: boolean }
  | { readonly to: string; readonly text: string }
  | { readonly to: string; readonly folderMode: number };

const FILE_MODE = 0o644;
const PROGRAM_MODE = 0o755;
const FOLDER_MODE = 0o755;

const CHUNK = 1024 * 1024;

/** Files of packages past this are not copied where a second name for them will do. */
const LARGE = 8 * 1024 * 1024;

/** Says whether two lists make the same image. Half a gigabyte takes less than a second. */
export async function fingerprint(files: readonly ImageFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`\0${file.to}\0${modeOf(file).toString(8)}\0`);
    if ('text' in file) hash.update(file.text);
    if ('from' in file) hash.update(await digestOf(file.from));
  }
  return hash.digest('hex');
}

async function digestOf(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: CHUNK }), hash);
  return hash.digest();
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
  if ('folderMode' in file) return file.folderMode;
  return 'program' in file && file.program === true ? PROGRAM_MODE : FILE_MODE;
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made === undefined) return;
  for (let each = folder; each.length >= made.length; each = path.dirname(each)) {
    await chmod(each, FOLDER_MODE);
  }
}

/** Gives a large file a second name, on the same file system and where it has the wanted mode already. */
async function linked(from: string, to: string, mode: number): Promise<boolean> {
  const { size, mode: found } = await stat(from);
  if (size <= LARGE || (found & 0o777) !== mode) return false;
  try {
    await link(from, to);
    return true;
  } catch {
    return false;
  }
}
