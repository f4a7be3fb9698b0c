// The processes of a run: each pinned to a core, each logged to a file, and all of them ended by their process id
// when the run ends, whichever way it ends.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree } from './usage.ts';

/** The proxy has a core of its own; load, upstream and everything else share the other. */
export const cores = { proxy: 0, rest: 1 } as const;

export interface Command {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly core: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Milliseconds since the epoch of the bench's monotonic clock when it was started. */
  readonly startedAtMs: number;
}

const readyWithinMs = 15_000;
const endWithinMs = 5_000;

export class Processes {
  readonly #folder: string;
  readonly #children = new Map<number, { child: ChildProcess; log: string }>();

  /** @param folder where each process' output is written */
  constructor(folder: string) {
    this.#folder = folder;
  }

  start({ name, command, core, env }: Command): Running {
    const log = path.join(this.#folder, `${name}.log`);
    const output = openSync(log, 'a');
    const startedAtMs = performance.now();
    const child = spawn('taskset', ['--cpu-list', String(core), ...command], {
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    // A failed spawn has no pid; the error itself only repeats it.
    child.on('error', () => undefined);
    if (child.pid === undefined) throw new Error(`could not start ${name}: taskset (util-linux) is needed`);
    this.#children.set(child.pid, { child, log });
    return { name, pid: child.pid, startedAtMs };
  }

  /**
   * Polls until a URL answers 2xx and returns the milliseconds since the process was started.
   * Throws with the end of its log where it ends instead, or is not ready in 15 s.
   */
  async ready(running: Running, url: string, pauseMs = 5): Promise<number> {
    const deadline = performance.now() + readyWithinMs;
    while (performance.now() < deadline) {
      if (await answers(url)) return performance.now() - running.startedAtMs;
      if (this.#hasEnded(running.pid))
        throw new Error(`${running.name} ended: ${this.#lastWords(running.pid)}`);
      await sleep(pauseMs);
    }
    throw new Error(`${running.name} was not ready at ${url} in time: ${this.#lastWords(running.pid)}`);
  }

  async stop({ pid }: Pick<Running, 'pid'>): Promise<void> {
    const entry = this.#children.get(pid);
    if (entry === undefined) return;
    this.#children.delete(pid);
    if (ended(entry.child)) return;
    const exit = once(entry.child, 'exit');
    entry.child.kill('SIGTERM');
    const killer = setTimeout(() => killTree(pid), endWithinMs);
    await exit;
    clearTimeout(killer);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#children.keys()].map((pid) => this.stop({ pid })));
  }

  /** Ends all at once, for a process that has no time left for more. */
  killAll(): void {
    for (const [pid, { child }] of this.#children) if (!ended(child)) killTree(pid);
  }

  #hasEnded(pid: number): boolean {
    const entry = this.#children.get(pid);
    return entry === undefined || ended(entry.child);
  }

  #lastWords(pid: number): string {
    const log = this.#children.get(pid)?.log;
    const lines = log === undefined ? [] : readFileSync(log, 'utf8').trim().split('\n');
    return lines.slice(-5).join('\n') || '(it said nothing)';
  }
}

/** Kills a process with all below it: one that is killed can't end its own children. */
function killTree(pid: number): void {
  for (const each of processTree(pid)) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It ended in between.
    }
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the machine has no free port');
  return address.port;
}
