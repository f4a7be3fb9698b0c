// The proxy beside nginx and Envoy: throughput, CPU, latency, memory, start.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../context.ts';
import { findEngine } from '#scripts/engines/packaged-engine.ts';
import { wrk } from '../engines/wrk.ts';
import { callers, requestOf } from '../load/request.ts';
import { wrkLoad } from '../load/wrk.ts';
import { measure, table, type Measure } from '../report.ts';
import { startEnvoy, startNginx, startUpstream, type CandidateName } from './candidate.ts';
import { measureFootprint } from './footprint.ts';
import { prepareProxy, startIngest, startProxy, type Ingest } from './governed-proxy.ts';
import { measureLatency, type AddedLatency } from './latency.ts';
import { measureThroughput, type ThroughputResult } from './throughput.ts';

/** Grants, and sessions. */
const subjects = 1_000;

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

function candidateTable(throughput: readonly ThroughputResult[], latency: readonly AddedLatency[]): string {
  const rows = throughput.map(({ name, requestsPerSecond, cpuUs, p50Ms, p99Ms, anonMib }) => {
    const { addedP50Ms, addedP99Ms } = of(latency, name);
    return [name, Math.round(requestsPerSecond), cpuUs, p50Ms, p99Ms, anonMib, addedP50Ms, addedP99Ms];
  });
  const head = ['candidate', 'req/s', 'CPU µs/req', 'p50 ms', 'p99 ms', 'anon MiB'];
  return table([...head, 'added p50 ms', 'added p99 ms'], rows);
}

export async function benchProxy(context: BenchContext): Promise<readonly Measure[]> {
  const { processes, env, folder, say } = context;
  const engine = await findEngine(wrk, env, say);
  const program = await prepareProxy(context, subjects);
  const requests = callers(subjects).map(requestOf);
  const ingest = await startIngest(context);
  const footprint = await measureFootprint(context, program, ingest.url);
  const before = await ingest.count();

  const upstream = await startUpstream(context);
  const proxy = await startProxy(context, program, new URL(upstream.url).origin, ingest.url);
  const candidates = [await startNginx(context, upstream), await startEnvoy(context, upstream), proxy];
  const load = await wrkLoad(engine, folder, requests);
  const throughput = await measureThroughput(context, candidates, load);
  const latency = await measureLatency(context, candidates, upstream, requests);
  const mine = of(throughput, 'proxy');
  const sent = mine.requests + of(latency, 'proxy').requests;
  const lost = await auditLost(ingest, before + sent);
  await processes.stopAll();

  console.log(`${candidateTable(throughput, latency)}\n`);
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
