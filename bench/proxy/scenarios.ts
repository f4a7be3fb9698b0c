// All candidates in more situations than the one that is judged: few and many connections, streams, large arguments, large
// results. Shorter than that one, for a table to look at.
import type { BenchContext } from '../context.ts';
import type { Engine } from '#scripts/engines/packaged-engine.ts';
import type { Caller } from '../load/request.ts';
import { wrkLoad } from '../load/wrk.ts';
import { table, type Cell } from '../report.ts';
import type { Candidate } from './candidate.ts';
import {
  largeArguments,
  largeEvent,
  largeResult,
  oneEvent,
  requestsOf,
  smallJson,
  type Shape,
} from './shape.ts';
import { measureThroughput, type ThroughputResult } from './throughput.ts';

interface Scenario {
  readonly shape: Shape;
  readonly connections: number;
}

const scenarios: readonly Scenario[] = [
  { shape: smallJson, connections: 1 },
  { shape: smallJson, connections: 256 },
  { shape: oneEvent, connections: 1 },
  { shape: oneEvent, connections: 32 },
  { shape: oneEvent, connections: 256 },
  { shape: largeArguments, connections: 32 },
  { shape: largeResult, connections: 32 },
  { shape: largeEvent, connections: 32 },
];

const most = { rounds: 2, seconds: 1 } as const;

export interface Scenarios {
  readonly table: string;
  /** Audit events that the proxy's calls left. */
  readonly events: number;
}

function rowOf({ shape, connections }: Scenario, results: readonly ThroughputResult[]): readonly Cell[] {
  const cells = results.flatMap(({ requestsPerSecond, cpuUs }) => [Math.round(requestsPerSecond), cpuUs]);
  return [shape.name, connections, ...cells];
}

export async function measureScenarios(
  context: BenchContext,
  engine: Engine,
  candidates: readonly Candidate[],
  callers: readonly Caller[],
): Promise<Scenarios> {
  const { folder, say } = context;
  const short = {
    ...context,
    rounds: Math.min(most.rounds, context.rounds),
    seconds: Math.min(most.seconds, context.seconds),
    say: () => undefined,
  };
  const rows: (readonly Cell[])[] = [];
  let events = 0;
  for (const [at, scenario] of scenarios.entries()) {
    const { shape, connections } = scenario;
    say(`${shape.name} over ${connections} connections (${at + 1} of ${scenarios.length})`);
    const options = { folder, name: `scenario-${at}`, connections };
    const load = await wrkLoad(engine, requestsOf(shape, callers), options);
    const results = await measureThroughput(short, candidates, (url, seconds, signal) =>
      load(new URL(shape.path, url).href, seconds, signal),
    );
    rows.push(rowOf(scenario, results));
    events += shape.events * (results.find(({ name }) => name === 'proxy')?.requests ?? 0);
  }
  const head = candidates.flatMap(({ name }) => [`${name}/s`, 'CPU µs']);
  return { table: table(['answer', 'connections', ...head], rows), events };
}
