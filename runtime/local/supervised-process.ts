// One program that has to run: started, probed, restarted with a growing pause, and given up on with one clear error
// when it never listens or crashes in a loop. It knows nothing of what the program is for.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { OutputTail } from './output-tail.ts';
import type { Probe } from './probe.ts';
import { processTrouble, type NotStarted, type ProcessSpec, type RunEnd } from './process-trouble.ts';
import type { Reaper } from '#runtime/process/reaper.ts';
import { errorCode, messageOf, type Trouble } from './trouble.ts';

export type ProcessPhase = 'starting' | 'running' | 'restarting' | 'failed' | 'stopped';

export interface ProcessStatus {
  readonly phase: ProcessPhase;
  readonly pid?: number | undefined;
  /** How often it was started again since it was first asked for. */
  readonly restarts: number;
  /** Set while `failed`. */
  readonly trouble?: Trouble | undefined;
}

export interface Patience {
  /** Milliseconds from start to ready. */
  readonly startMs: number;
  /** Pause before the first restart; doubles up to `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** Crashes in a row after which it counts as failed. */
  readonly crashes: number;
  /** A run that was ready and lasted this long ends a row of crashes. */
  readonly stableMs: number;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopMs: number;
}

export const DEFAULT_PATIENCE: Patience = {
  startMs: 30_000,
  pauseMs: 100,
  maxPauseMs: 5_000,
  crashes: 5,
  stableMs: 10_000,
  stopMs: 5_000,
};

export interface SupervisedProcessOptions {
  readonly spec: ProcessSpec;
  readonly probe: Probe;
  readonly patience: Patience;
  readonly reaper: Reaper;
  /** Everything the program prints goes here. */
  readonly logFile: string;
  readonly onStatus: (status: ProcessStatus) => void;
}

const probePauseMs = 50;

export class SupervisedProcess {
  private readonly options: SupervisedProcessOptions;
  private readonly errors = new OutputTail(8);
  private readonly output = new OutputTail(8);
  private readonly stopping = new AbortController();
  private current: ProcessStatus = { phase: 'stopped', restarts: 0 };
  private child: ChildProcess | undefined;
  private loop: Promise<void> | undefined;
  private forced = false;
  private endedByUs = false;

  constructor(options: SupervisedProcessOptions) {
    this.options = options;
  }

  get status(): ProcessStatus {
    return this.current;
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** Ends the program and whatever it started: SIGTERM, then SIGKILL after `patience.stopMs`. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    if (this.current.phase !== 'stopped') this.set({ phase: 'stopped', restarts: this.current.restarts });
  }

  /** Ends it at once. */
  kill(): void {
    this.forced = true;
    this.stopping.abort();
    this.signal('SIGKILL');
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    const { patience, logFile } = this.options;
    const log = createWriteStream(logFile, { flags: 'w', mode: 0o600 });
    log.on('error', () => undefined);
    try {
      for (let crashes = 0, restarts = 0; !this.isStopping(); restarts += 1) {
        const end = await this.runOnce(log, restarts);
        if (this.isStopping()) return;
        crashes = end.kind === 'exited' && end.wasStable ? 1 : crashes + 1;
        if (end.kind !== 'exited' || crashes >= patience.crashes) {
          this.set({ phase: 'failed', restarts, trouble: this.troubleOf(end, crashes) });
          return;
        }
        this.set({ phase: 'restarting', restarts: restarts + 1 });
        await this.pause(Math.min(patience.pauseMs * 2 ** (crashes - 1), patience.maxPauseMs));
      }
    } finally {
      log.end();
    }
  }

  private async runOnce(log: WriteStream, restarts: number): Promise<RunEnd> {
    const { spec, patience, reaper } = this.options;
    this.errors.clear();
    this.output.clear();
    const startedAt = performance.now();
    const child = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      // A group of its own: a Ctrl-C in the terminal reaches the platform alone, which ends its children in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const { pid } = child;
    if (pid !== undefined) reaper.add(pid);
    const ended = this.whenEnded(child, log);
    this.set({ phase: 'starting', pid, restarts });
    const ready = await this.untilReady(ended.signal, patience.startMs);
    if (ready) this.set({ phase: 'running', pid, restarts });
    if (!ready && !ended.signal.aborted) await this.end(ended.promise);
    else await this.untilEndedOrStopped(ended.promise);
    const how = await ended.promise;
    if (pid !== undefined) {
      this.signal('SIGKILL');
      reaper.remove(pid);
    }
    this.child = undefined;
    if (typeof how !== 'string') return how;
    if (!ready && how === 'stopped') return { kind: 'never_ready' };
    return { kind: 'exited', how, wasStable: ready && performance.now() - startedAt >= patience.stableMs };
  }

  /** Resolves when the program ended: to how, or to what kept it from starting. */
  private whenEnded(
    child: ChildProcess,
    log: WriteStream,
  ): { readonly promise: Promise<string | NotStarted>; readonly signal: AbortSignal } {
    const gone = new AbortController();
    const keep = (tail: OutputTail) => (chunk: Buffer) => {
      tail.push(chunk);
      log.write(chunk);
    };
    child.stdout?.on('data', keep(this.output));
    child.stderr?.on('data', keep(this.errors));
    const promise = new Promise<string | NotStarted>((resolve) => {
      child.once('error', (error) => {
        if (child.pid === undefined) resolve({ kind: 'not_started', message: messageOf(error) });
      });
      // `exit`, not `close`: a grandchild that holds the pipes must not hold us.
      child.once('exit', (code, signal) => {
        const how = signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`;
        // What was printed last may still be in the pipe.
        setImmediate(() => resolve(this.endedByUs ? 'stopped' : how));
      });
    });
    void promise.then(() => gone.abort());
    return { promise, signal: gone.signal };
  }

  private async untilReady(gone: AbortSignal, withinMs: number): Promise<boolean> {
    this.endedByUs = false;
    const give = AbortSignal.any([gone, this.stopping.signal, AbortSignal.timeout(withinMs)]);
    while (!give.aborted) {
      if (await this.options.probe(give)) return true;
      await delay(probePauseMs, undefined, { signal: give }).catch(() => undefined);
    }
    return false;
  }

  private async untilEndedOrStopped(ended: Promise<unknown>): Promise<void> {
    const { signal } = this.stopping;
    const stop = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([ended, stop]);
    if (signal.aborted) await this.end(ended);
  }

  private async end(ended: Promise<unknown>): Promise<void> {
    this.endedByUs = true;
    this.signal(this.forced ? 'SIGKILL' : 'SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), this.options.patience.stopMs);
    await ended;
    clearTimeout(timer);
  }

  /** To the whole group: a server may have been started through a shell or a package runner. */
  private signal(name: 'SIGTERM' | 'SIGKILL'): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  private troubleOf(end: RunEnd, crashes: number): Trouble {
    const { spec, patience, logFile } = this.options;
    const said = this.errors.lines();
    const evidence = said.length > 0 ? said : this.output.lines();
    return processTrouble(end, { spec, crashes, evidence, startMs: patience.startMs, logFile });
  }

  private set(status: ProcessStatus): void {
    this.current = status;
    this.options.onStatus(status);
  }
}
