import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { synthesise } from '@mcp-runtime/platform';
import { caller, callers, tool, type Caller } from '#bench/load/request.ts';
import { policyFor } from '#bench/policy/document.ts';
import { freePort, Processes } from '#bench/proc/processes.ts';
import { programOf } from '#bench/synth/program.ts';
import { decide } from '#policy/decide.ts';
import { parsePolicy, renderPolicy } from '#policy/document.ts';
import { indexPolicy } from '#policy/policy-index.ts';

const run = promisify(execFile);

describe('the policy of the bench', () => {
  const everyone = callers(20);
  const index = indexPolicy(policyFor(everyone));

  function outcome({ human, agent, session }: Caller): string {
    const principal = { assurance: 'asserted', human, agent, teams: [] } as const;
    return decide(index, { principal, method: 'tools/call', tool, session }, 0).outcome;
  }

  it('is a whole document, as a proxy reads it', () => {
    expect(parsePolicy(renderPolicy(policyFor(everyone))).ok).toBe(true);
  });

  it('lets every caller make the measured call, and nobody else', () => {
    expect(everyone.map(outcome)).toEqual(everyone.map(() => 'allow'));
    expect(outcome(caller(20))).toBe('deny');
    expect(outcome({ ...caller(3), session: caller(4).session })).toBe('deny');
  });
});

describe('the program of the bench', () => {
  it('has a server, a grant and a session for each, and a chart for every ten', () => {
    const { charts, servers } = synthesise(programOf(25));
    const kinds = charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest.kind));
    expect(charts.map(({ name }) => name)).toEqual(['bootstrap', 'platform', 'team-0', 'team-1', 'team-2']);
    expect(servers).toHaveLength(25);
    expect(kinds.filter((kind) => kind.startsWith('MCP'))).toHaveLength(75);
  });
});

describe('a way out of the bench', () => {
  const program = path.resolve(import.meta.dirname, '../../bench/synth/synth-program.ts');

  it.each(['yaml', 'gitops', 'pulumi'])(
    'lets every object of a program out: %s',
    async (way) => {
      const { stdout } = await run(process.execPath, ['--import', 'tsx', program, way, '12']);
      expect(JSON.parse(stdout)).toMatchObject({ objects: 36 });
    },
    60_000,
  );

  it('is refused where there is none of its name', async () => {
    const node = run(process.execPath, ['--import', 'tsx', program, 'paper', '12']);
    await expect(node).rejects.toThrow("there is no way out 'paper'; there are yaml, gitops, pulumi");
  }, 60_000);
});

describe('the ingest of the bench', () => {
  let folder: string;
  let processes: Processes;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ingest-'));
    processes = new Processes(folder);
  });
  afterEach(async () => {
    await processes.stopAll();
    rmSync(folder, { recursive: true });
  });

  it('counts the events of every batch, compressed or not, whatever callers wrote into them', async () => {
    const port = await freePort();
    const program = path.resolve(import.meta.dirname, '../../bench/proxy/ingest-program.ts');
    const running = processes.start({
      name: 'ingest',
      command: [process.execPath, '--import', 'tsx', program],
      core: 1,
      env: { PORT: String(port) },
    });
    const origin = `http://127.0.0.1:${port}`;
    await processes.ready(running, `${origin}/count`);
    const batch = JSON.stringify([
      { boot_epoch: 1, seq: 1, payload: { client: '"boot_epoch":' } },
      { boot_epoch: 1, seq: 2 },
    ]);
    const post = (
      body: string | Uint8Array<ArrayBuffer>,
      headers: Record<string, string> = {},
    ): Promise<Response> => fetch(`${origin}/events`, { method: 'POST', body, headers });
    expect((await post(batch)).ok).toBe(true);
    expect((await post(new Uint8Array(gzipSync(batch)), { 'content-encoding': 'gzip' })).ok).toBe(true);
    expect((await post('no gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect(await (await fetch(`${origin}/count`)).text()).toBe('4');
  });
});
