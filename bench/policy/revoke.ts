// From a revocation to the first call that is denied for it, on the local platform: the way is compile, file, reload.
import path from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { Platform } from '#runtime/local/platform.ts';
import type { BenchContext } from '../context.ts';
import { quantile } from '../load/open-loop.ts';
import { measure, type Measure } from '../report.ts';
import { namespace, sessions, subject, tool } from './revoke-program.ts';

const startWithinMs = 60_000;
const denyWithinMs = 10_000;

const reply = z.object({ error: z.object({ data: z.object({ reason: z.string() }) }).optional() });

const call = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: tool,
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});

/** The reason of a denial, undefined where the call was allowed. */
async function denialOf(url: string, session: string): Promise<string | undefined> {
  const { statusCode, body } = await request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': tool,
      'x-mcp-human-id': subject.human,
      'x-mcp-agent-id': subject.agent,
      'x-mcp-agent-session': session,
    },
    body: call,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the proxy answered ${statusCode}: ${text}`);
  return reply.parse(JSON.parse(text)).error?.data.reason;
}

/** Revokes one session while it is in use and returns how long calls still passed, in milliseconds. */
async function revokeDelay(platform: Platform, url: string, session: string): Promise<number> {
  const before = await denialOf(url, session);
  if (before !== undefined) throw new Error(`${session} was denied before it was revoked: ${before}`);
  const revokedAt = performance.now();
  const revoked = platform.revoke({ namespace, name: session });
  let denial: string | undefined;
  let tookMs = 0;
  while (denial === undefined && tookMs < denyWithinMs) {
    denial = await denialOf(url, session);
    tookMs = performance.now() - revokedAt;
  }
  await revoked;
  if (denial !== 'session_revoked') throw new Error(`${session} was revoked, but calls ${denial ?? 'pass'}`);
  return tookMs;
}

export async function benchRevoke({ folder, say, signal }: BenchContext): Promise<readonly Measure[]> {
  say(`revoking ${sessions.length} sessions on the local platform`);
  const platform = await Platform.start({
    program: path.join(import.meta.dirname, 'revoke-program.ts'),
    stateDir: path.join(folder, 'platform'),
    anyFreePorts: true,
    watch: false,
    onEvent: () => undefined,
  });
  const kill = (): void => platform.kill();
  signal.addEventListener('abort', kill, { once: true });
  try {
    const runs = await platform.settled(AbortSignal.any([signal, AbortSignal.timeout(startWithinMs)]));
    const [server] = platform.status().servers;
    if (!runs || server === undefined) throw new Error('the local platform did not start');
    const took: number[] = [];
    for (const session of sessions) took.push(await revokeDelay(platform, server.url, session));
    return [measure('policy.revoke_deny_p99_ms', quantile(Float64Array.from(took).sort(), 0.99))];
  } finally {
    signal.removeEventListener('abort', kill);
    await platform.stop();
  }
}
