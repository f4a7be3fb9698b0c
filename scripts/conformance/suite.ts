// The official suite: what it requires of a server at a revision of the protocol, and what it finds at an address.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { EngineProcess, Processes } from '../engines/processes.ts';

export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

export class ConformanceError extends Error {
  readonly code = 'conformance_failed';

  constructor(message: string) {
    super(message);
    this.name = 'ConformanceError';
  }
}

const packageFolder = path.dirname(
  createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'),
);
const runWithinMs = 90_000;
const scenarioWithinMs = 15_000;

const requirements = z.object({
  server: z.array(z.string()),
  not_scored: z.array(z.object({ scenario: z.string(), leg: z.string(), reason: z.string() })),
});

export interface Scenario {
  readonly name: string;
  /** Why the suite runs it without counting it; undefined where it is required. */
  readonly unscored: string | undefined;
}

/** What the suite runs against a server of this revision: what is required first. */
export async function scenariosOf(revision: Revision): Promise<readonly Scenario[]> {
  const file = path.join(packageFolder, 'requirements', `${revision}.yaml`);
  const { server, not_scored: others } = requirements.parse(parse(await readFile(file, 'utf8')));
  return [
    ...server.map((name) => ({ name, unscored: undefined })),
    ...others
      .filter(({ leg }) => leg === 'server')
      .map(({ scenario, reason }) => ({ name: scenario, unscored: reason })),
  ];
}

const check = z.object({
  id: z.string(),
  status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
  errorMessage: z.string().optional(),
});
export type Check = z.output<typeof check>;

/** Checks by scenario; one that isn't there was not run to its end. */
export type Findings = ReadonlyMap<string, readonly Check[]>;

export interface SuiteRun {
  readonly name: string;
  readonly revision: Revision;
  readonly url: string;
  /** Where the suite writes what it finds. */
  readonly folder: string;
}

/** Runs all scenarios of a revision against a server, one after the other. */
export async function runSuite(processes: Processes, run: SuiteRun, signal: AbortSignal): Promise<Findings> {
  const { name, revision, url, folder } = run;
  await mkdir(folder, { recursive: true });
  signal.throwIfAborted();
  const suite = processes.start({
    name,
    program: process.execPath,
    args: [
      ...[path.join(packageFolder, 'dist/index.js'), 'server', '--url', url, '--requirements', revision],
      ...['--timeout', String(scenarioWithinMs), '--output-dir', folder],
    ],
  });
  await endInTime(suite, signal);
  const found = await findingsIn(folder);
  if (found.size === 0) throw new ConformanceError(`${name} found nothing:\n${suite.lastWords(20)}`);
  return found;
}

async function endInTime(suite: EngineProcess, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(runWithinMs);
  const end = () => suite.signal('SIGKILL');
  const either = AbortSignal.any([signal, limit]);
  either.addEventListener('abort', end, { once: true });
  await suite.ended;
  either.removeEventListener('abort', end);
  signal.throwIfAborted();
  if (!limit.aborted) return;
  const seconds = runWithinMs / 1000;
  throw new ConformanceError(`${suite.name} did not end in ${seconds} s:\n${suite.lastWords()}`);
}

/** `server-<scenario>-<time>/checks.json`, as the suite writes them. */
async function findingsIn(folder: string): Promise<Findings> {
  const found = new Map<string, readonly Check[]>();
  for (const entry of await readdir(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)?.[1];
    if (scenario === undefined) continue;
    const text = await readFile(path.join(folder, entry, 'checks.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) found.set(scenario, z.array(check).parse(JSON.parse(text)));
  }
  return found;
}
