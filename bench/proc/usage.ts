// What a process and its children have used, from /proc. CPU time varies less than requests per second when the
// machine is busy with other things, so every claim about speed has it beside.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

export interface Memory {
  /** Everything resident, MiB. */
  readonly rssMib: number;
  /** Resident and not backed by a file, MiB: what the process alone costs the machine. */
  readonly anonMib: number;
}

/** Clock ticks a second, the unit of CPU time in /proc/PID/stat. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // The process ended in between; what it used is in its parent's totals or gone with it.
  }
}

function children(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** A process and all below it. */
export function processTree(pid: number): readonly number[] {
  return [pid, ...children(pid).flatMap(processTree)];
}

/** Ticks of user and system time in the text of /proc/PID/stat; the command's name may hold spaces and brackets. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** Seconds of CPU that a process tree has used since it started. */
export function cpuSeconds(pid: number): number {
  return (
    processTree(pid).reduce((sum, each) => sum + ticksOf(read(`/proc/${each}/stat`)), 0) / ticksPerSecond
  );
}

/** Memory in the text of /proc/PID/status. */
export function memoryOf(status: string): Memory {
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { rssMib: mib('VmRSS'), anonMib: mib('RssAnon') };
}

/** Memory of a process tree now. */
export function memory(pid: number): Memory {
  return processTree(pid)
    .map((each) => memoryOf(read(`/proc/${each}/status`)))
    .reduce((a, b) => ({ rssMib: a.rssMib + b.rssMib, anonMib: a.anonMib + b.anonMib }));
}
