// The images that a node brings along: both are busybox, which needs nothing but itself.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { imageArchive, type ImageFile } from './image-archive.ts';

/** Holds the namespaces of a pod. It reaps nothing, which matters only where containers share their processes. */
export const PAUSE_IMAGE = 'mcp-runtime.local/pause:test';

/** A shell with the usual small programs, as user 65532 unless a pod says otherwise. */
export const SHELL_IMAGE = 'mcp-runtime.local/shell:test';

/**
 * Writes their archives, `pause.tar` and `shell.tar`.
 * @param busybox path of one that is linked statically
 */
export function writeOwnImages(folder: string, busybox: string): readonly string[] {
  const program: ImageFile = { path: 'bin/busybox', content: readFileSync(busybox) };
  const folders: readonly ImageFile[] = [
    { path: 'bin', content: { mode: 0o755 } },
    { path: 'tmp', content: { mode: 0o1777 } },
  ];
  const names = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const links = names
    .filter((name) => name !== 'busybox')
    .map((name): ImageFile => ({ path: `bin/${name}`, content: { linkTo: '/bin/busybox' } }));
  const pause = { Entrypoint: ['/bin/busybox', 'sleep', '2147483647'] };
  const shell = { Entrypoint: ['/bin/sh', '-c'], Env: ['PATH=/bin'], User: '65532:65532' };
  const archives = {
    'pause.tar': imageArchive([PAUSE_IMAGE], [...folders, program], pause),
    'shell.tar': imageArchive([SHELL_IMAGE], [...folders, program, ...links], shell),
  };
  return Object.entries(archives).map(([name, archive]) => {
    const file = path.join(folder, name);
    writeFileSync(file, archive);
    return file;
  });
}
