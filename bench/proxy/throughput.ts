// Requests per second and CPU per request, the candidates taking turns, so that what else the machine does hits all
// of them alike. The first seconds of each are thrown away: compilers warm up, pools fill.
import type { BenchContext } from '../context.ts';
import type { Throughput } from '../load/wrk.ts';
import { cpuSeconds, memory } from '../proc/usage.ts';
import { median } from '../report.ts';
import type { Candidate, CandidateName } from './candidate.ts';

/** Long enough for code to be compiled; a short measure has a shorter one. */
const longestWarmUpSeconds = 3;
const memoryEveryMs = 200;

export interface ThroughputResult {
  readonly name: CandidateName;
  readonly requestsPerSecond: number;
  /** CPU time of the candidate's processes for each request, microseconds. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Highest anonymous memory seen under load, MiB. */
  readonly anonMib: number;
  /** All requests sent, warm-up included. */
  readonly requests: number;
}

export type Load = (url: string, seconds: number, signal: AbortSignal) => Promise<Throughput>;

interface Turn extends Throughput {
  readonly cpuUs: number;
  readonly anonMib: number;
}

async function turn(candidate: Candidate, load: Load, seconds: number, signal: AbortSignal): Promise<Turn> {
  const { pid } = candidate.running;
  let anonMib = 0;
  const watch = setInterval(() => (anonMib = Math.max(anonMib, memory(pid).anonMib)), memoryEveryMs);
  try {
    const before = cpuSeconds(pid);
    const seen = await load(candidate.url, seconds, signal);
    const cpuUs = ((cpuSeconds(pid) - before) * 1e6) / seen.requests;
    if (seen.failures > 0)
      throw new Error(`${candidate.name} failed ${seen.failures} of ${seen.requests} requests`);
    return { ...seen, cpuUs, anonMib };
  } finally {
    clearInterval(watch);
  }
}

export async function measureThroughput(
  context: BenchContext,
  candidates: readonly Candidate[],
  load: Load,
): Promise<readonly ThroughputResult[]> {
  const { rounds, seconds, signal, say } = context;
  const turns = candidates.map((candidate) => ({ candidate, all: new Array<Turn>() }));
  const warmUps = new Map<CandidateName, number>();
  const warmUpSeconds = Math.min(longestWarmUpSeconds, seconds);
  for (const { candidate } of turns) {
    const warmUp = await turn(candidate, load, warmUpSeconds, signal);
    warmUps.set(candidate.name, warmUp.requests);
  }
  for (let round = 1; round <= rounds; round += 1) {
    say(`throughput, round ${round} of ${rounds}`);
    for (const { candidate, all } of turns) all.push(await turn(candidate, load, seconds, signal));
  }
  return turns.map(({ candidate: { name }, all }) => ({
    name,
    requestsPerSecond: median(all.map((each) => each.requestsPerSecond)),
    cpuUs: median(all.map((each) => each.cpuUs)),
    p50Ms: median(all.map((each) => each.p50Ms)),
    p99Ms: median(all.map((each) => each.p99Ms)),
    anonMib: Math.max(...all.map((each) => each.anonMib)),
    requests: all.reduce((sum, each) => sum + each.requests, warmUps.get(name) ?? 0),
  }));
}
