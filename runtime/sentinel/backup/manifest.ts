// What is in a backup, as the file that makes it one: a folder without it, or with one that doesn't fit, is none.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { errorCode } from '../errors.ts';
import { chainRecord, eventTotals } from '../store/chains.ts';
import { SCHEMA_STEPS } from '../store/schema.ts';
import { BackupError } from './backup-error.ts';

export const MANIFEST_FILE = 'manifest.json';
/** Folder of the engine's own backup. */
export const STORE_FOLDER = 'store';

const FORMAT = 'mcp-runtime-sentinel-backup';
const FORMAT_VERSION = 1;
const MAX_BYTES = 256 * 1024 * 1024;

const fileRecord = z.object({
  /** Relative to the backup's folder, with `/`. */
  path: z.string().min(1),
  size: z.number().int().nonnegative(),
  /** Hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type FileRecord = z.output<typeof fileRecord>;

const marked = z.looseObject({ format: z.literal(FORMAT), version: z.number().int().positive() });

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  /** Of the program that made it. */
  program: z.string(),
  /** Version of the engine that wrote `store`. */
  engine: z.string().regex(/^\d+\.\d+/),
  /** Step of the tables' schema. */
  schemaStep: z.number().int().positive(),
  /** The sentinel whose events these are. */
  sentinel: z.string().min(1),
  /** How many events the sentinel had acknowledged in its life when the backup began; all of them are in it that have not expired. */
  acknowledged: z.number().int().nonnegative(),
  totals: eventTotals,
  chains: z.array(chainRecord),
  files: z.array(fileRecord),
});
export type Manifest = z.output<typeof manifestSchema>;

export function newManifest(content: Omit<Manifest, 'format' | 'version'>): Manifest {
  return { format: FORMAT, version: FORMAT_VERSION, ...content };
}

export function bytesOf({ files }: Pick<Manifest, 'files'>): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** @throws BackupError where the folder is no backup that this program can restore */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST_FILE);
  const value = await readJsonIn(folder, file);
  const mark = marked.safeParse(value);
  if (!mark.success) {
    throw new BackupError('backup_foreign', `${file} is not the manifest of a backup of a sentinel.`);
  }
  if (mark.data.version > FORMAT_VERSION) {
    const found = `format ${mark.data.version}, and this program knows ${FORMAT_VERSION}`;
    throw new BackupError('backup_newer', `${folder} has ${found}: a newer one wrote it. Use that one.`);
  }
  const read = manifestSchema.safeParse(value);
  if (!read.success) {
    const issue = read.error.issues[0];
    const what = `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`;
    throw new BackupError('backup_damaged', `${file} is damaged: ${what}. Take another backup.`);
  }
  if (read.data.schemaStep > SCHEMA_STEPS.length) {
    const found = `tables at step ${read.data.schemaStep}, and this program knows ${SCHEMA_STEPS.length}`;
    throw new BackupError('backup_newer', `${folder} has ${found}: a newer one wrote it. Use that one.`);
  }
  return read.data;
}

async function readJsonIn(folder: string, file: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new BackupError('backup_foreign', `${file} is larger than any manifest.`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    const message = `${folder} is not a finished backup: there is no ${MANIFEST_FILE} in it.`;
    throw new BackupError('backup_damaged', message, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BackupError('backup_damaged', `${file} is not JSON. Take another backup.`, { cause });
  }
}

/** Whether an engine reads what `other` wrote: it does if that one is not newer, by year and month. */
export function isEngineNewer(other: string, own: string): boolean {
  const [[year = 0, month = 0] = [], [ownYear = 0, ownMonth = 0] = []] = [other, own].map((version) =>
    version.split('.').map(Number),
  );
  return year > ownYear || (year === ownYear && month > ownMonth);
}
