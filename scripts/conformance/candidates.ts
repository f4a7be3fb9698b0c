// What the suite is run against: the fixture itself, and two proxies in front of it, each a process as an image runs it.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { PROXY_NODE_ENV, PROXY_NODE_FLAGS, PROXY_PATHS, type ProxyEnvironment } from '#api/proxy-config.ts';
import { renderPolicy } from '#policy/document.ts';
import { bundleProgram } from '../bundle.ts';
import { freePort } from '../engines/free-port.ts';
import type { EngineProcess, Processes } from '../engines/processes.ts';
import { policyFor, server, type ProxyMode } from './policies.ts';
import { ConformanceError } from './suite.ts';

export const COLUMNS = ['direct', 'observe', 'enforced'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Candidate {
  readonly process: EngineProcess;
  readonly url: string;
}
export type Candidates = Readonly<Record<Column, Candidate>>;

const readyWithinMs = 30_000;
const graceMs = 3_000;

/**
 * Starts all three.
 * @param folder for bundles, policies and state
 * @param ingestUrls where each proxy posts its audit events
 */
export async function startCandidates(
  processes: Processes,
  folder: string,
  ingestUrls: Readonly<Record<ProxyMode, string>>,
  signal: AbortSignal,
): Promise<Candidates> {
  const direct = await startFixture(processes, folder, signal);
  const tools = await toolsOf(direct.url);
  const bundle = await bundleProgram('runtime/proxy/main.ts', path.join(folder, 'proxy.mjs'));
  const start = async (mode: ProxyMode): Promise<Candidate> => {
    const policyFile = path.join(folder, `policy-${mode}.json`);
    await writeFile(policyFile, renderPolicy(policyFor(mode, tools)));
    const upstream = new URL(direct.url).origin;
    const spec = { mode, bundle, folder, policyFile, upstream, ingestUrl: ingestUrls[mode] };
    return startProxy(processes, spec, signal);
  };
  const [observe, enforced] = await Promise.all([start('observe'), start('enforced')]);
  return { direct, observe, enforced };
}

async function startFixture(processes: Processes, folder: string, signal: AbortSignal): Promise<Candidate> {
  const bundle = await bundleProgram('scripts/conformance/fixture/main.ts', path.join(folder, 'fixture.mjs'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  signal.throwIfAborted();
  const fixture = processes.start({
    name: 'fixture',
    program: process.execPath,
    args: [bundle],
    env: { PORT: String(port) },
    graceMs,
  });
  await ready(fixture, origin, 404, signal);
  return { process: fixture, url: `${origin}/mcp` };
}

interface ProxySpec {
  readonly mode: ProxyMode;
  readonly bundle: string;
  readonly folder: string;
  readonly policyFile: string;
  readonly upstream: string;
  readonly ingestUrl: string;
}

async function startProxy(processes: Processes, spec: ProxySpec, signal: AbortSignal): Promise<Candidate> {
  const { mode, bundle, folder, policyFile, upstream, ingestUrl } = spec;
  const [port, metricsPort] = [await freePort(), await freePort()];
  const stateFolder = path.join(folder, `state-${mode}`);
  await mkdir(stateFolder);
  const env: ProxyEnvironment = {
    PORT: String(port),
    BIND_ADDRESS: '127.0.0.1',
    METRICS_PORT: String(metricsPort),
    UPSTREAM_URL: upstream,
    POLICY_FILE: policyFile,
    MCP_SERVER_NAME: server.name,
    MCP_SERVER_NAMESPACE: server.namespace,
    ANALYTICS_INGEST_URL: ingestUrl,
    STATE_DIR: stateFolder,
    INSTANCE: mode,
  };
  signal.throwIfAborted();
  const proxy = processes.start({
    name: `proxy-${mode}`,
    program: process.execPath,
    args: [...PROXY_NODE_FLAGS, bundle],
    env: { ...PROXY_NODE_ENV, ...env, DRAIN_MS: '1000' },
    graceMs,
  });
  await ready(proxy, `http://127.0.0.1:${metricsPort}${PROXY_PATHS.ready}`, 200, signal);
  return { process: proxy, url: `http://127.0.0.1:${port}/mcp` };
}

async function ready(
  started: EngineProcess,
  url: string,
  status: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  while (performance.now() < deadline && started.exit === undefined) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === status) return;
    await sleep(50, undefined, { signal });
  }
  throw new ConformanceError(`${started.name} is not ready at ${url}:
${started.lastWords()}`);
}

async function toolsOf(url: string): Promise<readonly string[]> {
  const client = new Client({ name: 'conformance', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}
