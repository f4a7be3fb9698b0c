// What is in a program's bundle, by the names of its files, which the source map beside it has. The rooms that a program may
// import are all that may be in its image.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { bundle } from '#scripts/bundle.ts';
import { contentsOf } from '#scripts/images/contents.ts';
import { PROGRAMS } from '#scripts/images/targets.ts';
import { MAY_IMPORT } from '#test/architecture/house.ts';
import { roomOf, type Room } from '#test/architecture/sources.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const sourceMap = z.object({ sources: z.array(z.string()) });

describe('the bundle of a program', () => {
  let folder: TemporaryFolder;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder.remove());

  it.each(PROGRAMS)('holds of our code and of packages only what the %s is made of', async (program) => {
    const { main, parts } = await bundle(
      `runtime/${program}/main.ts`,
      path.join(folder.path, `${program}.mjs`),
    );
    const files = [main, ...parts]
      .flatMap((file) => sourceMap.parse(JSON.parse(readFileSync(`${file}.map`, 'utf8'))).sources)
      .filter((source) => source.startsWith('.'))
      .map((source) => path.relative(root, path.resolve(path.dirname(main), source)));
    const rooms = new Set(files.filter((file) => !file.startsWith('node_modules/')).map(roomOf));
    const own = roomOf(`runtime/${program}/main.ts`);
    expect(rooms).toContain(own);
    const allowed: readonly Room[] = [own, ...MAY_IMPORT[own]];
    expect([...rooms].filter((room) => !allowed.includes(room))).toEqual([]);
    // Constructs render, and only the operator renders.
    const foreign =
      program === 'operator'
        ? /^node_modules\/(@pulumi|chdb)\//
        : /^node_modules\/(cdk8s|constructs|@pulumi|chdb)/;
    expect(files).toContainEqual(expect.stringMatching(/^node_modules\/zod\//));
    expect(files.filter((file) => foreign.test(file))).toEqual([]);
  });

  it('is all that its image has on top of the base', async () => {
    const contents = await contentsOf('proxy', folder.path);
    expect([...contents.keys()]).toEqual(['proxy']);
    const files = (contents.get('proxy') ?? []).map(({ to }) => to);
    expect(files[0]).toBe('app/main.mjs');
    expect(files.slice(1).filter((file) => !/^app\/main-[\w.-]+\.mjs$/.test(file))).toEqual([]);
  });

  it('leaves to parts what most proxies never load', async () => {
    const { main, parts } = await bundle(
      'runtime/proxy/main.ts',
      path.join(folder.path, 'parted', 'proxy.mjs'),
    );
    const sources = (file: string) => readFileSync(`${file}.map`, 'utf8');
    expect(sources(main)).not.toContain('node_modules/undici/');
    expect(parts.some((file) => sources(file).includes('node_modules/undici/'))).toBe(true);
  });
});
