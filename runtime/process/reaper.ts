// The side of whoever starts processes: tells the reaper which process groups live, and replaces it when it dies.
// The reaper is a script beside this file, so this is for what runs from source, not for bundles.
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const script = path.join(import.meta.dirname, 'reaper.mjs');

export class Reaper {
  private readonly groups = new Set<number>();
  private child: ChildProcess | undefined;
  private closed = false;

  start(): void {
    this.child = this.spawn();
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  add(pid: number): void {
    this.groups.add(pid);
    this.tell(`+${pid}`);
  }

  remove(pid: number): void {
    this.groups.delete(pid);
    this.tell(`-${pid}`);
  }

  /** Ends the reaper; whatever is still registered ends with it. */
  async close(): Promise<void> {
    this.closed = true;
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    await ended;
  }

  private spawn(): ChildProcess {
    // Detached: a Ctrl-C in the terminal must not end it before its program has ended everything else.
    const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.on('error', () => undefined);
    child.on('error', () => undefined);
    child.once('exit', () => {
      if (this.closed) return;
      this.child = this.spawn();
      for (const pid of this.groups) this.tell(`+${pid}`);
    });
    return child;
  }

  private tell(line: string): void {
    this.child?.stdin?.write(`${line}\n`);
  }
}
