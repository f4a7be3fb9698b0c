// Which sentinel this is: a name of its own in its data, made once. A backup carries it, so that a sentinel which starts
// anew after a loss doesn't take the backups of the lost one for its own and clear them away.
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './errors.ts';

const FILE = 'identity';
const TEXT = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Reads it, or makes it where there is none yet. */
export async function identityIn(dataDir: string): Promise<string> {
  const text = await readFile(path.join(dataDir, FILE), 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  if (TEXT.test(text.trim())) return text.trim();
  const made = randomUUID();
  await writeIdentity(dataDir, made);
  return made;
}

export async function writeIdentity(dataDir: string, identity: string): Promise<void> {
  const temporary = path.join(dataDir, `${FILE}.new`);
  await writeFile(temporary, `${identity}\n`, { mode: 0o600, flush: true });
  await rename(temporary, path.join(dataDir, FILE));
}
