// Builds what is published: the library and the command as plain ES modules with types, and the programs that the
// command starts, bundled as they are for images. It is a folder; `npm pack` and `npm publish` take it as it is.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildConsole } from '#runtime/sentinel/console/build.ts';
import { bundleProgram } from '../bundle.ts';
import { packageManifest, repositoryManifest } from './manifest.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

export const PACKAGE_FOLDER = path.join(root, '.build/package');
const dist = path.join(PACKAGE_FOLDER, 'dist');

/** TypeScript programs of a user are run as they are, as in a clone. */
const BIN = `#!/usr/bin/env node
import { register } from 'tsx/esm/api';

register();
await import('./main.js');
`;

/** Scripts that run as they are, beside the modules that start them. */
const PLAIN_SCRIPTS = ['runtime/process/reaper.mjs'];

async function compile(): Promise<void> {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.package.json')], { cwd: root });
}

/** In `dist/programs`, where the local platform looks before it bundles any itself. */
async function addPrograms(): Promise<void> {
  const programs = path.join(dist, 'programs');
  await bundleProgram('runtime/proxy/main.ts', path.join(programs, 'proxy.mjs'));
  await bundleProgram('runtime/sentinel/main.ts', path.join(programs, 'sentinel.mjs'));
  // Maps name sources that are not there.
  for (const file of await readdir(programs)) if (file.endsWith('.map')) await rm(path.join(programs, file));
  await cp((await buildConsole()).folder, path.join(programs, 'console'), { recursive: true });
}

async function readManifest() {
  const text: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  return repositoryManifest.parse(text);
}

/** Builds the folder anew, and returns it. */
export async function buildPackage(): Promise<string> {
  await rm(PACKAGE_FOLDER, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  await compile();
  await addPrograms();
  await writeFile(path.join(dist, 'cli/bin.mjs'), BIN, { mode: 0o755 });
  for (const file of PLAIN_SCRIPTS) await cp(path.join(root, file), path.join(dist, file));
  const manifest = packageManifest(await readManifest(), await readdir(dist));
  await writeFile(path.join(PACKAGE_FOLDER, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of ['LICENSE', 'README.md'])
    await cp(path.join(root, file), path.join(PACKAGE_FOLDER, file));
  return PACKAGE_FOLDER;
}
