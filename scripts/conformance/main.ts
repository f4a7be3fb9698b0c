// `npm run conformance`: the official suite against a server of our own, then through proxies in front of it, and what
// they make of it side by side. What was started is ended, also on Ctrl-C.
import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { BundleError } from '../bundle.ts';
import { EngineError } from '../engines/engine-error.ts';
import { Processes } from '../engines/processes.ts';
import { COLUMNS, startCandidates, type Candidates, type Column } from './candidates.ts';
import { Ingest } from './ingest.ts';
import { suiteCommand, type Counts, type SuiteRun } from '../suite-command.ts';
import { countsOf, pagePart, replacePart, textTable } from './report.ts';
import { ConformanceError, REVISIONS, runSuite, scenariosOf, type Findings, type Revision } from './suite.ts';
import { rowOf, unrecorded, type Row } from './verdicts.ts';

const pageFile = path.resolve(import.meta.dirname, '../../docs/conformance.md');

const usage = `npm run conformance -- [--revision REVISION]... [--keep-results]
  --revision       of the protocol, ${REVISIONS.join(' or ')}; default: both, which also writes docs/conformance.md
  --keep-results   leaves what the suite found, and the logs of all processes, in a folder that it names`;

interface Arguments {
  readonly revisions: readonly Revision[];
  readonly keepResults: boolean;
}

function readArguments(given: readonly string[]): Arguments | undefined {
  const chosen: Revision[] = [];
  let keepResults = false;
  for (let at = 0; at < given.length; at += 1) {
    if (given[at] === '--keep-results') keepResults = true;
    else if (given[at] === '--revision') {
      const revision = REVISIONS.find((each) => each === given[at + 1]);
      if (revision === undefined) return undefined;
      chosen.push(revision);
      at += 1;
    } else return undefined;
  }
  return {
    revisions: chosen.length === 0 ? REVISIONS : REVISIONS.filter((each) => chosen.includes(each)),
    keepResults,
  };
}

const say = (line: string) => console.error(`conformance: ${line}`);

class Run implements SuiteRun {
  private readonly read: Arguments;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'mcp-runtime-conformance-'));
  private readonly processes = new Processes(this.folder);
  private readonly ingests = { observe: new Ingest(), enforced: new Ingest() };
  private readonly interrupted = new AbortController();

  constructor(read: Arguments) {
    this.read = read;
  }

  interrupt(): void {
    this.interrupted.abort(new ConformanceError('interrupted'));
  }

  get wasInterrupted(): boolean {
    return this.interrupted.signal.aborted;
  }

  /** Runs everything, prints the tables, and ends what it started. */
  async run(): Promise<Counts> {
    const { revisions, keepResults } = this.read;
    const isWhole = revisions.length === REVISIONS.length;
    try {
      const rows = await this.rows(revisions);
      const { passed, failed } = countsOf(rows);
      const { observe } = this.ingests;
      const silent = isWhole ? unrecorded(observe.methods) : [];
      for (const method of silent)
        say(`observe: nothing on record says that ${method} passed and would be denied`);
      say(`observe: ${observe.events} events of ${observe.methods.size} methods recorded`);
      if (isWhole) await writePage(rows);
      return { passed, failed: failed + silent.length };
    } finally {
      await this.stop();
      if (keepResults) say(`results and logs are in ${this.folder}`);
      else await rm(this.folder, { recursive: true, force: true });
    }
  }

  private async rows(revisions: readonly Revision[]): Promise<readonly Row[]> {
    const urls = {
      observe: await this.ingests.observe.listen(),
      enforced: await this.ingests.enforced.listen(),
    };
    say('starting the fixture and two proxies');
    const candidates = await startCandidates(this.processes, this.folder, urls, this.interrupted.signal);
    const rows: Row[] = [];
    for (const revision of revisions) {
      const scenarios = await scenariosOf(revision);
      const findings = {
        direct: await this.suite(candidates, 'direct', revision),
        observe: await this.suite(candidates, 'observe', revision),
        enforced: await this.suite(candidates, 'enforced', revision),
      };
      const own = scenarios.map((scenario) => rowOf(revision, scenario, findings));
      console.log(`${textTable(revision, own)}\n`);
      rows.push(...own);
    }
    // Its last events are delivered as it ends.
    await candidates.observe.process.stop();
    return rows;
  }

  private async suite(candidates: Candidates, column: Column, revision: Revision): Promise<Findings> {
    const startedAt = performance.now();
    const name = `suite-${revision}-${column}`;
    const folder = path.join(this.folder, name);
    const { url } = candidates[column];
    const found = await runSuite(this.processes, { name, revision, url, folder }, this.interrupted.signal);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    say(`${revision} ${column}: ${found.size} scenarios in ${seconds} s`);
    return found;
  }

  private async stop(): Promise<void> {
    await this.processes.stopAll();
    for (const column of COLUMNS) if (column !== 'direct') this.ingests[column].close();
  }
}

async function writePage(rows: readonly Row[]): Promise<void> {
  const page = replacePart(await readFile(pageFile, 'utf8'), pagePart(REVISIONS, rows));
  const options = await resolveConfig(pageFile);
  await writeFile(pageFile, await format(page, { ...options, filepath: pageFile }));
}

process.exitCode = await suiteCommand(
  {
    usage,
    read: readArguments,
    start: (read) => new Run(read),
    say,
    foreseen: [ConformanceError, EngineError, BundleError],
  },
  process.argv.slice(2),
);
