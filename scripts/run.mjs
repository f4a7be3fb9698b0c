// The one entry of every npm script: sets up what is missing, then runs the command on Node 24.
// Plain JavaScript that any Node since 18 can start, because it runs before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ensureSetup, nodeBinary, root } from './setup.mjs';

const ts = ['--import', 'tsx'];
const commands = {
  start: [...ts, 'cli/main.ts', 'start', 'examples/quickstart/program.ts'],
  test: ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'],
  'test:cluster': [...ts, 'scripts/test-cluster.ts'],
  package: [...ts, 'scripts/package/main.ts'],
  images: [...ts, 'scripts/images/main.ts'],
  'test:e2e': [...ts, 'scripts/test-e2e.ts'],
  conformance: [...ts, 'scripts/conformance/main.ts'],
  check: [...ts, 'scripts/check.ts'],
  bench: [...ts, 'bench/main.ts'],
  generate: [...ts, 'scripts/generate.ts'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--write', '.'],
};

const [name, ...rest] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  console.error(`run: unknown command '${name ?? ''}'; one of: ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}

await ensureSetup();

const child = spawn(nodeBinary(), [...command, ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: [path.join(root, 'node_modules/.bin'), process.env.PATH].join(path.delimiter),
  },
});
// Ctrl-C reaches the whole foreground group; the child decides how to end, this process only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
// npm may also be ended alone, without a word to us. Then nobody is left to end what it started.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 1_000);
}
child.on('error', (error) => {
  console.error(
    `run: could not start ${existsSync(nodeBinary()) ? command.join(' ') : nodeBinary()}: ${error.message}`,
  );
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
