// One run of Jest over a part of the tests on a cluster, and what it came to. Jest's own summary is for people; its report
// also knows the suites that never ran, and a skipped test has not passed.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Counts } from '../suite-command.ts';
import { CLUSTER_VARIABLE } from './cluster-file.ts';

export interface Pass {
  readonly name: string;
  /** Which files, from the root. */
  readonly files: string;
  readonly config: string;
  readonly args: readonly string[];
}

/** In parallel; those that need the operators or the API server for themselves; those that look back at all others. */
const config = 'jest.cluster.config.js';
export const PASSES: readonly Pass[] = [
  { name: 'parallel', files: 'test/cluster/*.test.ts', config, args: ['--maxWorkers=2'] },
  { name: 'serial', files: 'test/cluster/serial/*.test.ts', config, args: ['--runInBand'] },
  { name: 'last', files: 'test/cluster/last/*.test.ts', config, args: ['--runInBand'] },
];

/** Whether there is any file of a pass. */
export function hasFiles({ files }: Pass): boolean {
  return globSync(files, { cwd: root }).length > 0;
}

/** Whether any file of a pass is among those that the user asks for. */
export async function isWanted(pass: Pass, args: readonly string[]): Promise<boolean> {
  const { stdout } = await execute(process.execPath, [...jestArgs(pass), '--listTests', ...args], {
    cwd: root,
  });
  return stdout.trim() !== '';
}

const root = path.resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

function jestArgs({ config, files }: Pass): readonly string[] {
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  return [...jest, `--config=${config}`, '--passWithNoTests', `--testMatch=${path.join(root, files)}`];
}
const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

export interface RunningPass {
  readonly child: ChildProcess;
  readonly counts: Promise<Counts>;
}

/**
 * @param clusterFile path of the file about the cluster
 * @param args of the user's, for Jest
 * @param options.skipsCount whether a skipped test counts as one that has not passed. @default true
 */
export function runPass(
  pass: Pass,
  clusterFile: string,
  args: readonly string[],
  { skipsCount = true }: { readonly skipsCount?: boolean } = {},
): RunningPass {
  const output = path.join(path.dirname(clusterFile), `${pass.name}.json`);
  rmSync(output, { force: true });
  const own = [...jestArgs(pass), '--json', `--outputFile=${output}`];
  const child = spawn(process.execPath, [...own, ...pass.args, ...args], {
    cwd: root,
    env: { ...process.env, [CLUSTER_VARIABLE]: clusterFile },
    // With --json Jest prints the whole report on its standard output, too.
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  const counts = new Promise<Counts>((resolve) => {
    child.once('error', () => resolve({ passed: 0, failed: 1 }));
    child.once('exit', (code) => resolve(countsOf(output, code ?? 1, !skipsCount || isFiltered(args))));
  });
  return { child, counts };
}

/** Whether the user asked for some tests only; then the others have not been skipped, they were not wanted. */
function isFiltered(args: readonly string[]): boolean {
  return args.some((arg) => /^(-t|--testNamePattern)(=|$)/.test(arg));
}

function countsOf(file: string, status: number, mayBeSkipped: boolean): Counts {
  let read: z.output<typeof report>;
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
    read = report.parse(json);
  } catch {
    return { passed: 0, failed: 1 };
  }
  const skipped = mayBeSkipped ? 0 : read.numPendingTests;
  const failed = read.numFailedTests + skipped + read.numTodoTests + read.numRuntimeErrorTestSuites;
  return { passed: read.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}
