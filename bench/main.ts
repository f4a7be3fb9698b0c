// `npm run bench -- [proxy|policy|operator|node|synth] [--json FILE] [--rounds N] [--seconds N]`: what the product costs, against
// its goals. It measures and judges; a missed goal is a finding, not a failure of the run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { BenchContext } from './context.ts';
import { Processes } from './proc/processes.ts';
import { benchOperator } from './operator/bench.ts';
import { benchNode } from './node/bench.ts';
import { benchPolicy } from './policy/bench.ts';
import { benchProxy } from './proxy/bench.ts';
import { measureTable, type Measure } from './report.ts';
import { benchSynth } from './synth/bench.ts';

const benches = {
  proxy: benchProxy,
  policy: benchPolicy,
  operator: benchOperator,
  node: benchNode,
  synth: benchSynth,
} as const;
type BenchName = keyof typeof benches;

function isBench(name: string): name is BenchName {
  return Object.hasOwn(benches, name);
}

interface Options {
  readonly json?: string;
  readonly rounds: number;
  readonly seconds: number;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above 0');
  return value;
}

/** Runs the benches one after the other in a folder of their own and leaves neither files nor processes. */
async function run(names: readonly BenchName[], { rounds, seconds, json }: Options): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-runtime-bench-'));
  const processes = new Processes(folder);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new DOMException('interrupted', 'AbortError'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  process.once('exit', () => processes.killAll());
  const say = (line: string): void => console.error(`bench: ${line}`);
  const context: BenchContext = {
    folder,
    processes,
    env: process.env,
    rounds,
    seconds,
    say,
    signal: stop.signal,
  };
  const [load = 0] = loadavg();
  if (load > 0.5) say(`the machine is busy (load ${load.toFixed(1)}): compare within this run only`);
  try {
    const measures: Measure[] = [];
    for (const name of names) measures.push(...(await interruptible(benches[name](context), stop.signal)));
    console.log(measureTable(measures));
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ measures }, null, 2)}\n`);
  } finally {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gives up waiting on Ctrl-C; what was started is ended by whoever started it. */
function interruptible<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return Promise.race([work, promise]);
}

const program = new Command('bench')
  .description('Measures the product against its goals.')
  .argument('[names...]', `any of ${Object.keys(benches).join(', ')} (default: all)`)
  .option('--json <file>', 'write the measures as JSON too')
  .option('--rounds <n>', 'how often the candidates take turns', positive, 5)
  .option('--seconds <n>', 'seconds of one turn', positive, 4)
  .action(async (names: readonly string[], options: Options) => {
    const known = names.filter(isBench);
    const unknown = names.find((name) => !isBench(name));
    if (unknown !== undefined) program.error(`bench: there is no bench '${unknown}'`);
    if (availableParallelism() < 2) program.error('bench: two cores are needed, one for the proxy alone');
    await run(known.length > 0 ? known : ['policy', 'synth', 'proxy'], options);
  });

try {
  await program.parseAsync();
} catch (error) {
  // What carries a code is said in words that a user can act on; anything else is ours to find.
  const isOurs = !(error instanceof Error) || !('code' in error);
  console.error('bench:', isOurs ? error : error.message);
  process.exit(1);
}
