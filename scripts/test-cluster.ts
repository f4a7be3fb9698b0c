// `npm run test:cluster`: the tests of test/cluster, on a real API server of the oldest and the newest Kubernetes minor
// that we claim, one after the other. What is missing of them is built; what was started is ended, also on Ctrl-C.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BundleError, bundleProgram } from './bundle.ts';
import { hasFiles, PASSES, runPass, type Counts } from './cluster/jest-pass.ts';
import { TestWorld } from './cluster/test-world.ts';
import { EngineError } from './engines/engine-error.ts';
import { findEngines } from './engines/find-engines.ts';
import { GATEWAY_API, moduleFolder } from './engines/module-files.ts';
import { isMinor, MINORS, NEWEST_MINOR, OLDEST_MINOR, type Minor } from './engines/versions.ts';

const usage = `npm run test:cluster -- [--minor 1.36]... [--keep] [--without-operator] [arguments for Jest: -t NAME, paths]
  --minor   of Kubernetes, one of ${MINORS.join(', ')}; default: ${OLDEST_MINOR} and ${NEWEST_MINOR}
  --keep    leaves the (first) cluster running until Ctrl-C, and says how to reach it; runs no test
  --without-operator   starts none, for tests of what the API server does by itself`;

interface Arguments {
  readonly minors: readonly Minor[];
  readonly keep: boolean;
  readonly operator: boolean;
  readonly jest: readonly string[];
}

function readArguments(given: readonly string[]): Arguments | undefined {
  const minors: Minor[] = [];
  const jest: string[] = [];
  let [keep, operator] = [false, true];
  for (let index = 0; index < given.length; index += 1) {
    const argument = given[index] ?? '';
    if (argument === '--keep') keep = true;
    else if (argument === '--without-operator') operator = false;
    else if (argument === '--minor') {
      const minor = given[(index += 1)] ?? '';
      if (!isMinor(minor)) return undefined;
      minors.push(minor);
    } else jest.push(argument);
  }
  return { minors: minors.length === 0 ? [OLDEST_MINOR, NEWEST_MINOR] : minors, keep, operator, jest };
}

const say = (line: string) => console.error(`test:cluster: ${line}`);

class Run {
  private world: TestWorld | undefined;
  private jest: ChildProcess | undefined;
  private readonly interrupted = new AbortController();
  private readonly operator: string | undefined;

  /** @param operator its bundle */
  constructor(operator: string | undefined) {
    this.operator = operator;
  }

  /** Ends what runs now; the rest of the run is left out. */
  interrupt(): void {
    this.interrupted.abort();
    this.jest?.kill('SIGTERM');
  }

  get wasInterrupted(): boolean {
    return this.interrupted.signal.aborted;
  }

  /** Brings one up, tests on it, and takes it down. One line a pass. */
  async test(minor: Minor, args: readonly string[]): Promise<Counts> {
    let [passed, failed] = [0, 0];
    try {
      const file = await this.up(minor);
      for (const pass of PASSES.filter(hasFiles)) {
        if (this.wasInterrupted) break;
        say(`Kubernetes ${minor}, ${pass.name}`);
        const running = runPass(pass, file, args);
        this.jest = running.child;
        const counts = await running.counts;
        console.log(`Kubernetes ${minor}, ${pass.name}: ${counts.passed} passed, ${counts.failed} failed`);
        passed += counts.passed;
        failed += counts.failed;
      }
    } finally {
      await this.down();
    }
    return { passed, failed };
  }

  /** Brings one up and leaves it to people until they interrupt. */
  async keep(minor: Minor): Promise<void> {
    try {
      const file = await this.up(minor);
      const { signal } = this.interrupted;
      console.log(`export KUBECONFIG=${this.world?.plane.kubeconfigOf('admin') ?? ''}`);
      console.log(`export MCP_TEST_CLUSTER=${file}`);
      console.log(`Kubernetes ${minor} runs, its logs are beside these files. Ctrl-C ends it.`);
      const alive = setInterval(() => undefined, 60_000);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      clearInterval(alive);
    } finally {
      await this.down();
    }
  }

  private async up(minor: Minor): Promise<string> {
    const options = { env: process.env, say };
    const engines = await findEngines(minor, options);
    const definitions = [await moduleFolder(GATEWAY_API, options)];
    const startedAt = performance.now();
    const folder = mkdtempSync(path.join(tmpdir(), `mcp-runtime-cluster-${minor}-`));
    this.world = await TestWorld.start({ engines, folder, definitions, operator: this.operator });
    say(
      `Kubernetes ${minor} is up in ${((performance.now() - startedAt) / 1000).toFixed(1)} s, in ${folder}`,
    );
    return this.world.writeFile();
  }

  private async down(): Promise<void> {
    const world = this.world;
    this.world = undefined;
    await world?.stop();
  }
}

/** Says what went wrong: what is foreseen in a sentence, anything else with its stack. */
function explain(error: unknown): void {
  if (error instanceof EngineError || error instanceof BundleError) say(`${error.code}: ${error.message}`);
  else console.error(error);
}

async function testAll({ minors, jest }: Arguments, run: Run): Promise<Counts> {
  let [passed, failed] = [0, 0];
  for (const minor of minors) {
    if (run.wasInterrupted) break;
    try {
      const counts = await run.test(minor, jest);
      passed += counts.passed;
      failed += counts.failed;
    } catch (error) {
      explain(error);
      console.log(`Kubernetes ${minor}: did not run`);
      failed += 1;
    }
  }
  if (passed + failed > 0) return { passed, failed };
  say('no test matches');
  return { passed: 0, failed: 1 };
}

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  if (given.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const read = readArguments(given);
  if (read === undefined) {
    console.error(usage);
    return 2;
  }
  try {
    const bundle = read.operator
      ? await bundleProgram('runtime/operator/main.ts', '.build/programs/operator.mjs')
      : undefined;
    const run = new Run(bundle);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => run.interrupt());
    const [first] = read.minors;
    if (read.keep && first !== undefined) {
      await run.keep(first);
      return 0;
    }
    const { passed, failed } = await testAll(read, run);
    if (run.wasInterrupted) return 130;
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    explain(error);
    console.log('0 passed, 1 failed');
    return 1;
  }
}

process.exitCode = await main();
