// `npm run check`: types and floors, lint, formatting, generated files. Every step runs even where one
// before it failed, so that one run shows everything there is to mend.
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

interface Step {
  readonly name: string;
  readonly remedy: string;
  readonly args: readonly string[];
}

const steps: readonly Step[] = [
  {
    name: 'types and floors',
    remedy: 'mend the errors above',
    args: ['node_modules/typescript/bin/tsc', '-b'],
  },
  {
    name: 'lint',
    remedy: 'mend the errors above',
    args: ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'],
  },
  {
    name: 'formatting',
    remedy: 'npm run format',
    args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
  },
  {
    name: 'generated files',
    remedy: 'npm run generate',
    args: ['--import', 'tsx', 'scripts/generate.ts', '--check'],
  },
];

function run(step: Step): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, step.args, { cwd: root, stdio: 'inherit' });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

let failed = 0;
for (const step of steps) {
  const startedAt = performance.now();
  const passed = await run(step);
  if (!passed) failed += 1;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    passed ? `ok    ${step.name} (${seconds} s)` : `FAIL  ${step.name} (${seconds} s): ${step.remedy}`,
  );
}
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
