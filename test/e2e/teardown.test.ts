// What is left of a node when its run has ended, however it did: nothing. Each of these runs brings up a node of its own,
// beside the one that the other tests are on.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, it, jest } from '@jest/globals';
import { addressesOf, SLOTS } from '#scripts/node/addresses.ts';
import { readHierarchies } from '#scripts/node/control-groups.ts';
import { nodeFile } from '#scripts/node/node-file.ts';
import { identityOf } from '#scripts/node/process-identity.ts';
import { Cluster } from '#test/cluster/harness/cluster.ts';
import { eventually, until } from '#test/cluster/harness/eventually.ts';
import { at } from '#test/cluster/harness/objects.ts';
import { describeOwnNode } from './harness/node.ts';
import { aShell } from './harness/pods.ts';

jest.setTimeout(600_000);

const root = path.resolve(import.meta.dirname, '../..');
const upWithinMs = 240_000;

/** A run of the program, with what it has said so far. */
class Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly said: string[] = [];

  constructor(env: Readonly<Record<string, string>> = {}) {
    const args = ['--import', 'tsx', 'scripts/test-e2e.ts', '--keep', '--without-platform'];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => this.said.push(line));
    this.ended = new Promise((resolve) => child.once('exit', resolve));
  }

  async says(words: string): Promise<void> {
    const hears = () => this.said.some((line) => line.includes(words)) || this.child.exitCode !== null;
    await until(`the run says ${words}`, () => this.said, hears, { timeoutMs: upWithinMs });
    expect(this.said.join('\n')).toContain(words);
  }

  /** Where its node keeps its files. */
  get folder(): string {
    const file = this.said.map((line) => /^export MCP_TEST_CLUSTER=(.*)/.exec(line)?.[1]).find(Boolean);
    return path.dirname(file ?? '');
  }

  /** Has a pod run on its node. */
  async runPod(): Promise<void> {
    const json: unknown = JSON.parse(readFileSync(path.join(this.folder, 'node.json'), 'utf8'));
    const cluster = new Cluster(nodeFile.parse(json));
    await cluster.apply(aShell('default', 'pod', 'exec sleep 1000'));
    await eventually('a pod runs', async () => {
      return at(await cluster.must('Pod', 'pod', 'default'), 'status', 'phase') === 'Running';
    });
  }
}

/** Ids of processes that are in the control group, wherever they come from. */
function processesIn(group: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const isProcess = /^\d+$/.test(pid) && identityOf(Number(pid)) !== undefined;
      return isProcess && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/${group}`);
    } catch {
      return false;
    }
  });
}

/** Everything of a slot that is on this machine. */
function remainsOf(folder: string): readonly string[] {
  const { controlGroup, link, node } = addressesOf(Number(path.basename(folder)));
  const groups = readHierarchies().map((each) => path.join(each.at, controlGroup));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  // Addresses are in there as numbers, the last byte first.
  const gateway = node.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const routes = readFileSync('/proc/net/route', 'utf8').split('\n');
  return [
    ...processesIn(controlGroup).map((pid) => `process ${pid}`),
    ...groups.filter((group) => existsSync(group)),
    ...mounts.filter((line) => line.includes(folder)),
    ...routes.filter((line) => line.includes(gateway.toReversed().join('').toUpperCase())),
    ...[folder, `/sys/class/net/${link}`].filter((file) => existsSync(file)),
  ];
}

describeOwnNode('of a node nothing is left', () => {
  const runs: Run[] = [];
  const start = (env?: Readonly<Record<string, string>>) => {
    const run = new Run(env);
    runs.push(run);
    return run;
  };
  afterEach(async () => {
    for (const { child, ended } of runs.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    }
  });

  it('after Ctrl-C', async () => {
    const run = start();
    await run.says('Ctrl-C ends it.');
    await run.runPod();
    expect(remainsOf(run.folder).length).toBeGreaterThan(20);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(remainsOf(run.folder)).toEqual([]);
  });

  it('but for files after its run was killed, and the next run removes them; nor of that one, ended while it starts', async () => {
    const run = start();
    await run.says('Ctrl-C ends it.');
    await run.runPod();
    run.child.kill('SIGKILL');
    await run.ended;
    const { controlGroup } = addressesOf(Number(path.basename(run.folder)));
    await until(
      'its processes are gone',
      () => processesIn(controlGroup),
      (pids) => pids.length === 0,
    );
    expect(remainsOf(run.folder)).toContain(run.folder);
    const next = start();
    await next.says('the API server is up');
    expect(next.said.join('\n')).toContain(`removing what an earlier run left in ${run.folder}`);
    next.child.kill('SIGTERM');
    expect(await next.ended).toBe(130);
    expect(remainsOf(run.folder)).toEqual([]);
  });

  it('after a part of it could not run, and the run says which', async () => {
    const run = start({ MCP_RUNTIME_ENVOY: '/bin/false' });
    expect(await run.ended).toBe(1);
    expect(run.said.join('\n')).toMatch(/box_failed: the node did not come up:\n.*envoy ended by itself/);
    const homes = Array.from({ length: SLOTS }, (_, slot) => addressesOf(slot).controlGroup);
    // Only the node that this test is on, and those of other runs, have processes.
    const left = homes.filter((group) =>
      readHierarchies().some((each) => existsSync(path.join(each.at, group))),
    );
    expect(left.filter((group) => processesIn(group).length === 0)).toEqual([]);
  });
});
