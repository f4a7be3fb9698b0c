// `npm run generate` writes crds/ and imports/ from the schemas in src/api. With `--check` it writes nothing and fails
// where the files in the repository are not what it would write.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { committedFiles, crdFiles, importFiles, root, staleFiles } from './generated-files.ts';

const crds = crdFiles();
const expected = new Map([...crds, ...(await importFiles(crds))]);
const stale = staleFiles(expected, await committedFiles());

if (process.argv.includes('--check')) {
  for (const file of stale) console.error(`${file}: is not what src/api says; run: npm run generate`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const file of stale) {
    const target = path.join(root, file);
    const content = expected.get(file);
    if (content === undefined) await rm(target);
    else {
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, content);
    }
    console.log(content === undefined ? `removed ${file}` : `wrote ${file}`);
  }
  if (stale.length === 0) console.log('crds/ and imports/ are up to date');
}
