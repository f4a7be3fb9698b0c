// `npm run test:e2e`: the tests of test/e2e, on a real Kubernetes node that is brought up for them, or on a cluster that
// exists. What is missing of the node is built; what was started is ended, also on Ctrl-C.
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { BundleError } from './bundle.ts';
import { runPass, type Counts, type Pass } from './cluster/jest-pass.ts';
import { EngineError } from './engines/engine-error.ts';
import { envoy } from './engines/envoy.ts';
import { findNodeEngines } from './engines/find-engines.ts';
import { CONTOUR_DEFINITIONS, GATEWAY_API, moduleFolder } from './engines/module-files.ts';
import { findEngine, MissingEngineError } from './engines/packaged-engine.ts';
import { OLDEST_MINOR } from './engines/versions.ts';
import { NodeError } from './node/node-error.ts';
import { TestNode } from './node/test-node.ts';

const usage = `npm run test:e2e -- [--keep] [arguments for Jest: -t NAME, paths]
  --keep           leaves the node running until Ctrl-C, and says how to reach it; runs no test`;

interface Arguments {
  readonly keep: boolean;
  readonly jest: readonly string[];
}

function readArguments(given: readonly string[]): Arguments {
  return { keep: given.includes('--keep'), jest: given.filter((each) => each !== '--keep') };
}

const PASS: Pass = {
  name: 'e2e',
  files: 'test/e2e/*.test.ts',
  config: 'jest.e2e.config.js',
  args: ['--runInBand'],
};

const say = (line: string) => console.error(`test:e2e: ${line}`);

const interrupted = new AbortController();

async function up(signal: AbortSignal): Promise<TestNode> {
  const options = { env: process.env, say };
  const engines = await findNodeEngines(OLDEST_MINOR, options);
  const found = await findEngine(envoy, process.env, say);
  const definitions = [
    await moduleFolder(GATEWAY_API, options),
    path.join(await moduleFolder(CONTOUR_DEFINITIONS, options), '01-crds.yaml'),
  ];
  const startedAt = performance.now();
  const node = await TestNode.start(
    { ...options, engines, envoy: found.path, images: [], definitions },
    signal,
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`a node of Kubernetes ${engines.minor} is up in ${seconds} s, its logs are in ${node.folder}`);
  return node;
}

async function keep(node: TestNode, signal: AbortSignal): Promise<void> {
  console.log(`export KUBECONFIG=${node.about.users['admin']?.kubeconfig ?? ''}`);
  console.log(`export MCP_TEST_CLUSTER=${node.file}`);
  console.log(`a shell on the node: nsenter --all --target ${node.pid}`);
  console.log('Ctrl-C ends it.');
  const alive = setInterval(() => undefined, 60_000);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  clearInterval(alive);
}

/** Says what went wrong: what is foreseen in a sentence, anything else with its stack. */
function explain(error: unknown): void {
  const foreseen = [EngineError, BundleError, NodeError, MissingEngineError];
  if (error instanceof Error && 'code' in error && foreseen.some((each) => error instanceof each))
    say(`${String(error.code)}: ${error.message}`);
  else console.error(error);
}

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  if (given.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const read = readArguments(given);
  const { signal } = interrupted;
  let jest: ChildProcess | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      interrupted.abort();
      jest?.kill('SIGTERM');
    });
  let counts: Counts = { passed: 0, failed: 1 };
  let node: TestNode | undefined;
  try {
    node = await up(signal);
    if (read.keep) {
      await keep(node, signal);
      return 0;
    }
    const running = runPass(PASS, node.file, read.jest);
    jest = running.child;
    counts = await running.counts;
  } catch (error) {
    if (!signal.aborted) explain(error);
  } finally {
    await node?.stop();
  }
  if (signal.aborted) return 130;
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
