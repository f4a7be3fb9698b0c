// `npm run test:e2e`: the tests of test/e2e, on a real Kubernetes node that is brought up for them, or on a cluster that
// exists. What is missing of the node is built; what was started is ended, also on Ctrl-C.
import type { ChildProcess } from 'node:child_process';
import { BundleError } from './bundle.ts';
import { runPass, type Pass } from './cluster/jest-pass.ts';
import { EngineError } from './engines/engine-error.ts';
import { MissingEngineError } from './engines/packaged-engine.ts';
import { ImageError } from './images/image-error.ts';
import { ContextCluster } from './node/context-cluster.ts';
import { NodeError } from './node/node-error.ts';
import { startOwnNode } from './node/own-node.ts';
import { TestNode } from './node/test-node.ts';
import { suiteCommand, type Counts, type SuiteRun } from './suite-command.ts';

const usage = `npm run test:e2e -- [--keep] [--without-platform] [--context NAME] [arguments for Jest: -t NAME, paths]
  --keep               leaves the node, with the platform, running until Ctrl-C, and says how to reach it; runs no test
  --without-platform   builds and installs none of it, for tests of the node itself
  --context NAME       of your kubeconfig: uses that cluster, see docs/test-node.md for what it has to have`;

interface Arguments {
  readonly keep: boolean;
  readonly platform: boolean;
  readonly context: string | undefined;
  readonly jest: readonly string[];
}

function readArguments(given: readonly string[]): Arguments | undefined {
  const jest: string[] = [];
  let [keep, platform] = [false, true];
  let context: string | undefined;
  for (let index = 0; index < given.length; index += 1) {
    const argument = given[index] ?? '';
    if (argument === '--keep') keep = true;
    else if (argument === '--without-platform') platform = false;
    else if (argument === '--context') {
      context = given[(index += 1)];
      if (context === undefined) return undefined;
    } else jest.push(argument);
  }
  return keep && context !== undefined ? undefined : { keep, platform, context, jest };
}

/** Those that look back at all others are last. */
const PASSES: readonly Pass[] = ['test/e2e/*.test.ts', 'test/e2e/last/*.test.ts'].map((files, index) => ({
  name: index === 0 ? 'e2e' : 'last',
  files,
  config: 'jest.e2e.config.js',
  args: ['--runInBand'],
}));

const say = (line: string) => console.error(`test:e2e: ${line}`);

type Cluster = TestNode | ContextCluster;

class Run implements SuiteRun {
  private jest: ChildProcess | undefined;
  private readonly interrupted = new AbortController();
  private readonly read: Arguments;

  constructor(read: Arguments) {
    this.read = read;
  }

  interrupt(): void {
    this.interrupted.abort();
    this.jest?.kill('SIGTERM');
  }

  get wasInterrupted(): boolean {
    return this.interrupted.signal.aborted;
  }

  /** Brings a cluster up, tests on it or leaves it to people, and takes it down. */
  async run(): Promise<Counts | 'kept'> {
    const cluster = await this.up();
    try {
      if (cluster instanceof TestNode && this.read.keep) {
        await this.leaveToPeople(cluster);
        return 'kept';
      }
      return await this.test(cluster);
    } finally {
      await cluster.stop();
    }
  }

  private async up(): Promise<Cluster> {
    const { context, platform } = this.read;
    const { env } = process;
    if (context !== undefined) {
      const cluster = await ContextCluster.open(context, env, say);
      try {
        if (platform) await cluster.install(say, this.interrupted.signal);
        return cluster;
      } catch (error) {
        await cluster.stop();
        throw error;
      }
    }
    return startOwnNode({ env, say, platform }, this.interrupted.signal);
  }

  private async test(cluster: Cluster): Promise<Counts> {
    // What is about the node itself can't be tested on a cluster that was there before, and is left out.
    const skipsCount = cluster instanceof TestNode;
    let [passed, failed] = [0, 0];
    for (const pass of PASSES) {
      if (this.wasInterrupted) break;
      const running = runPass(pass, cluster.file, this.read.jest, { skipsCount });
      this.jest = running.child;
      const counts = await running.counts;
      passed += counts.passed;
      failed += counts.failed;
    }
    return { passed, failed };
  }

  private async leaveToPeople(node: TestNode): Promise<void> {
    const { signal } = this.interrupted;
    console.log(`export KUBECONFIG=${node.about.users['admin']?.kubeconfig ?? ''}`);
    console.log(`export MCP_TEST_CLUSTER=${node.file}`);
    console.log(`ingress: ${node.about.ingress?.url ?? ''}`);
    console.log(`a shell on the node: nsenter --all --target ${node.pid}`);
    console.log('Ctrl-C ends it.');
    const alive = setInterval(() => undefined, 60_000);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    clearInterval(alive);
  }
}

process.exitCode = await suiteCommand(
  {
    usage,
    read: readArguments,
    start: (read) => new Run(read),
    say,
    foreseen: [EngineError, BundleError, NodeError, MissingEngineError, ImageError],
  },
  process.argv.slice(2),
);
