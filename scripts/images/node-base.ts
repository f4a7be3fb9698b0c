// The files of the stand-in base: the Node that runs this script, and the libraries of this machine that Node and the
// sentinel's engine ask for. No shell, no package manager, no certificates (Node has its own).
import { execFile } from 'node:child_process';
import { access, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { engineBinaries } from './engine-files.ts';
import type { ImageFile } from './image-files.ts';
import { ImageError } from './image-error.ts';

const execute = promisify(execFile);

const wayOut = 'Name an image with Node 24 by --base IMAGE, for example a distroless one by its digest.';

/** What programs load by name while they run, so that nothing lists it: how names are resolved, before glibc 2.34. */
const BY_NAME = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

const ACCOUNTS: readonly ImageFile[] = [
  { to: 'etc/passwd', text: 'root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/:/none\n' },
  { to: 'etc/group', text: 'root:x:0:\nnonroot:x:65532:\n' },
  { to: 'etc/nsswitch.conf', text: 'passwd: files\ngroup: files\nhosts: files dns\n' },
  { to: 'tmp', folderMode: 0o1777 },
];

/** @throws ImageError where Node of this machine can't run in an image */
export async function nodeBaseFiles(node = process.execPath): Promise<readonly ImageFile[]> {
  if (process.platform !== 'linux') {
    throw new ImageError('base_missing', `On ${process.platform} there is no Node for an image. ${wayOut}`);
  }
  const libraries = new Set<string>();
  for (const binary of [node, ...(await engineBinaries())]) {
    for (const library of await librariesOf(binary)) libraries.add(library);
  }
  for (const library of await companionsOf([...libraries])) libraries.add(library);
  const files = [...libraries]
    .sort()
    .map(async (library) => ({ to: library.slice(1), from: await realpath(library), program: true }));
  return [...ACCOUNTS, { to: 'nodejs/bin/node', from: node, program: true }, ...(await Promise.all(files))];
}

/** Absolute paths of the shared libraries of a binary, its loader among them, but for those that lie beside it. */
async function librariesOf(binary: string): Promise<readonly string[]> {
  try {
    const { stdout } = await execute('ldd', [binary]);
    return librariesIn(stdout).filter((library) => path.dirname(library) !== path.dirname(binary));
  } catch (cause) {
    const message = `ldd can not tell which libraries ${binary} needs. ${wayOut}`;
    throw new ImageError('base_missing', message, cause);
  }
}

/** Of what ldd prints; a library that it did not find has no path, and the image will not start without it. */
export function librariesIn(ldd: string): readonly string[] {
  return [...ldd.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map((match) => match[1] ?? '');
}

async function companionsOf(libraries: readonly string[]): Promise<readonly string[]> {
  const libc = libraries.find((library) => path.basename(library) === 'libc.so.6');
  if (libc === undefined) {
    throw new ImageError('base_missing', `Node of this machine is not built for glibc. ${wayOut}`);
  }
  const found: string[] = [];
  for (const name of BY_NAME) {
    const file = path.join(path.dirname(libc), name);
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      found.push(file);
  }
  return found;
}
