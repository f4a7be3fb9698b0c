// Builds the console in a process of its own: the bundler's native part doesn't take objects of Jest's realm.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');
const PROGRAM = `
import { buildConsole } from './runtime/sentinel/console/build.ts';
console.log(JSON.stringify(await buildConsole(process.argv[1])));`;

/** Resolves to whether it had to be built. */
export async function buildConsoleIn(folder: string): Promise<boolean> {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM, folder];
  const { stdout } = await run(process.execPath, args, { cwd: root });
  return stdout.includes('"built":true');
}
