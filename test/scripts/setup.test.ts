import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');

/** One Node of each version on this machine's PATH: the scripts have to start on whatever a user has. */
function nodesOnPath(): readonly { readonly file: string; readonly version: string }[] {
  const files = (process.env['PATH'] ?? '').split(path.delimiter).map((folder) => path.join(folder, 'node'));
  const found = new Map<string, string>();
  for (const file of files.filter((each) => existsSync(each))) {
    found.set(execFileSync(file, ['--version'], { encoding: 'utf8' }).trim(), file);
  }
  return [...found].map(([version, file]) => ({ file, version }));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what was waited for did not happen');
    await delay(20);
  }
}

const fakeNpm = `#!/bin/sh
echo "npm $*" >> npm-calls
[ -e npm-must-fail ] && { echo 'network is down' >&2; exit 1; }
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho "bundled node: $*"\\n[ -e node-must-wait ] && echo $$ > pid && exec sleep 60\\nexit 7\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node
`;

describe.each(nodesOnPath())('the scripts on Node $version', ({ file: node }) => {
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(path.join(tmpdir(), 'clone-'));
    for (const name of ['run.mjs', 'setup.mjs', 'link-bin.mjs']) {
      cpSync(path.join(root, 'scripts', name), path.join(clone, 'scripts', name));
    }
    for (const name of ['package-lock.json', '.npmrc']) cpSync(path.join(root, name), path.join(clone, name));
    mkdirSync(path.join(clone, 'cli'));
    writeFileSync(path.join(clone, 'cli/bin.mjs'), '');
    mkdirSync(path.join(clone, 'tools'));
    writeFileSync(path.join(clone, 'tools/npm'), fakeNpm);
    chmodSync(path.join(clone, 'tools/npm'), 0o755);
  });
  afterEach(() => {
    rmSync(clone, { recursive: true });
  });

  const environment = () => ({
    ...process.env,
    PATH: `${path.join(clone, 'tools')}${path.delimiter}${process.env['PATH']}`,
  });

  function run(...args: readonly string[]): { code: number | null; out: string; err: string } {
    const env = environment();
    const script = path.join(clone, 'scripts/run.mjs');
    const done = spawnSync(node, [script, ...args], { cwd: clone, env, encoding: 'utf8' });
    return { code: done.status, out: done.stdout, err: done.stderr };
  }

  function npmCalls(): readonly string[] {
    const file = path.join(clone, 'npm-calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  it('install what the lockfile names, then run the command on the Node that was installed', () => {
    const { code, out, err } = run('test', 'test/policy', '--silent');
    expect(out).toMatch(/^bundled node: .*jest\.js test\/policy --silent\n$/);
    expect(code).toBe(7);
    expect(err).toContain('setup: packages installed');
    expect(npmCalls()).toEqual([expect.stringMatching(/^npm ci --ignore-scripts/)]);
    expect(readlinkSync(path.join(clone, 'node_modules/.bin/mcp-runtime'))).toBe('../../cli/bin.mjs');
  });

  it('install once, and again only after the lockfile has changed', () => {
    run('check');
    expect(run('check').err).toBe('');
    expect(npmCalls()).toHaveLength(1);
    writeFileSync(path.join(clone, 'package-lock.json'), '{}');
    run('check');
    expect(npmCalls()).toHaveLength(2);
  });

  it('say what to do where the installation fails, and try again the next time', () => {
    writeFileSync(path.join(clone, 'npm-must-fail'), '');
    const { code, err } = run('start');
    expect(code).toBe(1);
    expect(err).toMatch(/network is down[\s\S]*then run the command again/);
    rmSync(path.join(clone, 'npm-must-fail'));
    expect(run('start').code).toBe(7);
  });

  it('end what they started where npm is ended alone', async () => {
    writeFileSync(path.join(clone, 'node-must-wait'), '');
    const env = { ...environment(), npm_lifecycle_event: 'start' };
    // npm starts a shell that waits for the script; a signal to npm ends that shell, and reaches nobody else.
    const line = `'${node}' scripts/run.mjs start; exit 0`;
    const shell = spawn('sh', ['-c', line], { cwd: clone, env, stdio: 'ignore' });
    const file = path.join(clone, 'pid');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
    const pid = Number(readFileSync(file, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    shell.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });

  it('refuse an unknown command before installing anything', () => {
    const { code, err } = run('fly');
    expect(code).toBe(2);
    expect(err).toContain("unknown command 'fly'");
    expect(npmCalls()).toEqual([]);
  });
});
