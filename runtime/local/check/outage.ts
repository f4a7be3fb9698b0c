// Kills one process of each kind while calls go on, and says which of those calls have to be on record afterwards.
// What a caller was answered has to be there, unless the proxy was killed within the moment in which it had not yet
// written it down (contracts: a window of 50 ms for calls that destroy nothing).
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CaseCaller } from './case.ts';

export interface OutageStage {
  /** URL of the notes server's proxy. */
  readonly url: string;
  readonly pids: () => { readonly server: number; readonly proxy: number; readonly sentinel: number };
  /** Resolves once everything runs again. */
  readonly recovered: () => Promise<boolean>;
}

/** One call that was answered: its trace, when it began, and when its answer was read, on the monotonic clock. */
interface Answered {
  readonly traceId: string;
  readonly startedMs: number;
  readonly readMs: number;
}

export interface OutageReport {
  readonly made: number;
  /** Traces that have to be on record. */
  readonly owed: readonly string[];
  /** Answered within the window before the proxy was killed: they may be on record, or not. */
  readonly excused: number;
  /** Everything that was sent, answered or not. */
  readonly traces: ReadonlySet<string>;
  /** Names of what did not come back. */
  readonly problems: readonly string[];
}

/** Generous against the 50 ms, because the machine may be busy. */
const windowMs = 500;
const pauseMs = 20;
const aroundKillMs = { least: 200, most: 600 } as const;

const caller: CaseCaller = { human: 'user-1', agent: 'agent-1', session: 'demo' };
const answer = z.object({ result: z.object({ content: z.array(z.unknown()) }) });

export async function surviveOutage(stage: OutageStage): Promise<OutageReport> {
  const load = new Load(stage.url);
  const running = load.run();
  const problems: string[] = [];
  let proxyKilledAtMs = Infinity;
  for (const part of ['server', 'proxy', 'sentinel'] as const) {
    await delay(randomInt(aroundKillMs.least, aroundKillMs.most));
    process.kill(stage.pids()[part], 'SIGKILL');
    if (part === 'proxy') proxyKilledAtMs = performance.now();
    await delay(randomInt(aroundKillMs.least, aroundKillMs.most));
    if (!(await stage.recovered())) problems.push(`the ${part} did not come back`);
  }
  await delay(aroundKillMs.least);
  load.stop();
  await running;
  const owed = load.answered
    .filter((call) => !isExcused(call, proxyKilledAtMs))
    .map(({ traceId }) => traceId);
  const excused = load.answered.length - owed.length;
  return { made: load.made.size, owed, excused, traces: load.made, problems };
}

/**
 * Whether the killed proxy may have answered a call and not yet have written it down. What it answered in its last
 * moment is read here only after its death, so the start of the call tells which proxy it was.
 */
export function isExcused({ startedMs, readMs }: Omit<Answered, 'traceId'>, killedMs: number): boolean {
  return startedMs <= killedMs && readMs > killedMs - windowMs;
}

/** Calls one after the other, as fast as the pause lets it, whatever becomes of each. */
class Load {
  readonly answered: Answered[] = [];
  readonly made = new Set<string>();
  private readonly url: string;
  private readonly stopping = new AbortController();

  constructor(url: string) {
    this.url = url;
  }

  async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const traceId = randomBytes(16).toString('hex');
      this.made.add(traceId);
      const startedMs = performance.now();
      const answered = await this.call(traceId);
      if (answered) this.answered.push({ traceId, startedMs, readMs: performance.now() });
      await delay(pauseMs);
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  private async call(traceId: string): Promise<boolean> {
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'list_notes',
          'x-mcp-human-id': caller.human ?? '',
          'x-mcp-agent-id': caller.agent ?? '',
          'x-mcp-agent-session': caller.session ?? '',
          traceparent: `00-${traceId}-${traceId.slice(0, 16)}-01`,
        },
        body: callBody,
        signal: AbortSignal.timeout(5_000),
      });
      const json: unknown = await response.json();
      return answer.safeParse(json).success;
    } catch {
      return false;
    }
  }
}

const callBody = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'list_notes',
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'check', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});
