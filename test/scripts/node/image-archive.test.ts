// Archives of images, read by tools that are not ours.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { imageArchive, tar, type ImageFile } from '#scripts/node/image-archive.ts';

const files: readonly ImageFile[] = [
  { path: 'tmp', content: { mode: 0o1777 } },
  { path: 'bin/program', content: Buffer.from('a program\n'.repeat(100)) },
  { path: 'bin/other', content: { linkTo: '/bin/program' } },
];

const listed = (archive: Buffer) =>
  execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', '-'], {
    input: archive,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').replace(/ \d{4}-\S+ \S+/, ''));

const member = (archive: Buffer, name: string) =>
  execFileSync('tar', ['--extract', '--to-stdout', '--file', '-', name], { input: archive });

it('a layer holds files, links and folders, all of root', () => {
  expect(listed(tar(files))).toEqual([
    'drwxrwxrwt 0/0 0 tmp/',
    '-rwxr-xr-x 0/0 1000 bin/program',
    'lrwxrwxrwx 0/0 0 bin/other -> /bin/program',
  ]);
  expect(member(tar(files), 'bin/program').toString()).toBe('a program\n'.repeat(100));
});

it('an archive names its image, and its layer by the digest of what is in it', () => {
  const archive = imageArchive(['example.org/shell:1'], files, {
    Entrypoint: ['/bin/program'],
    User: '65532',
  });
  const manifest: unknown = JSON.parse(member(archive, 'manifest.json').toString());
  const config = listed(archive)[0]?.split(' ').at(-1) ?? '';
  expect(manifest).toEqual([{ Config: config, RepoTags: ['example.org/shell:1'], Layers: ['layer.tar'] }]);
  const about: unknown = JSON.parse(member(archive, config).toString());
  const digest = createHash('sha256').update(member(archive, 'layer.tar')).digest('hex');
  expect(about).toMatchObject({
    os: 'linux',
    config: { Entrypoint: ['/bin/program'], User: '65532' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  });
});

it('the same files are the same bytes', () => {
  expect(tar(files).equals(tar(files))).toBe(true);
});
