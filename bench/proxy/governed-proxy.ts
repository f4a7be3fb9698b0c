// The proxy as an image runs it: one bundle on Node 24, a policy on disk, audit on.
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROXY_NODE_ENV, PROXY_PATHS, type ProxyEnvironment } from '#api/proxy-config.ts';
import { renderPolicy } from '#policy/document.ts';
import { bundleProgram } from '#scripts/bundle.ts';
import type { BenchContext } from '../context.ts';
import { callers } from '../load/request.ts';
import { cores, freePort } from '../proc/processes.ts';
import type { Candidate } from './candidate.ts';
import { policyFor, server } from '../policy/document.ts';
import { podFlags } from './pod-flags.ts';

export interface GovernedProxy extends Candidate {
  readonly name: 'proxy';
  /** From the start of the process to the first 200 of its readiness, milliseconds. */
  readonly startMs: number;
}

export interface ProxyProgram {
  readonly bundle: string;
  readonly policyFile: string;
}

/** What all starts of the proxy share. */
export async function prepareProxy({ folder, say }: BenchContext, subjects: number): Promise<ProxyProgram> {
  say('bundling the proxy');
  const bundle = await bundleProgram('runtime/proxy/main.ts', '.build/programs/proxy.mjs');
  const policyFile = path.join(folder, 'policy.json');
  await writeFile(policyFile, renderPolicy(policyFor(callers(subjects))));
  return { bundle, policyFile };
}

export async function startProxy(
  { processes, folder }: BenchContext,
  { bundle, policyFile }: ProxyProgram,
  upstreamOrigin: string,
  ingestUrl: string,
): Promise<GovernedProxy> {
  const port = await freePort();
  const metricsPort = await freePort();
  const stateFolder = await mkdtemp(path.join(folder, 'state-'));
  // A bench has few callers and sends as much as the proxy can take; its limits for one caller are measured elsewhere.
  const limits = { SUBJECT_RATE_PER_MINUTE: '1000000000', SUBJECT_RATE_BURST: '1000000000' };
  const env: ProxyEnvironment = {
    PORT: String(port),
    BIND_ADDRESS: '127.0.0.1',
    METRICS_PORT: String(metricsPort),
    UPSTREAM_URL: upstreamOrigin,
    POLICY_FILE: policyFile,
    MCP_SERVER_NAME: server.name,
    MCP_SERVER_NAMESPACE: server.namespace,
    ANALYTICS_INGEST_URL: ingestUrl,
    STATE_DIR: stateFolder,
    INSTANCE: 'bench',
  };
  const command = [process.execPath, ...podFlags, bundle] as const;
  const running = processes.start({
    name: `proxy-${port}`,
    command,
    core: cores.proxy,
    env: { ...PROXY_NODE_ENV, ...env, ...limits },
  });
  const startMs = await processes.ready(running, `http://127.0.0.1:${metricsPort}${PROXY_PATHS.ready}`, 1);
  return { name: 'proxy', running, url: `http://127.0.0.1:${port}/mcp`, startMs };
}

export interface Ingest {
  readonly url: string;
  /** Events that have arrived so far. */
  readonly count: () => Promise<number>;
}

export async function startIngest({ processes }: BenchContext): Promise<Ingest> {
  const port = await freePort();
  const program = path.join(import.meta.dirname, 'ingest-program.ts');
  const origin = `http://127.0.0.1:${port}`;
  const running = processes.start({
    name: 'ingest',
    command: [process.execPath, '--import', 'tsx', program],
    core: cores.rest,
    env: { PORT: String(port) },
  });
  await processes.ready(running, `${origin}/count`);
  return {
    url: `${origin}/events`,
    count: async () => Number(await (await fetch(`${origin}/count`)).text()),
  };
}
