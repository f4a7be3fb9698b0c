// A policy file that somebody else replaces: seen as soon as it changes, and read whole.
import { hash } from 'node:crypto';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { err, type Problem, type Result } from '#api/result.ts';
import { parsePolicy, type PolicyDocument } from '#policy/document.ts';
import { policyTextOf } from '#policy/policy-file.ts';
import type { Log } from '#runtime/process/log.ts';

export interface PolicyFileWatchOptions {
  /** Where it is missing, the same name with `.gz` is read: that is how a large document comes. */
  readonly file: string;
  readonly log: Log;
  /** Takes what the file holds now; returns why it isn't in force, nothing where it is. */
  readonly offer: (read: Result<PolicyDocument, readonly Problem[]>) => readonly Problem[];
  /** Told at each look that the file still holds what was taken. */
  readonly unchanged: () => void;
  /** Whether some policy is in force, for the log. */
  readonly isServing: () => boolean;
}

const POLL_MS = 250;

export class PolicyFileWatch {
  /** Why the file as it is now is not in force; undefined where it is. */
  lastError: string | undefined;
  private readonly options: PolicyFileWatchOptions;
  private watcher: fs.FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;
  private checking = false;
  private stamp = '';
  /** Of the text that was taken last; the text itself would be kept for nothing else. */
  private digest: string | undefined;

  constructor(options: PolicyFileWatchOptions) {
    this.options = options;
  }

  /** Reads the file, and watches it from then on. */
  start(): void {
    try {
      const { file: plain } = this.options;
      const file = !fs.existsSync(plain) && fs.existsSync(compressed(plain)) ? compressed(plain) : plain;
      const stamp = stampOf(file, fs.statSync(file));
      this.take(policyTextOf(file, fs.readFileSync(file)));
      this.stamp = stamp;
    } catch (error) {
      this.unreadable(error);
    }
    this.watch();
    this.timer = setInterval(() => void this.check(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.watcher?.close();
  }

  private async check(): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    try {
      const { file, stamp } = await this.present();
      if (stamp !== this.stamp) {
        const text = policyTextOf(file, await fsp.readFile(file));
        this.stamp = stamp;
        this.take(text);
      }
      if (this.lastError === undefined) this.options.unchanged();
    } catch (error) {
      this.stamp = '';
      this.unreadable(error);
    } finally {
      this.checking = false;
    }
  }

  /** The file that counts now, and what tells one version of it from another. */
  private async present(): Promise<{ readonly file: string; readonly stamp: string }> {
    const { file } = this.options;
    try {
      return { file, stamp: stampOf(file, await fsp.stat(file)) };
    } catch (error) {
      const folded = compressed(file);
      const stats = await fsp.stat(folded).catch(() => undefined);
      // What is told is that the plain file is missing: that is the one people know.
      if (stats === undefined) throw error;
      return { file: folded, stamp: stampOf(folded, stats) };
    }
  }

  /** The folder, because a ConfigMap and an atomic replacement both swap the entry, not its content. */
  private watch(): void {
    try {
      this.watcher = fs.watch(path.dirname(this.options.file), () => void this.check());
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      // Polling alone is slower, and enough.
    }
  }

  private take(text: string): void {
    const digest = hash('sha256', text);
    if (digest === this.digest && this.lastError === undefined) return;
    this.digest = digest;
    this.hear(parsePolicy(text));
  }

  private unreadable(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.lastError?.includes(message) === true) return;
    this.hear(err([{ path: '(file)', message }]));
  }

  private hear(read: Result<PolicyDocument, readonly Problem[]>): void {
    const problems = this.options.offer(read);
    this.lastError = problems.length === 0 ? undefined : problemText(problems);
    if (this.lastError === undefined) return;
    const { file, log, isServing } = this.options;
    const kept = isServing()
      ? 'The last good policy stays in force.'
      : 'Nothing is served until there is one.';
    log.error(
      { file, problems: this.lastError },
      `The policy file can't be used. ${kept} Have whoever writes POLICY_FILE write a whole, newer document.`,
    );
  }
}

/** The first problems in one line. */
export function problemText(problems: readonly Problem[]): string {
  return problems
    .slice(0, 5)
    .map(({ path: at, message }) => `${at}: ${message}`)
    .join('; ');
}

function compressed(file: string): string {
  return `${file}.gz`;
}

function stampOf(file: string, { ino, size, mtimeMs }: fs.Stats): string {
  return `${file}:${ino}:${size}:${mtimeMs}`;
}
