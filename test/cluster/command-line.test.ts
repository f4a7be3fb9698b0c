// How the operator's program answers a command line or an environment that makes no sense. It needs no API server, but
// the very bundle that the others test.
import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';

const program = path.resolve('.build/programs/operator.mjs');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the operator as a container would with this command line and environment, and waits until it has ended. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env, timeout: 200_000 };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

describe('the command line', () => {
  it('explains itself', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const flag of ['--leader-elect', '--metrics-bind-address', '--health-probe-bind-address'])
      expect(stdout).toContain(flag);
    expect(stdout).toMatch(/default: :8080.*default: :8081/s);
    expect(stdout).toContain('docs/operator.md');
  });

  it.each([
    [['--leader-elected'], /unknown option '--leader-elected'/],
    [['--metrics-bind-address=here'], /write :port or address:port/],
    [['--health-probe-bind-address=:99999'], /write :port or address:port/],
    [['now'], /too many arguments/],
  ])('is refused with code 2 and what is wrong with it: %j', async (args, said) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });
});

describe('the environment', () => {
  it('is refused with code 2 and every variable that makes no sense, with what it is', async () => {
    const { code, stdout } = await run([], {
      REQUEUE_DELAY_SECONDS: 'soon',
      LOG_LEVEL: 'loud',
      MCP_ACKNOWLEDGEMENTS_URL: 'sentinel',
      MCP_DEFAULT_GATEWAY: 'edge',
    });
    expect(code).toBe(2);
    const lines = stdout.trim().split('\n');
    for (const [variable, said] of [
      ['REQUEUE_DELAY_SECONDS', 'a whole number from 1 to 3600'],
      ['LOG_LEVEL', 'info'],
      ['MCP_ACKNOWLEDGEMENTS_URL', 'http'],
      ['MCP_DEFAULT_GATEWAY', 'namespace/name'],
    ] as const) {
      const line = lines.find((each) => each.includes(`"variable":"${variable}"`));
      expect(line).toContain(said);
      expect(line).toContain('"level":"error"');
    }
    expect(lines).toHaveLength(4);
  });

  it('ends with code 1 and the file that was looked for, where there is no way to the API server', async () => {
    const off = ['--metrics-bind-address=0', '--health-probe-bind-address=0'];
    const { code, stdout } = await run(off, { KUBECONFIG: '/nowhere/kubeconfig' });
    expect(code).toBe(1);
    expect(stdout).toContain('/nowhere/kubeconfig');
  });
});
