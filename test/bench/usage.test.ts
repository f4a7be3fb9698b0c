import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { cpuSeconds, memory, memoryOf, processTree, ticksOf } from '#bench/proc/usage.ts';

describe('usage of a process', () => {
  it('reads CPU ticks of a process whose name looks like the fields after it', () => {
    const stat = '42 (a) S 1 (b) R 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 100';
    expect(ticksOf(stat)).toBe(300);
  });

  it('reads memory in MiB', () => {
    expect(memoryOf('Name:\tx\nVmRSS:\t  2048 kB\nRssAnon:\t  512 kB\n')).toEqual({
      rssMib: 2,
      anonMib: 0.5,
    });
  });

  it('counts children in, and nothing for a process that is gone', async () => {
    const shell = spawn('sh', ['-c', 'sleep 30 & echo ready; wait'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = shell.pid ?? 0;
    await once(shell.stdout, 'data');
    const tree = processTree(pid);
    expect(tree).toHaveLength(2);
    expect(memory(pid).rssMib).toBeGreaterThan(0);
    const exit = once(shell, 'exit');
    for (const each of tree) process.kill(each);
    await exit;
    expect(cpuSeconds(pid)).toBe(0);
    expect(memory(pid)).toEqual({ rssMib: 0, anonMib: 0 });
  });
});
