// `npm run generate` writes crds/ and imports/ from the schemas in src/api, and the rules of the operator's roles from
// its permissions. With `--check` it writes nothing and fails where the files in the repository are not what it would
// write.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { committedFiles, generatedFiles, root, staleFiles } from './generated-files.ts';

const expected = await generatedFiles();
const stale = staleFiles(expected, await committedFiles());

if (process.argv.includes('--check')) {
  for (const file of stale) console.error(`${file}: is not what it is made from says; run: npm run generate`);
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
  if (stale.length === 0) console.log('everything generated is up to date');
}
