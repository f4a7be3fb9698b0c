// The processes of a control plane: each the leader of a group of its own, logged to a file, ended by its own id when
// it is stopped, and ended by the reaper when whoever started it is gone without a word.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Reaper } from '#runtime/process/reaper.ts';
import { EngineError } from './engine-error.ts';

export interface ProcessSpec {
  /** Also the name of its log file. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to end by itself. @default 10 000 */
  readonly graceMs?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const usualGraceMs = 10_000;

/** One process, running or ended. */
export class EngineProcess {
  readonly name: string;
  /** How it was started, and can be again. */
  readonly spec: ProcessSpec;
  readonly logFile: string;
  readonly pid: number;
  /** Resolves when it has ended; a process that could not be started ends at once. */
  readonly ended: Promise<Exit>;
  exit: Exit | undefined;
  private readonly child: ChildProcess;
  private readonly graceMs: number;

  constructor(spec: ProcessSpec, folder: string, reaper: Reaper) {
    const { name, program, args, env } = spec;
    this.name = name;
    this.spec = spec;
    this.graceMs = spec.graceMs ?? usualGraceMs;
    this.logFile = path.join(folder, `${name}.log`);
    const log = openSync(this.logFile, 'a');
    // Detached, because Ctrl-C in a terminal must not end an API server before those that talk to it.
    this.child = spawn(program, [...args], {
      detached: true,
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child.on('error', () => undefined);
    const { pid } = this.child;
    if (pid === undefined) throw new EngineError('engine_failed', `${name} could not be started: ${program}`);
    this.pid = pid;
    reaper.add(pid);
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        reaper.remove(pid);
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  /** Sends it a signal: SIGSTOP freezes it, SIGCONT has it go on. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit !== undefined)
      throw new EngineError('engine_failed', `${this.name} does not run, so it can't get ${signal}`);
    this.child.kill(signal);
  }

  /** Asks it to end, and ends it where it does not in time. */
  async stop(): Promise<Exit> {
    if (this.exit !== undefined) return this.exit;
    this.child.kill('SIGTERM');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), this.graceMs);
    const exit = await this.ended;
    clearTimeout(killer);
    return exit;
  }

  /** Ends it without a chance to say goodbye. */
  async kill(): Promise<Exit> {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  lastWords(lines = 8): string {
    const log = readFileSync(this.logFile, 'utf8').trim();
    return log.split('\n').slice(-lines).join('\n') || '(it said nothing)';
  }
}

/** All processes of one control plane. */
export class Processes {
  private readonly folder: string;
  private readonly reaper = new Reaper();
  private readonly started: EngineProcess[] = [];

  /** @param folder where they run and write their logs */
  constructor(folder: string) {
    this.folder = folder;
    this.reaper.start();
  }

  start(spec: ProcessSpec): EngineProcess {
    const each = new EngineProcess(spec, this.folder, this.reaper);
    this.started.push(each);
    return each;
  }

  /** The one of this name that was started last, running or ended. */
  named(name: string): EngineProcess | undefined {
    return this.started.findLast((each) => each.name === name);
  }

  /** All of them, running and ended, in the order of their start. */
  all(): readonly EngineProcess[] {
    return this.started;
  }

  /** Ends them, the last started first, each gone before the next is asked. */
  async stopAll(): Promise<void> {
    for (const each of this.started.toReversed()) await each.stop();
    await this.reaper.close();
  }
}
