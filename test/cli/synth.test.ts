import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import program from '#examples/quickstart/program.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { synthesise } from '#render/synthesise.ts';
import { root, runCli } from '#test/runtime/local/harness/platform-process.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

const run = promisify(execFile);
const quickstart = 'examples/quickstart/program.ts';

let temporary: TemporaryFolder;
beforeAll(() => {
  temporary = temporaryFolder();
});
afterAll(() => temporary.remove());
const at = (name: string) => path.join(temporary.path, name);

function filesIn(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
  return Object.fromEntries(paths.map((each) => [each, readFileSync(path.join(folder, each), 'utf8')]));
}

describe('mcp-runtime synth', () => {
  it('writes the same bytes in another folder, time zone and language', async () => {
    const env = { ...process.env, TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
    const cli = path.join(root, 'cli/bin.mjs');
    const args = [cli, 'synth', path.join(root, quickstart), '--gitops', at('far/away')];
    mkdirSync(at('elsewhere'));
    await run(process.execPath, args, { cwd: at('elsewhere'), env });
    const here = renderGitOps(synthesise(program)).map((file) => [file.path, file.text]);
    expect(filesIn(at('far/away'))).toEqual(Object.fromEntries(here));
  });

  it('says what it changed, and changes nothing the second time', async () => {
    const args = ['synth', quickstart, '--gitops', at('twice'), '--path', './deploy/', '--flux'] as const;
    expect((await runCli(...args)).output).toMatch(/twice: 1\d written, 0 removed, 0 unchanged\n$/);
    expect((await runCli(...args)).output).toMatch(/twice: 0 written, 0 removed, 1\d unchanged\n$/);
    expect(filesIn(at('twice'))['flux/quickstart.yaml']).toContain('path: "./deploy/quickstart"');
    expect((await runCli(...args.slice(0, 4))).output).toContain('0 written, 2 removed');
  });

  it.each([
    ['no way out', [], 'Add --gitops <folder> or --helm'],
    ['a tool without a path', ['--gitops', 'x', '--flux'], 'Add --path <path>.'],
    [
      'Argo CD without a repository',
      ['--gitops', 'x', '--path', '.', '--argocd', 'application'],
      'Add --repository',
    ],
    [
      'a shape that there is not',
      ['--gitops', 'x', '--argocd', 'app'],
      'Allowed choices are application, applicationset',
    ],
    ['a version that is none', ['--helm', 'x', '--chart-version', 'one'], 'a version such as 1.4.0'],
  ])('refuses %s', async (_what, args, remedy) => {
    expect(await runCli('synth', quickstart, ...args)).toMatchObject({
      code: 2,
      output: expect.stringContaining(remedy),
    });
  });

  it('writes charts of a name and a version', async () => {
    const named = ['--name', 'tools', '--chart-version', '1.4.0-rc.1'] as const;
    expect(await runCli('synth', quickstart, '--helm', at('charts'), ...named)).toMatchObject({ code: 0 });
    expect(readdirSync(at('charts')).sort()).toEqual(['tools', 'tools-crds']);
    expect(readFileSync(at('charts/tools/Chart.yaml'), 'utf8')).toContain('version: "1.4.0-rc.1"');
  });

  it('refuses a folder that something else is kept in', async () => {
    mkdirSync(at('docs'));
    writeFileSync(at('docs/README.md'), 'mine');
    const { code, output } = await runCli('synth', quickstart, '--gitops', at('docs'));
    expect([code, output]).toEqual([2, expect.stringContaining('holds what synth did not write: README.md')]);
    expect(readdirSync(at('docs'))).toEqual(['README.md']);
  });

  it('ends with the place of a mistake in a program, and writes nothing', async () => {
    const text = `
      import { Auth, McpServer, ServersStack } from '${path.join(root, 'src/index.ts')}';
      export default (app: never) => {
        new McpServer(new ServersStack(app, 'demo'), 'notes', { image: 'example.org/notes:1', auth: Auth.header(), port: 0 });
      };`;
    writeFileSync(at('wrong.ts'), text);
    const { code, output } = await runCli('synth', at('wrong.ts'), '--gitops', at('nothing'));
    expect(code).toBe(2);
    expect(output).toContain('demo/notes: this McpServer has 1 problem:\n  spec.port:');
    expect(() => readdirSync(at('nothing'))).toThrow('ENOENT');
  });
});
