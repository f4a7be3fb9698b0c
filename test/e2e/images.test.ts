// The images as a cluster gets them: who they run as, what is in them and what isn't, and how large they are. That the
// programs in them work is what the other suites here are about.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PROXY_NODE_ENV, PROXY_NODE_FLAGS } from '#api/proxy-config.ts';
import { isProgram, TARGETS, type Target } from '#scripts/images/targets.ts';
import { readArchive, type ArchivedImage } from './image-archive.ts';

const execute = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const MiB = 1024 * 1024;

/** What the stand-in base is made of. A published base has more, and is its publisher's. */
const OF_BASE =
  /^(etc\/(passwd|group|nsswitch\.conf)|lib(64)?\/([\w-]+\/)?[\w.+-]+\.so\.\d+|nodejs\/bin\/node)$/;

/** What a target has besides its bundle. */
const BESIDE: Readonly<Partial<Record<Target, RegExp>>> = {
  sentinel:
    /^app\/(console\/(index\.html|assets\/[\w-]+\.(js|css|svg))|node_modules\/(chdb\/(package\.json|LICENSE|connection\.mjs)|@chdb\/lib-linux-\w+-gnu\/(package\.json|index\.js|chdb_node\.node|libchdb\.so)))$/,
  everything: /^docs\/[\w-]+\.md$/,
};

/** Bounds of the archives; Node alone is 120 MiB, the database engine 540. */
const LIMITS: Readonly<Record<Target, number>> = {
  operator: 145 * MiB,
  distributor: 140 * MiB,
  proxy: 140 * MiB,
  sentinel: 700 * MiB,
  notes: 140 * MiB,
  everything: 140 * MiB,
};

/** In a process of its own: what builds the console knows its own kind of array, and Jest has another. */
async function npmRunImages(...targets: readonly Target[]) {
  const args = ['--import', 'tsx', 'scripts/images/main.ts', ...targets];
  const { stdout, stderr } = await execute(process.execPath, args, { cwd: root });
  const lines = stdout.trim().split('\n');
  const archives = new Map(
    lines.map((line): [string, string] => [line.split('  ')[0] ?? '', line.split('  ')[1] ?? '']),
  );
  return { archives, said: stderr };
}

describe('the images', () => {
  const images = new Map<Target, ArchivedImage>();
  const imageOf = (target: Target): ArchivedImage => {
    const image = images.get(target);
    if (image === undefined) throw new Error(`there is no image of ${target}`);
    return image;
  };
  const filesOf = (target: Target) => imageOf(target).files.filter(({ mode }) => mode.startsWith('-'));

  beforeAll(async () => {
    const { archives } = await npmRunImages();
    expect([...archives.keys()]).toEqual(TARGETS.map((target) => `mcp-runtime.local/${target}:test`));
    for (const target of TARGETS) {
      const archive = archives.get(`mcp-runtime.local/${target}:test`) ?? '';
      images.set(target, await readArchive(archive));
    }
  }, 300_000);

  it.each(TARGETS)('of %s starts Node with one bundle, as nobody', (target) => {
    const { User, Entrypoint, Env, WorkingDir } = imageOf(target).config;
    const flags = target === 'proxy' ? PROXY_NODE_FLAGS : [];
    expect({ User, WorkingDir, Entrypoint }).toEqual({
      User: '65532:65532',
      WorkingDir: '/app',
      Entrypoint: ['node', ...flags, '/app/main.mjs'],
    });
    const variables = Object.entries(target === 'proxy' ? PROXY_NODE_ENV : {});
    expect(Env.filter((variable) => !/^(PATH|NODE_ENV|CONSOLE_DIR)=/.test(variable))).toEqual(
      variables.map(([name, value]) => `${name}=${value}`),
    );
  });

  it.each(TARGETS)('of %s holds what it needs, and nothing else', (target) => {
    const paths = filesOf(target).map((file) => file.path);
    expect(paths).toContain('app/main.mjs');
    const expected = (file: string) =>
      /^app\/main(-[\w.-]+)?\.mjs$/.test(file) || OF_BASE.test(file) || BESIDE[target]?.test(file) === true;
    expect(paths.filter((file) => !expected(file))).toEqual([]);
    expect(paths.filter((file) => /(^|\/)(\w*sh|busybox|npm|npx|corepack|apt|apk)$/.test(file))).toEqual([]);
  });

  it.each(TARGETS)('of %s belongs to root, and nobody else may write to it', (target) => {
    const wrong = imageOf(target).files.filter(
      ({ path, mode, owner }) =>
        owner !== '0/0' || (path !== 'tmp/' && !/^[-d]rw[x-]r-[x-]r-[x-]$/.test(mode)),
    );
    expect(wrong).toEqual([]);
  });

  it.each(TARGETS)('of %s says nothing of when it was built', (target) => {
    const { created, files } = imageOf(target);
    expect(created).toBe('1970-01-01T00:00:00Z');
    expect(new Set(files.map(({ time }) => time))).toEqual(new Set(['1970-01-01 00:00']));
  });

  it.each(TARGETS)('of %s stays small', (target) => {
    const bytes = filesOf(target).reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeLessThan(LIMITS[target]);
  });

  it.each(TARGETS.filter(isProgram))('of %s says what it is', (target) => {
    expect(imageOf(target).config.Labels).toMatchObject({
      'org.opencontainers.image.title': `mcp-runtime-${target}`,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  it('are not built again where nothing has changed', async () => {
    const { archives, said } = await npmRunImages('notes', 'everything');
    expect([...archives.values()].map((archive) => existsSync(archive))).toEqual([true, true]);
    expect(said).not.toContain('built');
  });
});
