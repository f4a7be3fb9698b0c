// What images are built with. The builders are scripts of our own here; test/e2e builds with a real one.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findBuilder } from '#scripts/images/builder.ts';
import { librariesIn } from '#scripts/images/node-base.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

describe('the builder of images', () => {
  let folder: TemporaryFolder;
  let env: NodeJS.ProcessEnv;

  const calls = () => readFileSync(path.join(folder.path, 'calls'), 'utf8').trim().split('\n');

  /** A program that writes down how it was called, then does what it is told. */
  function program(name: string, script = ''): void {
    const file = path.join(folder.path, 'bin', name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> "${folder.path}/calls"\n${script}\n`);
    chmodSync(file, 0o755);
  }

  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(path.join(folder.path, 'bin'));
    env = { PATH: path.join(folder.path, 'bin') };
  });
  afterEach(() => folder.remove());

  it('is the first one that works', async () => {
    program('podman');
    program('docker');
    expect((await findBuilder(env)).kind).toBe('podman');
    program('buildah');
    expect((await findBuilder(env)).kind).toBe('buildah');
  });

  it('is none where docker has no engine to talk to, and that is said', async () => {
    program('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    await expect(findBuilder(env)).rejects.toMatchObject({
      code: 'builder_missing',
      message: expect.stringMatching(
        /buildah: not on PATH[\s\S]*docker: Cannot connect[\s\S]*apt-get install buildah/,
      ),
    });
  });

  it('stamps no time into an image and takes layers that it made before', async () => {
    program('buildah');
    const builder = await findBuilder(env);
    const files = { dockerfile: 'F', context: 'C' };
    await builder.build({ image: 'a/b:1', target: 'b', args: { NODE_BASE: 'n' }, ...files });
    expect(calls().at(-1)).toBe(
      'buildah build --layers --timestamp 0 --identity-label=false --target b --build-arg NODE_BASE=n --tag a/b:1 --file F C',
    );
  });

  it('says what failed, in the words of the program', async () => {
    program('buildah', '[ "$1" != build ] || { echo "no space left" >&2; exit 125; }');
    const builder = await findBuilder(env);
    await expect(builder.build({ image: 'a/b:1', dockerfile: 'F', context: 'C' })).rejects.toMatchObject({
      code: 'build_failed',
      message: 'buildah could not build a/b:1:\nno space left',
    });
  });

  it('leaves no archive that is half written', async () => {
    const archive = path.join(folder.path, 'b.tar');
    writeFileSync(archive, 'whole');
    program('buildah', '[ "$1" != push ] || exit 1');
    const builder = await findBuilder(env);
    await expect(builder.save('a/b:1', archive)).rejects.toThrow('could not save');
    expect(readFileSync(archive, 'utf8')).toBe('whole');
  });
});

describe('the libraries of a program', () => {
  it('are those that ldd gives a path, the loader among them', () => {
    const ldd = [
      '\tlinux-vdso.so.1 (0x00007f0f10dd3000)',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f0f10cdd000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f0f10dd5000)',
      '\tlibgone.so.1 => not found',
    ];
    expect(librariesIn(ldd.join('\n'))).toEqual([
      '/lib/x86_64-linux-gnu/libm.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });
});
