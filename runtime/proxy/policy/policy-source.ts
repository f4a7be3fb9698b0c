// The policy in force: the last good document of a file that somebody else replaces. A bad one is told and ignored,
// an older one is refused, and what is in force changes between two requests, never within one.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from '#api/result.ts';
import { isBehind, parsePolicy, standsFor, type PolicyDocument } from '#policy/document.ts';
import { policyTextOf } from '#policy/policy-file.ts';
import { indexPolicy, type PolicyIndex } from '#policy/policy-index.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { identityHeadersOf, type IdentityHeaders } from '../edge/identity.ts';

export interface PolicySnapshot {
  readonly document: PolicyDocument;
  readonly index: PolicyIndex;
  readonly identityHeaders: IdentityHeaders;
  /** The same, to look up. */
  readonly identityNames: ReadonlySet<string>;
  readonly loadedAtMs: number;
}

export interface PolicySourceOptions {
  /** Where it is missing, the same name with `.gz` is read: that is how a large document comes. */
  readonly file: string;
  /** Where the last accepted document is kept over restarts. */
  readonly keptFile: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PolicyReloads {
  succeeded: number;
  failed: number;
}

const POLL_MS = 250;

export class PolicySource {
  current: PolicySnapshot | undefined;
  /** Why the file as it is now is not in force; undefined where it is. */
  lastError: string | undefined;
  /** When the file was last seen to be the document in force, on the monotonic clock. */
  confirmedMs: number;
  readonly reloads: PolicyReloads = { succeeded: 0, failed: 0 };
  private readonly options: PolicySourceOptions;
  private readonly listeners: ((snapshot: PolicySnapshot) => void)[] = [];
  private watcher: fs.FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;
  private checking = false;
  private stamp = '';
  private text: string | undefined;

  constructor(options: PolicySourceOptions) {
    this.options = options;
    this.confirmedMs = options.clock.monotonicMs();
  }

  onSwap(listener: (snapshot: PolicySnapshot) => void): void {
    this.listeners.push(listener);
  }

  /** Reads the file, and watches it from then on. */
  start(): void {
    this.readKept();
    try {
      const { file: plain } = this.options;
      const file = !fs.existsSync(plain) && fs.existsSync(compressed(plain)) ? compressed(plain) : plain;
      const stamp = stampOf(file, fs.statSync(file));
      this.accept(policyTextOf(file, fs.readFileSync(file)));
      this.stamp = stamp;
    } catch (error) {
      this.reject([{ path: '(file)', message: messageOf(error) }]);
    }
    this.watch();
    this.timer = setInterval(() => void this.check(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.watcher?.close();
  }

  /** Whether what is in force is older than the document itself accepts. */
  isStale(nowMonotonicMs: number, document: PolicyDocument): boolean {
    return nowMonotonicMs - this.confirmedMs > document.policy.maxStalenessSeconds * 1000;
  }

  /** Looks at the file now instead of at the next poll. */
  async check(): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    try {
      const { file, stamp } = await this.present();
      if (stamp !== this.stamp) {
        const text = policyTextOf(file, await fsp.readFile(file));
        this.stamp = stamp;
        this.accept(text);
      }
      if (this.lastError === undefined) this.confirmedMs = this.options.clock.monotonicMs();
    } catch (error) {
      this.stamp = '';
      const message = messageOf(error);
      if (this.lastError?.includes(message) !== true) this.reject([{ path: '(file)', message }]);
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

  private accept(text: string): void {
    if (text === this.text && this.lastError === undefined) return;
    const parsed = parsePolicy(text);
    if (!parsed.ok) {
      this.reject(parsed.error);
      return;
    }
    const document = parsed.value;
    const { current } = this;
    if (current !== undefined && standsFor(document) === current.document.revision) {
      // A stub in the place of what is in force already.
      this.text = text;
      this.lastError = undefined;
      return;
    }
    if (current !== undefined && isBehind(current.document, document)) {
      const message = 'was made from an older view of the cluster than the policy in force';
      this.reject([{ path: 'inputs', message }]);
      return;
    }
    this.text = text;
    this.lastError = undefined;
    this.reloads.succeeded += 1;
    this.swap(document);
    void this.keep(text);
  }

  private swap(document: PolicyDocument): void {
    const identityHeaders = identityHeadersOf(document);
    const snapshot: PolicySnapshot = {
      document,
      index: indexPolicy(document),
      identityHeaders,
      identityNames: new Set(Object.values(identityHeaders)),
      loadedAtMs: this.options.clock.nowMs(),
    };
    this.current = snapshot;
    this.confirmedMs = this.options.clock.monotonicMs();
    this.options.log.info({ revision: document.revision }, 'The policy is in force.');
    for (const listener of this.listeners) listener(snapshot);
  }

  private reject(problems: readonly Problem[]): void {
    this.reloads.failed += 1;
    this.lastError = problems
      .slice(0, 5)
      .map((problem) => `${problem.path}: ${problem.message}`)
      .join('; ');
    const kept =
      this.current === undefined
        ? 'Nothing is served until it is there.'
        : 'The last good policy stays in force.';
    this.options.log.error(
      { file: this.options.file, problems: this.lastError },
      `The policy file can't be used. ${kept} Have whoever writes POLICY_FILE write a whole, newer document.`,
    );
  }

  private readKept(): void {
    try {
      const parsed = parsePolicy(fs.readFileSync(this.options.keptFile, 'utf8'));
      if (parsed.ok) this.swap(parsed.value);
    } catch {
      // The first start in this folder.
    }
  }

  private async keep(text: string): Promise<void> {
    const { keptFile, log } = this.options;
    try {
      await fsp.mkdir(path.dirname(keptFile), { recursive: true });
      await fsp.writeFile(`${keptFile}.new`, text, { mode: 0o600 });
      await fsp.rename(`${keptFile}.new`, keptFile);
    } catch (error) {
      log.warn({ keptFile, error }, 'The accepted policy could not be kept for the next start.');
    }
  }
}

function compressed(file: string): string {
  return `${file}.gz`;
}

function stampOf(file: string, { ino, size, mtimeMs }: fs.Stats): string {
  return `${file}:${ino}:${size}:${mtimeMs}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
