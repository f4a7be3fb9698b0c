// The list that an image is made of: what it says is written out, with modes that no umask changes, and any change of it
// shows in its fingerprint.
import { chmodSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesOf, fingerprint, writeFiles, type ImageFile } from '#scripts/images/image-files.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

describe('the files of an image', () => {
  let folder: TemporaryFolder;
  const at = (...names: readonly string[]) => path.join(folder.path, ...names);
  const modeOf = (file: string) => (statSync(file).mode & 0o7777).toString(8);

  beforeEach(() => {
    folder = temporaryFolder();
    writeFileSync(at('program'), 'run');
  });
  afterEach(() => folder.remove());

  it('are written with their own modes, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      await writeFiles(at('out'), [
        { to: 'app/deep/main.mjs', from: at('program') },
        { to: 'bin/node', from: at('program'), program: true },
        { to: 'etc/passwd', text: 'root:x:0:0::/:/none\n' },
        { to: 'tmp', folderMode: 0o1777 },
      ]);
    } finally {
      process.umask(before);
    }
    const modes = ['', 'app', 'app/deep', 'app/deep/main.mjs', 'bin/node', 'etc/passwd', 'tmp'].map((name) =>
      modeOf(at('out', name)),
    );
    expect(modes).toEqual(['755', '755', '755', '644', '755', '644', '1777']);
    expect(readFileSync(at('out/etc/passwd'), 'utf8')).toBe('root:x:0:0::/:/none\n');
  });

  it('replace what was there before', async () => {
    await writeFiles(at('out'), [{ to: 'old', text: '1' }]);
    await writeFiles(at('out'), [{ to: 'new', text: '2' }]);
    expect((await filesOf(at('out'), 'app')).map(({ to }) => to)).toEqual(['app/new']);
  });

  it('leave the mode of a large file alone, though they share it', async () => {
    truncateSync(at('program'), 9 * 1024 * 1024);
    chmodSync(at('program'), 0o700);
    await writeFiles(at('out'), [{ to: 'library', from: at('program'), program: true }]);
    expect([modeOf(at('program')), modeOf(at('out/library'))]).toEqual(['700', '755']);
    chmodSync(at('program'), 0o755);
    await writeFiles(at('out'), [{ to: 'library', from: at('program'), program: true }]);
    expect(statSync(at('out/library')).ino).toBe(statSync(at('program')).ino);
  });

  it('are told apart by content, path and mode', async () => {
    const same: ImageFile = { to: 'a', from: at('program') };
    const first = await fingerprint([same]);
    mkdirSync(at('elsewhere'));
    writeFileSync(at('elsewhere/copy'), 'run');
    expect(await fingerprint([{ to: 'a', from: at('elsewhere/copy') }])).toBe(first);
    const others: readonly ImageFile[] = [
      { to: 'b', from: at('program') },
      { ...same, program: true },
      { to: 'a', text: 'run!' },
      { to: 'a', folderMode: 0o755 },
    ];
    const prints = await Promise.all(others.map((other) => fingerprint([other])));
    expect(new Set([first, ...prints]).size).toBe(5);
    writeFileSync(at('program'), 'changed');
    expect(await fingerprint([same])).not.toBe(first);
  });
});
