// `--check`: the same platform on free ports and in a folder of its own, real calls through it, each decision and each
// audit event compared with what was written down beforehand.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ControlClient } from '../control-client.ts';
import { Platform } from '../platform.ts';
import type { PlatformStatus, ServerStatus } from '../platform-status.ts';
import { TroubleError, troubleLines } from '../trouble.ts';
import { finishedOf, readTrail, type AuditTrail } from './audit-trail.ts';
import type { Case } from './case.ts';
import { CASES, CHECKED_SERVERS, REVOKE_CASES } from './cases.ts';
import { surviveOutage, type OutageReport } from './outage.ts';
import { perform, type Stage } from './perform.ts';
import { reportLines, rowPasses, type Row } from './report.ts';
import { auditRow, decisionRow, type Performed } from './rows.ts';

export interface CheckOptions {
  /** Absolute path of the program. */
  readonly program: string;
  readonly print: (line: string) => void;
  /** Ends the check early. */
  readonly signal: AbortSignal;
}

const settleMs = 40_000;
const recoverMs = 20_000;
const trailMs = 10_000;

/** Runs the check; resolves to whether everything agreed. Throws `TroubleError` where the platform can't be started. */
export async function runCheck(options: CheckOptions): Promise<boolean> {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'mcp-runtime-check-'));
  const said: string[] = [];
  try {
    const platform = await Platform.start({
      program: options.program,
      stateDir,
      anyFreePorts: true,
      watch: false,
      console: false,
      onEvent: (event) => {
        if (event.kind === 'trouble') said.push(...troubleLines(event.trouble));
      },
    });
    try {
      const rows = await checkPlatform(platform, options);
      for (const line of [...said, ...reportLines(rows)]) options.print(line);
      return rows.every(rowPasses);
    } finally {
      await platform.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function checkPlatform(
  platform: Platform,
  { print, program, signal }: CheckOptions,
): Promise<readonly Row[]> {
  const isUp = await platform.settled(AbortSignal.any([signal, AbortSignal.timeout(settleMs)]));
  if (!isUp) throw notUp(program, platform.status());
  const stage = stageOf(platform, program);
  const count = CASES.length + REVOKE_CASES.length;
  print(
    `${count} cases through ${CHECKED_SERVERS.join(' and ')}, then one kill -9 of a server, a proxy and the sentinel`,
  );
  const before = await performAll(CASES, stage, signal);
  const outage = await surviveOutage({
    url: stage.url('notes'),
    pids: () => pidsOf(platform.status(), program),
    recovered: () => recovered(platform),
  });
  const performed = [...before, ...(await performAll(REVOKE_CASES, stage, signal))];
  const trail = await readTrail(
    { url: platform.status().console.url },
    wantedEvents(performed, outage),
    trailMs,
  );
  return [
    ...performed.map((one) => decisionRow(one)),
    ...performed.map((one) => auditRow(one, trail)),
    ...recordRows(performed, outage, trail),
  ];
}

function stageOf(platform: Platform, program: string): Stage {
  const control = new ControlClient(platform.dir);
  return {
    url: (server) => serverNamed(platform.status(), server, program).url,
    revoke: async (session) => {
      const found = platform.status().sessions.find(({ name }) => name === session);
      if (found !== undefined) await control.revoke(found.namespace, found.name);
    },
  };
}

/** One after the other: cases change what the server holds, and a trace has to be one case's alone. */
async function performAll(
  cases: readonly Case[],
  stage: Stage,
  signal: AbortSignal,
): Promise<readonly Performed[]> {
  const performed: Performed[] = [];
  for (const checked of cases) {
    signal.throwIfAborted();
    performed.push({ checked, observed: await perform(checked, stage) });
  }
  return performed;
}

async function recovered(platform: Platform): Promise<boolean> {
  return platform.settled(AbortSignal.timeout(recoverMs));
}

function pidsOf(status: PlatformStatus, program: string) {
  const { server, proxy } = serverNamed(status, 'notes', program);
  return { server: server.pid ?? 0, proxy: proxy.pid ?? 0, sentinel: status.sentinel.pid ?? 0 };
}

function wantedEvents(performed: readonly Performed[], outage: OutageReport): ReadonlyMap<string, number> {
  return new Map([
    ...performed.map(({ checked, observed }) => [observed.traceId, checked.audit.length] as const),
    ...outage.owed.map((traceId) => [traceId, 1] as const),
  ]);
}

function recordRows(
  performed: readonly Performed[],
  outage: OutageReport,
  trail: AuditTrail,
): readonly Row[] {
  const { made, owed, excused, problems } = outage;
  const lost = owed.filter((traceId) => finishedOf(trail.ofTrace(traceId)).length !== 1);
  const known = new Set([...performed.map(({ observed }) => observed.traceId), ...outage.traces]);
  const foreign = [...trail.traces()].filter((traceId) => !known.has(traceId));
  const chain = trail.problems();
  return [
    {
      name: 'kill -9 of server, proxy and sentinel: all come back',
      expected: 'all are back',
      got: problems.length === 0 ? 'all are back' : problems.join(', '),
    },
    {
      name: `kill -9: of ${made} calls, each that was answered is on record`,
      expected: `${owed.length} on record`,
      got: `${owed.length - lost.length} on record`,
      details: lost.map(
        (traceId) => `lost: the call of trace ${traceId} (${excused} more fell into the window)`,
      ),
    },
    {
      name: 'nothing else is on record: no probe, no check of health',
      expected: '0 other events',
      got: `${foreign.length} other events`,
    },
    {
      name: 'the record has no gap, no edit and nothing twice',
      expected: 'whole',
      got: chain.length === 0 && trail.size > 0 ? 'whole' : 'not whole',
      details: chain.slice(0, 10),
    },
  ];
}

function serverNamed(status: PlatformStatus, name: string, program: string): ServerStatus {
  const found = status.servers.find((server) => server.name === name);
  if (found !== undefined) return found;
  throw new TroubleError({
    code: 'usage',
    what: `--check has cases for ${CHECKED_SERVERS.join(' and ')}, and this program has no server ${name}.`,
    where: program,
    remedy: 'Check the quickstart: npm start -- --check',
  });
}

function notUp(program: string, status: PlatformStatus): TroubleError {
  const parts = [status.sentinel, ...status.servers.flatMap(({ server, proxy }) => [server, proxy])];
  const trouble = parts.map((part) => part.trouble).find((found) => found !== undefined);
  if (trouble !== undefined) return new TroubleError(trouble);
  const states = status.servers.map(
    ({ name, server, proxy }) => `${name}: server ${server.phase}, proxy ${proxy.phase}`,
  );
  return new TroubleError({
    code: 'never_listening',
    what: `Not everything ran within ${settleMs / 1000} s.`,
    where: program,
    evidence: [`sentinel ${status.sentinel.phase}`, ...states],
    remedy: 'Start it without --check and look at its logs.',
  });
}
