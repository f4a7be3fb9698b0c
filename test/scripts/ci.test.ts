import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');

/** What each runner does, as lines of a shell script. */
interface Runners {
  readonly check: string;
  readonly test: string;
  readonly start: string;
  readonly cluster: string;
  readonly e2e: string;
  readonly conformance: string;
}

const green: Runners = {
  check: 'echo "types and floors ok"; echo "4 passed, 0 failed"',
  test: 'report 10 0 0 0',
  start: 'echo "25 passed, 0 failed"',
  cluster: 'echo "Kubernetes 1.33, parallel: 60 passed, 0 failed"; echo "100 passed, 0 failed"',
  e2e: 'echo "30 passed, 0 failed"',
  conformance: 'echo "20 passed, 0 failed"',
};

/** Stands in for npm: writes Jest's report where it is asked to, as Jest does. */
function fakeNpm({ check, test, start, cluster, e2e, conformance }: Runners): string {
  return `#!/bin/sh
for word in "$@"; do case $word in --outputFile=*) file=\${word#--outputFile=};; esac; done
report() {
  printf '{"numPassedTests":%d,"numFailedTests":%d,"numPendingTests":%d,"numTodoTests":0,"numRuntimeErrorTestSuites":%d}' \\
    "$1" "$2" "$3" "$4" > "$file"
}
case "$1 $2" in
  'run check') ${check};;
  'run test:cluster') ${cluster};;
  'run test:e2e') ${e2e};;
  'run conformance') ${conformance};;
  'test '*) ${test};;
  'start '*) ${start};;
  *) echo "unexpected: npm $*"; exit 9;;
esac
`;
}

describe('.ci/run', () => {
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(path.join(tmpdir(), 'ci-'));
    cpSync(path.join(root, '.ci/run'), path.join(clone, '.ci/run'));
    mkdirSync(path.join(clone, 'tools'));
    // Whatever package is asked for: it is there.
    program('dpkg-query', '#!/bin/sh\necho install ok installed\n');
  });
  afterEach(() => {
    rmSync(clone, { recursive: true });
  });

  function program(name: string, text: string): void {
    writeFileSync(path.join(clone, 'tools', name), text);
    chmodSync(path.join(clone, 'tools', name), 0o755);
  }

  function run(runners: Runners): { readonly code: number | null; readonly lastLine: string | undefined } {
    program('npm', fakeNpm(runners));
    const env = {
      ...process.env,
      PATH: `${path.join(clone, 'tools')}${path.delimiter}${process.env['PATH'] ?? ''}`,
    };
    const done = spawnSync(path.join(clone, '.ci/run'), { cwd: tmpdir(), env, encoding: 'utf8' });
    return { code: done.status, lastLine: done.stdout.trimEnd().split('\n').at(-1) };
  }

  it('sums what all runners say', () => {
    expect(run(green)).toEqual({ code: 0, lastLine: '189 passed, 0 failed' });
  });

  it('runs every runner to its end, and fails where any of them did', () => {
    const check = 'echo "3 passed, 1 failed"; exit 1';
    expect(run({ ...green, check, test: 'report 8 2 0 0; exit 1' })).toEqual({
      code: 1,
      lastLine: '186 passed, 3 failed',
    });
  });

  it('counts a runner without a summary as one failure, whatever its status', () => {
    expect(run({ ...green, start: 'echo "all fine"' })).toEqual({
      code: 1,
      lastLine: '164 passed, 1 failed',
    });
  });

  it('counts a bad status without a failure as one', () => {
    expect(run({ ...green, start: 'echo "25 passed, 0 failed"; exit 1' })).toEqual({
      code: 1,
      lastLine: '189 passed, 1 failed',
    });
  });

  it('counts a cluster that could not be brought up as a failure', () => {
    const cluster = 'echo "go_missing: Go is missing"; echo "0 passed, 1 failed"; exit 1';
    expect(run({ ...green, cluster })).toEqual({ code: 1, lastLine: '89 passed, 1 failed' });
  });

  it('counts skipped tests, and suites that could not run, as failures', () => {
    expect(run({ ...green, test: 'report 10 0 2 1' })).toEqual({ code: 1, lastLine: '189 passed, 3 failed' });
  });
});
