// Kills one process of each kind while calls go on, and says which of those calls have to be on record afterwards.
// What a caller was answered has to be there, unless the proxy was killed within the moment in which it had not yet
// written it down (contracts: a window of 50 ms for calls that destroy nothing).
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CaseCaller } from './case.ts';

const PARTS = ['server', 'proxy', 'sentinel'] as const;
type Part = (typeof PARTS)[number];

export interface OutageStage {
  /** URL of the notes server's proxy. */
  readonly url: string;
  /** Process ids; 0 for what does not run. */
  readonly pids: () => Readonly<Record<Part, number>>;
  /** Resolves once everything runs, or to false if it doesn't in time. */
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
const recoverMs = 20_000;
const aroundKillMs = { least: 200, most: 600 } as const;

const caller: CaseCaller = { human: 'user-1', agent: 'agent-1', session: 'demo' };
const answer = z.object({ result: z.object({ content: z.array(z.unknown()) }) });

/**
 * Waits until another process has taken the place of the killed one and everything runs. On a busy machine the death of
 * a process is noticed late; until then what is dead still counts as running.
 */
async function cameBack(stage: OutageStage, part: Part, killedPid: number): Promise<boolean> {
  const giveUpMs = performance.now() + recoverMs;
  while (performance.now() < giveUpMs) {
    const pid = stage.pids()[part];
    if (pid !== 0 && pid !== killedPid && (await stage.recovered())) return true;
    await delay(pauseMs);
  }
  return false;
}

export async function surviveOutage(stage: OutageStage): Promise<OutageReport> {
  const load = new Load(stage.url);
  const running = load.run();
  const problems: string[] = [];
  let proxyKilledAtMs = Infinity;
  for (const part of PARTS) {
    await delay(randomInt(aroundKillMs.least, aroundKillMs.most));
    const killedPid = stage.pids()[part];
    process.kill(killedPid, 'SIGKILL');
    if (part === 'proxy') proxyKilledAtMs = performance.now();
    await delay(randomInt(aroundKillMs.least, aroundKillMs.most));
    if (!(await cameBack(stage, part, killedPid))) problems.push(`the ${part} did not come back`);
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
