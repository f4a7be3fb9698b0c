// Who is compared: plain nginx and plain Envoy, which only forward, and the proxy, which also reads, decides and
// records. The comparison is unfair to the proxy on purpose: it shows what governing costs.
import path from 'node:path';
import { PROXY_NODE_ENV } from '#api/proxy-config.ts';
import { bundleProgram } from '#scripts/bundle.ts';
import { findEngine } from '#scripts/engines/packaged-engine.ts';
import { envoy } from '#scripts/engines/envoy.ts';
import { nginx } from '../engines/nginx.ts';
import type { BenchContext } from '../context.ts';
import { cores, freePort, type Running } from '../proc/processes.ts';
import { envoyConfig } from './envoy-config.ts';
import { podFlags } from './pod-flags.ts';
import { reverseProxyConfig, upstreamConfig } from './nginx-config.ts';

export type CandidateName = 'direct' | 'nginx' | 'envoy' | 'bare node' | 'proxy';

export interface Candidate {
  readonly name: CandidateName;
  readonly running: Running;
  readonly url: string;
}

export interface Upstream extends Candidate {
  readonly name: 'direct';
  readonly port: number;
}

/** The server behind all of them. It shares a core with the load, so it is the fastest one there is. */
export async function startUpstream({ processes, env, say, folder }: BenchContext): Promise<Upstream> {
  const engine = await findEngine(nginx, env, say);
  const port = await freePort();
  const args = await upstreamConfig(folder, port);
  const running = processes.start({
    name: 'upstream',
    command: [engine.path, ...args],
    core: cores.rest,
    env: engine.env,
  });
  await processes.ready(running, `http://127.0.0.1:${port}/ready`);
  return { name: 'direct', running, port, url: `http://127.0.0.1:${port}/mcp` };
}

/** Node without anything to govern. */
export async function startBare(context: BenchContext, upstream: Upstream): Promise<Candidate> {
  const { processes, folder } = context;
  const program = await bundleProgram('bench/proxy/bare-program.ts', path.join(folder, 'bare.mjs'));
  const port = await freePort();
  const running = processes.start({
    name: 'bare',
    command: [process.execPath, ...podFlags, program],
    core: cores.proxy,
    env: { ...PROXY_NODE_ENV, PORT: String(port), UPSTREAM_URL: new URL(upstream.url).origin },
  });
  await processes.ready(running, `http://127.0.0.1:${port}/ready`);
  return { name: 'bare node', running, url: `http://127.0.0.1:${port}/mcp` };
}

export async function startNginx(context: BenchContext, upstream: Upstream): Promise<Candidate> {
  const { processes, env, say, folder } = context;
  const engine = await findEngine(nginx, env, say);
  const port = await freePort();
  const args = await reverseProxyConfig(folder, port, upstream.port);
  const command = { name: 'nginx', command: [engine.path, ...args], env: engine.env } as const;
  const running = processes.start({ ...command, core: cores.proxy });
  await processes.ready(running, `http://127.0.0.1:${port}/ready`);
  return { name: 'nginx', running, url: `http://127.0.0.1:${port}/mcp` };
}

export async function startEnvoy(context: BenchContext, upstream: Upstream): Promise<Candidate> {
  const { processes, env, say, folder } = context;
  const engine = await findEngine(envoy, env, say);
  const port = await freePort();
  const args = await envoyConfig(folder, port, upstream.port);
  const command = { name: 'envoy', command: [engine.path, ...args], env: engine.env } as const;
  const running = processes.start({ ...command, core: cores.proxy });
  await processes.ready(running, `http://127.0.0.1:${port}/ready`);
  return { name: 'envoy', running, url: `http://127.0.0.1:${port}/mcp` };
}
