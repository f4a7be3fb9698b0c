// The proxy beside nginx and Envoy: throughput, CPU, latency, memory, start.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../context.ts';
import { findEngine } from '#scripts/engines/packaged-engine.ts';
import { wrk } from '../engines/wrk.ts';
import { callers, requestOf } from '../load/request.ts';
import { wrkLoad } from '../load/wrk.ts';
import { measure, table, type Measure } from '../report.ts';
import { startBare, startEnvoy, startNginx, startUpstream, type CandidateName } from './candidate.ts';
import { measureFootprint } from './footprint.ts';
import { prepareProxy, startIngest, startProxy, type Ingest } from './governed-proxy.ts';
import { measureLatency, type AddedLatency } from './latency.ts';
import { measureScenarios } from './scenarios.ts';
import { measureThroughput, type ThroughputResult } from './throughput.ts';

/** Grants, and sessions. */
const subjects = 1_000;

const connections = 32;

/** Requests a second of the open loop: what is judged, and what a busy machine can still hold. */
const rates = { slow: 500, judged: 2_000 } as const;

/** How long the last audit batch may take to arrive. */
const auditSettleMs = 10_000;

function of<T extends { readonly name: CandidateName }>(results: readonly T[], name: CandidateName): T {
  const found = results.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}

/** Waits until as many events have arrived as there were requests, or no more come; returns how many are missing. */
async function auditLost(ingest: Ingest, requests: number): Promise<number> {
  for (let waitedMs = 0; waitedMs < auditSettleMs; waitedMs += 100) {
    if ((await ingest.count()) >= requests) return 0;
    await sleep(100);
  }
  return Math.max(0, requests - (await ingest.count()));
}

function candidateTable(throughput: readonly ThroughputResult[]): string {
  const rows = throughput.map(({ name, requestsPerSecond, cpuUs, p50Ms, p99Ms, anonMib }) => [
    name,
    Math.round(requestsPerSecond),
    cpuUs,
    p50Ms,
    p99Ms,
    anonMib,
  ]);
  const head = ['candidate', 'req/s', 'CPU µs/req', 'p50 ms', 'p99 ms', 'anon MiB'];
  return table(head, rows);
}

/** Direct is what the upstream takes alone; where that is far above its usual, the machine could not hold the rate. */
function latencyTable(all: readonly (readonly [number, readonly AddedLatency[]])[]): string {
  const rows = all.flatMap(([rate, results]) =>
    results.map((each) => [
      rate,
      each.name,
      each.directP50Ms,
      each.directP99Ms,
      each.addedP50Ms,
      each.addedP99Ms,
    ]),
  );
  const head = ['req/s', 'candidate', 'direct p50 ms', 'direct p99 ms', 'added p50 ms', 'added p99 ms'];
  return table(head, rows);
}

export async function benchProxy(context: BenchContext): Promise<readonly Measure[]> {
  const { processes, env, folder, say } = context;
  const engine = await findEngine(wrk, env, say);
  const program = await prepareProxy(context, subjects);
  const everybody = callers(subjects);
  const requests = everybody.map(requestOf);
  const ingest = await startIngest(context);
  const footprint = await measureFootprint(context, program, ingest.url);
  const before = await ingest.count();

  const upstream = await startUpstream(context);
  const proxy = await startProxy(context, program, new URL(upstream.url).origin, ingest.url);
  const bare = await startBare(context, upstream);
  const others = [await startNginx(context, upstream), await startEnvoy(context, upstream)];
  const load = await wrkLoad(engine, requests, { folder, name: 'small', connections });
  const throughput = await measureThroughput(context, [...others, bare, proxy], load);
  const scenarios = await measureScenarios(context, engine, [upstream, ...others, bare, proxy], everybody);
  const slow = await measureLatency(context, [...others, proxy], upstream, requests, rates.slow);
  const latency = await measureLatency(context, [...others, proxy], upstream, requests, rates.judged);
  const mine = of(throughput, 'proxy');
  const sent = mine.requests + scenarios.events + of(slow, 'proxy').requests + of(latency, 'proxy').requests;
  const lost = await auditLost(ingest, before + sent);
  await processes.stopAll();

  const latencies = latencyTable([
    [rates.slow, slow],
    [rates.judged, latency],
  ]);
  console.log([candidateTable(throughput), scenarios.table, latencies, ''].join('\n\n'));
  const other = (name: CandidateName): ThroughputResult => of(throughput, name);
  return [
    measure('proxy.vs_envoy', mine.requestsPerSecond / other('envoy').requestsPerSecond),
    measure('proxy.vs_nginx', mine.requestsPerSecond / other('nginx').requestsPerSecond),
    measure('proxy.cpu_vs_envoy', mine.cpuUs / other('envoy').cpuUs),
    measure('proxy.added_p50_ms', of(latency, 'proxy').addedP50Ms),
    measure('proxy.added_p99_ms', of(latency, 'proxy').addedP99Ms),
    measure('proxy.anon_idle_mib', footprint.idle.anonMib),
    measure('proxy.anon_1000_streams_mib', footprint.anonStreamsMib),
    measure('proxy.anon_load_mib', mine.anonMib),
    measure('proxy.rss_idle_mib', footprint.idle.rssMib),
    measure('proxy.start_ms', footprint.startMs),
    measure('proxy.audit_lost', lost),
  ];
}
