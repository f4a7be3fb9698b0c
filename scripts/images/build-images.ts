// Builds images and writes each into one file, for people (`npm run images`) and for the tests on a real node. An image
// whose files have not changed since is not built again: nothing new takes about two seconds, most of it bundling.
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { withLock } from '../engines/build-lock.ts';
import { findBuilder, type Builder } from './builder.ts';
import { contentsOf, type Contents } from './contents.ts';
import { fingerprint, writeFiles } from './image-files.ts';
import { nodeBaseFiles } from './node-base.ts';
import { isProgram, TARGETS, type Target } from './targets.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, '.build/images');
const context = path.join(folder, 'context');

/** Where nothing is pulled from: images of this registry come from archives. */
export const LOCAL_REPOSITORY = 'mcp-runtime.local';

export interface ImageOptions {
  readonly say: (line: string) => void;
  /** @default all of them */
  readonly only?: readonly Target[];
  /** Image to build on. @default a stand-in of this machine's Node */
  readonly base?: string;
  /** Folder of the archives. @default .build/images of the repository */
  readonly out?: string;
  /** Registry and path of the names. @default mcp-runtime.local */
  readonly repository?: string;
  /** @default test */
  readonly tag?: string;
  /** @default that of this process */
  readonly env?: NodeJS.ProcessEnv;
}

export interface BuiltImage {
  readonly target: Target;
  /** Name and tag: `mcp-runtime.local/proxy:test`. */
  readonly name: string;
  /** A docker-archive, which `ctr images import`, `docker load` and `podman load` take. */
  readonly archive: string;
  /** False where it was up to date. */
  readonly built: boolean;
}

/** @throws ImageError, BundleError that say what is missing and how to go on */
export async function buildImages(options: ImageOptions): Promise<readonly BuiltImage[]> {
  const { say, only = TARGETS, out = folder, env = process.env } = options;
  const builder = await findBuilder(env);
  const waiting = (pid: number | undefined) => {
    say(`waiting for ${pid === undefined ? 'another process' : `process ${pid}`}, which builds images`);
  };
  await mkdir(out, { recursive: true });
  return withLock(path.join(folder, 'lock'), waiting, async () => {
    const base = options.base ?? (await standInBase(builder, say));
    const built: BuiltImage[] = [];
    for (const target of only) built.push(await buildImage(target, base, builder, { ...options, out }));
    return built;
  });
}

interface Place extends ImageOptions {
  readonly out: string;
}

async function buildImage(target: Target, base: string, builder: Builder, place: Place): Promise<BuiltImage> {
  const { say, out, repository = LOCAL_REPOSITORY, tag = 'test' } = place;
  const name = `${repository}/${target}:${tag}`;
  const archive = path.join(out, `${target}.tar`);
  const contents = await contentsOf(target, path.join(folder, 'programs'));
  const dockerfile = isProgram(target) ? 'runtime/Dockerfile' : 'scripts/images/servers.Dockerfile';
  const stamp = await stampOf([name, base, await readFile(path.join(root, dockerfile), 'utf8')], contents);
  const stampFile = `${archive}.made-of`;
  if ((await textOf(stampFile)) === stamp && (await exists(archive)))
    return { target, name, archive, built: false };
  const startedAt = performance.now();
  for (const [each, files] of contents) await writeFiles(path.join(context, each), files);
  const args = { NODE_BASE: base, ...(isProgram(target) && { VERSION: await version() }) };
  await builder.build({ image: name, dockerfile: path.join(root, dockerfile), context, target, args });
  await builder.save(name, archive);
  await writeFile(stampFile, stamp);
  say(`built ${name} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return { target, name, archive, built: true };
}

/** An image named after what is in it, so that one that exists is the right one. */
async function standInBase(builder: Builder, say: (line: string) => void): Promise<string> {
  const files = await nodeBaseFiles();
  const dockerfile = path.join(import.meta.dirname, 'base.Dockerfile');
  const made = createHash('sha256').update(await fingerprint(files));
  const digest = made.update(await readFile(dockerfile)).digest('hex');
  const image = `${LOCAL_REPOSITORY}/node-base:${digest.slice(0, 16)}`;
  if (await builder.has(image)) return image;
  say(`making a base of ${process.version} of this machine`);
  await writeFiles(path.join(context, 'base'), files);
  await builder.build({ image, dockerfile, context });
  return image;
}

async function stampOf(facts: readonly string[], contents: Contents): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const [each, files] of contents) hash.update(`${each} ${await fingerprint(files)}\n`);
  return hash.digest('hex');
}

async function version(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(parsed).version;
}

const textOf = (file: string) => readFile(file, 'utf8').catch(() => '');

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );
