import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { processTree } from '#bench/proc/usage.ts';
import { freePort, Processes } from '#bench/proc/processes.ts';

const server = `
  require('node:http').createServer((_, response) => response.end()).listen(process.env.PORT, '127.0.0.1');
`;

/** Whether a process runs; one that ended and waits to be reaped by somebody does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the processes of a run', () => {
  let folder: string;
  let processes: Processes;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'processes-'));
    processes = new Processes(folder);
  });
  afterEach(async () => {
    await processes.stopAll();
    rmSync(folder, { recursive: true });
  });

  it('are ready when they answer, and all end with the run, deaf ones too', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const env = { PORT: String(port) };
    const running = processes.start({
      name: 'server',
      command: [process.execPath, '-e', server],
      core: 0,
      env,
    });
    const deaf = processes.start({
      name: 'deaf',
      command: ['sh', '-c', "trap '' TERM; sleep 60; true"],
      core: 0,
    });
    expect(await processes.ready(running, url)).toBeGreaterThan(0);
    const all = [...processTree(running.pid), ...processTree(deaf.pid)];
    expect(all.map(isAlive)).toEqual([true, true, true]);
    await processes.stopAll();
    // A grandchild's end is not announced to us.
    for (let i = 0; i < 200 && all.some(isAlive); i += 1) await sleep(20);
    expect(all.map(isAlive)).toEqual([false, false, false]);
  });

  it('that end before they are ready fail with their last words', async () => {
    const command = ['sh', '-c', 'echo port in use; exit 3'] as const;
    const running = processes.start({ name: 'broken', command, core: 0 });
    await expect(processes.ready(running, 'http://127.0.0.1:9/')).rejects.toThrow(
      'broken ended: port in use',
    );
  });
});
