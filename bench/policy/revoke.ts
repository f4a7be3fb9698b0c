// From a revocation to the first call that is denied for it, on the local platform: the way is compile, file, reload.
import path from 'node:path';
import { callTool } from '#scripts/tool-call.ts';
import { Platform } from '#runtime/local/platform.ts';
import type { BenchContext } from '../context.ts';
import { quantile } from '../load/open-loop.ts';
import { measure, type Measure } from '../report.ts';
import { namespace, sessions, subject, tool } from './revoke-program.ts';

const startWithinMs = 60_000;
const denyWithinMs = 10_000;

const headersOf = (session: string) => ({
  'x-mcp-human-id': subject.human,
  'x-mcp-agent-id': subject.agent,
  'x-mcp-agent-session': session,
});

/** Revokes one session while it is in use and returns how long calls still passed, in milliseconds. */
async function revokeDelay(platform: Platform, url: string, session: string): Promise<number> {
  const ask = () => callTool({ url, tool, headers: headersOf(session), fetch });
  const before = await ask();
  if (before !== 'allowed') throw new Error(`${session} was refused before it was revoked: ${before}`);
  const revokedAt = performance.now();
  const revoked = platform.revoke({ namespace, name: session });
  let answer = before;
  let tookMs = 0;
  while (answer === 'allowed' && tookMs < denyWithinMs) {
    answer = await ask();
    tookMs = performance.now() - revokedAt;
  }
  await revoked;
  if (answer !== 'session_revoked')
    throw new Error(`${session} was revoked, and calls are answered: ${answer}`);
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
