// The commands as a user runs them. What they write is compared with what this process renders, which is in another
// folder, time zone and language.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { synthesise } from '#render/synthesise.ts';
import { renderYaml } from '#render/yaml.ts';
import program from '#examples/quickstart/program.ts';

const run = promisify(execFile);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'synth-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function filesOf(output: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(output)).sort();
  const texts = await Promise.all(names.map((name) => readFile(path.join(output, name), 'utf8')));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
}

const here = Object.fromEntries(renderYaml(synthesise(program)).map(({ name, text }) => [name, text]));

describe('npx cdk8s synth', () => {
  it('writes the same bytes in another folder, time zone and language', async () => {
    const output = path.join(folder, 'kiritimati');
    const env = { ...process.env, TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
    const cli = path.resolve('node_modules/cdk8s-cli/bin/cdk8s');
    await run(process.execPath, [cli, 'synth', '--output', output, '--check-upgrade=false'], { env });
    expect(await filesOf(output)).toEqual(here);
  }, 60_000);
});

describe('main.cdk8s.ts', () => {
  const main = path.resolve('main.cdk8s.ts');
  const start = (env: Readonly<Record<string, string>>) =>
    run(process.execPath, ['--import', 'tsx', main], { env: { ...process.env, ...env } });

  it('ends with the place of a mistake in a program, and writes nothing', async () => {
    const file = path.join(folder, 'wrong.ts');
    const text = `
      import { Auth, McpServer, ServersStack } from '${path.resolve('src/index.ts')}';
      export default (app: never) => {
        const stack = new ServersStack(app, 'demo');
        new McpServer(stack, 'notes', { image: 'example.org/notes:1', auth: Auth.header(), port: 0 });
      };`;
    await writeFile(file, text);
    const output = path.join(folder, 'nothing');
    const failed = start({ CDK8S_OUTDIR: output, MCP_RUNTIME_PROGRAM: file });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('demo/notes: this McpServer has 1 problem:\n  spec.port:'),
    });
    await expect(readdir(output)).rejects.toMatchObject({ code: 'ENOENT' });
  }, 60_000);
});
