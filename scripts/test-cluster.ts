// `npm run test:cluster`: the tests of test/cluster, on a real API server of the oldest and the newest Kubernetes minor
// that we claim, one after the other. What is missing of them is built; what was started is ended, also on Ctrl-C.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BundleError, bundleProgram } from './bundle.ts';
import { hasFiles, PASSES, runPass } from './cluster/jest-pass.ts';
import { TestWorld } from './cluster/test-world.ts';
import { EngineError } from './engines/engine-error.ts';
import { findChartEngines, findEngines } from './engines/find-engines.ts';
import { foreignDefinitions } from './engines/module-files.ts';
import { explain, suiteCommand, type Counts, type Foreseen, type SuiteRun } from './suite-command.ts';
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

const FORESEEN: Foreseen = [EngineError, BundleError];

class Run implements SuiteRun {
  private world: TestWorld | undefined;
  private jest: ChildProcess | undefined;
  private readonly interrupted = new AbortController();
  private readonly read: Arguments;
  private readonly operator: string | undefined;

  /** @param operator its bundle */
  constructor(read: Arguments, operator: string | undefined) {
    this.read = read;
    this.operator = operator;
  }

  async run(): Promise<Counts | 'kept'> {
    const { minors, keep } = this.read;
    const [first] = minors;
    if (keep && first !== undefined) {
      await this.keep(first);
      return 'kept';
    }
    let [passed, failed] = [0, 0];
    for (const minor of minors) {
      if (this.wasInterrupted) break;
      try {
        const counts = await this.test(minor, this.read.jest);
        passed += counts.passed;
        failed += counts.failed;
      } catch (error) {
        explain(error, FORESEEN, say);
        console.log(`Kubernetes ${minor}: did not run`);
        failed += 1;
      }
    }
    return { passed, failed };
  }

  interrupt(): void {
    this.interrupted.abort();
    this.jest?.kill('SIGTERM');
  }

  get wasInterrupted(): boolean {
    return this.interrupted.signal.aborted;
  }

  /** Brings one up, tests on it, and takes it down. One line a pass. */
  private async test(minor: Minor, args: readonly string[]): Promise<Counts> {
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
  private async keep(minor: Minor): Promise<void> {
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
    const charts = await findChartEngines(options);
    const definitions = await foreignDefinitions(options);
    const startedAt = performance.now();
    const folder = mkdtempSync(path.join(tmpdir(), `mcp-runtime-cluster-${minor}-`));
    this.world = await TestWorld.start({
      engines,
      charts,
      folder,
      definitions,
      operator: this.operator,
      say,
    });
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

async function start(read: Arguments): Promise<SuiteRun> {
  const bundle = read.operator
    ? await bundleProgram('runtime/operator/main.ts', '.build/programs/operator.mjs')
    : undefined;
  return new Run(read, bundle);
}

process.exitCode = await suiteCommand(
  { usage, read: readArguments, start, say, foreseen: FORESEEN },
  process.argv.slice(2),
);
