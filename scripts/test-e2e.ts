// `npm run test:e2e`: the tests of test/e2e, on real Kubernetes nodes that are brought up for them, one after the other, or
// on a cluster that exists. What is missing of a node is built; what was started is ended, also on Ctrl-C.
import type { ChildProcess } from 'node:child_process';
import { BundleError } from './bundle.ts';
import { isWanted, runPass, type Pass } from './cluster/jest-pass.ts';
import { EngineError } from './engines/engine-error.ts';
import { MissingEngineError } from './engines/packaged-engine.ts';
import { ImageError } from './images/image-error.ts';
import { ContextCluster } from './node/context-cluster.ts';
import { NodeError } from './node/node-error.ts';
import { startOwnNode, type OwnNodeOptions } from './node/own-node.ts';
import { TestNode } from './node/test-node.ts';
import { suiteCommand, type Counts, type SuiteRun } from './suite-command.ts';

const usage = `npm run test:e2e -- [--keep] [--not-installed | --without-platform] [--context NAME] [arguments for Jest: -t NAME, paths]
  --keep               leaves the node, with the platform, running until Ctrl-C, and says how to reach it; runs no test
  --not-installed      loads the platform's images and installs nothing: what the tests of test/e2e/team run on, and only they
  --without-platform   builds and installs none of it, for tests of the node itself
  --context NAME       of your kubeconfig: uses that cluster, see docs/test-node.md for what it has to have`;

interface Arguments {
  readonly keep: boolean;
  /** What of the platform there is in the beginning. @default on one node after the other, as its tests need it */
  readonly platform: OwnNodeOptions['platform'] | undefined;
  readonly context: string | undefined;
  readonly jest: readonly string[];
}

function readArguments(given: readonly string[]): Arguments | undefined {
  const jest: string[] = [];
  let keep = false;
  let platform: Arguments['platform'];
  let context: string | undefined;
  for (let index = 0; index < given.length; index += 1) {
    const argument = given[index] ?? '';
    if (argument === '--keep') keep = true;
    else if (argument === '--without-platform') platform = 'none';
    else if (argument === '--not-installed') platform = 'images';
    else if (argument === '--context') {
      context = given[(index += 1)];
      if (context === undefined) return undefined;
    } else jest.push(argument);
  }
  if (context !== undefined && (keep || platform === 'images')) return undefined;
  return { keep, platform, context, jest };
}

const passOf = (name: string, files: string): Pass => ({
  name,
  files,
  config: 'jest.e2e.config.js',
  args: ['--runInBand'],
});

/** Those that look back at all others are last. */
const ON_PLATFORM = [passOf('e2e', 'test/e2e/*.test.ts'), passOf('last', 'test/e2e/last/*.test.ts')];

/** Those that install the platform themselves, and remove it. */
const ON_IMAGES = [passOf('team', 'test/e2e/team/*.test.ts')];

interface Stage {
  readonly platform: OwnNodeOptions['platform'];
  readonly passes: readonly Pass[];
}

/** What runs on which cluster, one after the other. */
function stagesOf({ platform, context }: Arguments): readonly Stage[] {
  if (platform === 'images') return [{ platform, passes: ON_IMAGES }];
  const first: Stage = { platform: platform ?? 'installed', passes: ON_PLATFORM };
  const isAll = platform === undefined && context === undefined;
  return isAll ? [first, { platform: 'images', passes: ON_IMAGES }] : [first];
}

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

  /** Brings clusters up, tests on each or leaves the first to people, and takes them down. */
  async run(): Promise<Counts | 'kept'> {
    const stages = stagesOf(this.read);
    if (this.read.keep) return this.on(stages[0]?.platform ?? 'installed', (node) => this.keep(node));
    let [passed, failed] = [0, 0];
    for (const { platform, passes } of stages) {
      const wanted = await this.wanted(passes);
      if (wanted.length === 0 || this.wasInterrupted) continue;
      const counts = await this.on(platform, (cluster) => this.test(cluster, wanted));
      passed += counts.passed;
      failed += counts.failed;
    }
    return { passed, failed };
  }

  /** A node takes a while, so none is brought up for nothing. */
  private async wanted(passes: readonly Pass[]): Promise<readonly Pass[]> {
    const { jest } = this.read;
    if (jest.length === 0) return passes;
    const asked = await Promise.all(passes.map(async (pass) => [pass, await isWanted(pass, jest)] as const));
    return asked.flatMap(([pass, isAsked]) => (isAsked ? [pass] : []));
  }

  private async on<T>(platform: Stage['platform'], work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const cluster = await this.up(platform);
    try {
      return await work(cluster);
    } finally {
      await cluster.stop();
    }
  }

  private async up(platform: Stage['platform']): Promise<Cluster> {
    const { context } = this.read;
    const { env } = process;
    if (context !== undefined) {
      const cluster = await ContextCluster.open(context, env, say);
      try {
        if (platform === 'installed') await cluster.install(say, this.interrupted.signal);
        return cluster;
      } catch (error) {
        await cluster.stop();
        throw error;
      }
    }
    return startOwnNode({ env, say, platform }, this.interrupted.signal);
  }

  private async test(cluster: Cluster, passes: readonly Pass[]): Promise<Counts> {
    // What is about the node itself can't be tested on a cluster that was there before, and is left out.
    const skipsCount = cluster instanceof TestNode;
    let [passed, failed] = [0, 0];
    for (const pass of passes) {
      if (this.wasInterrupted) break;
      const running = runPass(pass, cluster.file, this.read.jest, { skipsCount });
      this.jest = running.child;
      const counts = await running.counts;
      passed += counts.passed;
      failed += counts.failed;
    }
    return { passed, failed };
  }

  private async keep(cluster: Cluster): Promise<'kept'> {
    if (cluster instanceof TestNode) await this.leaveToPeople(cluster);
    return 'kept';
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
