// The manifests of the program as files, next to what runs from them: what a cluster would get.
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from './state-dir.ts';
import type { Synthesis } from './synthesis.ts';

/** Makes the folder hold exactly these files of manifests. */
export async function writeManifests(folder: string, manifests: Synthesis['manifests']): Promise<void> {
  for (const { name, text } of manifests) await writeFileAtomically(path.join(folder, name), text, 0o644);
  const wanted = new Set(manifests.map(({ name }) => name));
  const stale = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && !wanted.has(name));
  for (const name of stale) await rm(path.join(folder, name), { force: true });
}
