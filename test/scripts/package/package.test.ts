// The package as somebody has it who installs it: its files in an empty folder, its own dependencies beside it and nothing
// else that lies around in a clone. Dependencies are linked, because fetching a gigabyte of them proves nothing more.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { freePort } from '#runtime/local/ports.ts';
import { CliProcess } from '#test/runtime/local/harness/platform-process.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');
const name = '@mcp-runtime/platform';
const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

/** The same tests for Vitest, changed as the documentation says. */
function forVitest(tests: string): string {
  const declared = /declare module '\w+' \{[^]*?\n\}\n/g;
  const documented = readFileSync(path.join(root, 'docs/library.md'), 'utf8').match(declared) ?? [];
  const own = documented.find((block) => block.includes("'vitest'"));
  if (own === undefined) throw new Error('docs/library.md does not say how matchers are declared for Vitest');
  return tests.replace("'@jest/globals'", "'vitest'").replace(declared, own);
}

let temporary: TemporaryFolder;
let home = '';
const at = (...names: readonly string[]) => path.join(home, ...names);

function link(to: string, as: string): void {
  mkdirSync(path.dirname(at('node_modules', as)), { recursive: true });
  symlinkSync(to, at('node_modules', as));
}

beforeAll(async () => {
  temporary = temporaryFolder();
  home = temporary.path;
  // As `npm run package` does, in a process of its own: what builds the console takes no objects of another realm.
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'scripts/package/main.ts'], {
    cwd: root,
  });
  await run('tar', ['-xzf', stdout.trim()], { cwd: home });
  mkdirSync(at('node_modules', path.dirname(name)), { recursive: true });
  cpSync(at('package'), at('node_modules', name), { recursive: true });
  const { dependencies, optionalDependencies } = manifest.parse(
    JSON.parse(readFileSync(at('node_modules', name, 'package.json'), 'utf8')),
  );
  for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const installed = path.join(root, 'node_modules', each);
    if (existsSync(installed)) link(installed, each);
  }
  // What the user's own project would have: types of Node, and the runner of its tests.
  for (const each of ['@types/node', '@jest/globals', 'expect', 'vitest'])
    link(path.join(root, 'node_modules', each), each);
  writeFileSync(at('package.json'), JSON.stringify({ name: 'mine', private: true, type: 'module' }));
  for (const file of ['program.ts', 'program.test.ts'])
    cpSync(path.join(root, 'examples/tested', file), at(file));
  mkdirSync(at('with-vitest'));
  cpSync(at('program.ts'), at('with-vitest/program.ts'));
  writeFileSync(at('with-vitest/program.test.ts'), forVitest(readFileSync(at('program.test.ts'), 'utf8')));
}, 240_000);
afterAll(() => temporary.remove());

const node = (...args: readonly string[]) => run(process.execPath, args, { cwd: home });
const bin = () => at('node_modules', name, 'dist/cli/bin.mjs');

describe('the package', () => {
  it('holds what is compiled, and no sources', () => {
    const files = readdirSync(at('node_modules', name), { recursive: true, encoding: 'utf8' });
    const sources = files.filter((file) => /(?<!\.d)\.ts$|\.map$|(^|\/)(test|bench)\//.test(file));
    expect(sources).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/programs/proxy.mjs']),
    );
  });

  it.each(['.', './pulumi', './testing'])('has %s as a module that plain Node loads', async (entry) => {
    const specifier = path.posix.join(name, entry);
    const script = `const m = await import('${specifier}'); console.log(Object.keys(m).length > 0)`;
    expect((await node('--input-type=module', '-e', script)).stdout.trim()).toBe('true');
  });

  it('has types with which a program and its tests compile', async () => {
    const options = {
      compilerOptions: {
        ...{ module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] },
        ...{ skipLibCheck: true, allowImportingTsExtensions: true },
      },
      files: ['program.ts', 'program.test.ts', 'with-vitest/program.test.ts', 'wrong.ts'],
    };
    writeFileSync(at('tsconfig.json'), JSON.stringify(options));
    // Were the types not found, everything would be `any`, and this no mistake.
    writeFileSync(
      at('wrong.ts'),
      `import { Trust } from '${name}';\nimport { registerPulumi } from '${name}/pulumi';\n// @ts-expect-error\nTrust.UTMOST;\n// @ts-expect-error\nregisterPulumi(1);\n`,
    );
    await node(path.join(root, 'node_modules/typescript/bin/tsc'), '-p', at('tsconfig.json'));
  }, 120_000);

  it('runs the tests of a program, its snapshot among them', async () => {
    const config = {
      rootDir: home,
      testEnvironment: 'node',
      testMatch: ['<rootDir>/*.test.ts'],
      extensionsToTreatAsEsm: ['.ts'],
      transform: {
        '^.+\\.ts$': [
          path.join(root, 'node_modules/@swc/jest'),
          { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
        ],
      },
    };
    writeFileSync(at('jest.config.json'), JSON.stringify(config));
    cpSync(path.join(root, 'examples/tested/__snapshots__'), at('__snapshots__'), { recursive: true });
    const jest = path.join(root, 'node_modules/jest/bin/jest.js');
    const { stderr } = await node(
      '--experimental-vm-modules',
      jest,
      '--ci',
      '--config',
      at('jest.config.json'),
    );
    expect(stderr).toMatch(/Tests: +4 passed, 4 total\nSnapshots: +1 passed, 1 total/);
  }, 120_000);

  it('runs them with Vitest, too, which says what a matcher found', async () => {
    const vitest = (...args: readonly string[]) =>
      run(process.execPath, [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args], {
        cwd: at('with-vitest'),
        // Nothing written where CI is set, and this first run has no snapshot yet.
        env: { ...process.env, CI: '', NO_COLOR: '1' },
      });
    expect((await vitest()).stdout).toMatch(/Snapshots +1 written\n[^]*Tests +4 passed \(4\)/);

    const wrong = readFileSync(at('with-vitest/program.test.ts'), 'utf8').replace(
      "toAllow({ ...call, tool: 'search'",
      "toDeny({ ...call, tool: 'search'",
    );
    writeFileSync(at('with-vitest/program.test.ts'), wrong);
    await expect(vitest()).rejects.toMatchObject({
      stdout: expect.stringMatching(/Tests +1 failed \| 3 passed \(4\)/),
      stderr: expect.stringContaining('search of papers by user-1, agent-1 in session review: allow'),
    });
  }, 120_000);

  it('has a command that writes a program', async () => {
    const { stdout } = await node(bin(), 'synth', 'program.ts', '--gitops', 'deploy', '--helm', 'charts');
    expect(stdout).toMatch(/^deploy: \d+ written, 0 removed, 0 unchanged\ncharts: \d+ written/);
    expect(readdirSync(at('deploy/research'))).toContain('mcpserver.research.papers.yaml');
  }, 60_000);

  it('has a command that runs a program on this machine', async () => {
    const server = `
      import { createServer } from 'node:http';
      createServer((_, answer) => answer.end()).listen(process.env.PORT, '127.0.0.1');`;
    writeFileSync(at('server.mjs'), server);
    const program = `
      import { Auth, McpServer, ServersStack } from '${name}';
      export default (app) => {
        const local = { command: 'node', args: ['server.mjs'], cwd: import.meta.dirname };
        new McpServer(new ServersStack(app, 'mine'), 'mine', { image: 'example.org/mine:1', auth: Auth.header(), local });
      };`;
    writeFileSync(at('local.mjs'), program);
    const port = String(await freePort());
    const args = ['start', at('local.mjs'), '--state-dir', at('state'), '--no-open', '--port-base', port];
    const started = new CliProcess(args, [bin()]);
    try {
      await started.says('Ctrl-C', 90_000);
      expect(started.output).toMatch(/^ {2}mine +http:\/\/127\.0\.0\.1:\d+\/mcp +ready$/m);
      const page = /^ {2}console +(http:\S+)/m.exec(started.output)?.[1] ?? '';
      expect(await (await fetch(page)).text()).toContain('<!doctype html>');
    } finally {
      started.child.kill('SIGINT');
      await started.ended;
    }
  }, 120_000);
});
