// What a candidate adds to a call's latency at a rate it can easily take: the same open loop straight to the upstream
// and through the candidate, one after the other, and the difference.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { BenchContext } from '../context.ts';
import type { Latency, OpenLoop } from '../load/open-loop.ts';
import type { LoadRequest } from '../load/request.ts';
import { cores } from '../proc/processes.ts';
import { median } from '../report.ts';
import type { Candidate, CandidateName, Upstream } from './candidate.ts';

const program = path.join(import.meta.dirname, '../load/open-loop-program.ts');
const latency = z.object({
  requests: z.number(),
  failures: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});

/** Each takes a new process for each candidate, and a median of three is one. */
const MOST_ROUNDS = 3;

export interface AddedLatency {
  readonly name: CandidateName;
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  readonly directP50Ms: number;
  readonly directP99Ms: number;
  readonly requests: number;
}

async function runLoop(load: OpenLoop, signal: AbortSignal): Promise<Latency> {
  const command = ['--cpu-list', String(cores.rest), process.execPath, '--import', 'tsx', program];
  const child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'], signal });
  const failed = once(child, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`the open loop ended with ${String(code)}`);
  });
  child.stdin.end(JSON.stringify(load));
  const [output] = await Promise.all([text(child.stdout), failed]);
  const seen = latency.parse(JSON.parse(output));
  if (seen.failures > 0) throw new Error(`${load.url} failed ${seen.failures} requests of the open loop`);
  return seen;
}

export async function measureLatency(
  context: BenchContext,
  candidates: readonly Candidate[],
  upstream: Upstream,
  requests: readonly LoadRequest[],
  perSecond: number,
): Promise<readonly AddedLatency[]> {
  const { seconds, signal, say } = context;
  const rounds = Math.min(MOST_ROUNDS, context.rounds);
  const loop = { requests, perSecond, seconds, connections: 64, warmUpSeconds: 1 };
  const direct: Latency[] = [];
  const through = candidates.map((candidate) => ({ candidate, all: new Array<Latency>() }));
  for (let round = 1; round <= rounds; round += 1) {
    say(`latency at ${loop.perSecond} requests/s, round ${round} of ${rounds}`);
    direct.push(await runLoop({ ...loop, url: upstream.url }, signal));
    for (const { candidate, all } of through)
      all.push(await runLoop({ ...loop, url: candidate.url }, signal));
  }
  const added = (all: readonly Latency[], key: 'p50Ms' | 'p99Ms'): number =>
    median(all.map((each, round) => each[key] - (direct[round]?.[key] ?? NaN)));
  return through.map(({ candidate: { name }, all }) => ({
    name,
    addedP50Ms: added(all, 'p50Ms'),
    addedP99Ms: added(all, 'p99Ms'),
    directP50Ms: median(direct.map(({ p50Ms }) => p50Ms)),
    directP99Ms: median(direct.map(({ p99Ms }) => p99Ms)),
    requests: all.reduce((sum, each) => sum + each.requests + loop.perSecond * loop.warmUpSeconds, 0),
  }));
}
