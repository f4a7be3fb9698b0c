// The GitOps repository as its CI has it: a clone, and the commands of its workflow.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const example = path.join(root, 'examples/gitops');
const failed = z.object({ code: z.number(), stderr: z.string() });

// Inside the repository, so that the library's own name resolves.
let clone = '';
const at = (...names: readonly string[]) => path.join(clone, ...names);
const git = (...args: readonly string[]) =>
  run('git', ['-c', 'user.name=user-1', '-c', 'user.email=user-1@example.org', ...args], { cwd: clone });
const check = () => run('./check-rendered.sh', { cwd: clone });

/** What the check says where it fails. */
async function refusal(): Promise<string> {
  const { code, stderr } = failed.parse(await check().catch((error: unknown) => error));
  expect(code).toBe(1);
  return stderr;
}

beforeEach(async () => {
  mkdirSync(path.join(root, '.build'), { recursive: true });
  clone = mkdtempSync(path.join(root, '.build/gitops-'));
  cpSync(example, clone, { recursive: true });
  await git('init', '--quiet');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Keep the program with what it renders');
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function changeProgram(from: string, to: string): void {
  const program = readFileSync(at('program.ts'), 'utf8');
  expect(program).toContain(from);
  writeFileSync(at('program.ts'), program.replace(from, to));
}

describe('examples/gitops', () => {
  it('holds what its program renders', async () => {
    const { stdout, stderr } = await check();
    expect(stdout).toMatch(/^deploy: 0 written, 0 removed, \d+ unchanged\n$/);
    expect(stderr).toBe('');
  }, 60_000);

  it('is refused with a program that was changed and not rendered', async () => {
    changeProgram('catalogue:5.0.2', 'catalogue:5.1.0');
    const said = await refusal();
    expect(said).toContain('run ./render.sh and commit what it writes');
    expect(said).toMatch(/^\+.*catalogue:5\.1\.0$/m);
  }, 60_000);

  it('is refused with a new object that nobody committed', async () => {
    changeProgram(
      "catalogue.grant('librarians'",
      "catalogue.session('s', { subject: { human: 'user-1' }, consentedTrust: Trust.LOW, expiresAt: '2099-01-01T00:00:00Z' });\n  catalogue.grant('librarians'",
    );
    expect(await refusal()).toContain('?? deploy/library/mcpagentsession.library.s.yaml');
  }, 60_000);

  it('is refused with a file that was changed by hand, and shows what was', async () => {
    const file = at('deploy/library/mcpserver.library.catalogue.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('catalogue:5.0.2', 'catalogue:latest'));
    await git('commit', '--quiet', '--all', '--message', 'Take the latest');
    expect(await refusal()).toMatch(/^-.*catalogue:latest$/m);
  }, 60_000);

  it('has a workflow of its tests and of this check', () => {
    const step = z.object({ run: z.string().optional() });
    const workflow = z.object({ jobs: z.object({ check: z.object({ steps: z.array(step) }) }) });
    const text = readFileSync(path.join(example, '.github/workflows/check.yaml'), 'utf8');
    const commands = workflow.parse(parse(text)).jobs.check.steps.map((each) => each.run);
    expect(commands.slice(-2)).toEqual(['npx jest', './check-rendered.sh']);
    expect(statSync(path.join(example, 'check-rendered.sh')).mode & 0o111).toBe(0o111);
  });
});
