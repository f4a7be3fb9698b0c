// The last accepted policy, kept on disk over restarts of the proxy, with how long ago somebody confirmed it: the time
// of the file. A restart must not make an old policy young again.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { parsePolicy, type PolicyDocument } from '#policy/document.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';

export interface KeptPolicyOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

const TOUCH_INTERVAL_MS = 60_000;

export class KeptPolicy {
  private readonly options: KeptPolicyOptions;
  /** What is to be written next; of several only the newest. */
  private next: PolicyDocument | undefined;
  private writing = false;
  private touchedMs = -Infinity;

  constructor(options: KeptPolicyOptions) {
    this.options = options;
  }

  /** Undefined where nothing usable was kept, as at the first start in a folder. */
  read(): { readonly document: PolicyDocument; readonly ageMs: number } | undefined {
    const { file, clock } = this.options;
    try {
      const parsed = parsePolicy(fs.readFileSync(file, 'utf8'));
      if (!parsed.ok) return undefined;
      return { document: parsed.value, ageMs: Math.max(0, clock.nowMs() - fs.statSync(file).mtimeMs) };
    } catch {
      return undefined;
    }
  }

  keep(document: PolicyDocument): void {
    this.next = document;
    if (!this.writing) void this.write();
  }

  /** Notes, now and then, that what is kept was confirmed. */
  touch(): void {
    const { clock, file } = this.options;
    if (this.writing || clock.monotonicMs() - this.touchedMs < TOUCH_INTERVAL_MS) return;
    this.touchedMs = clock.monotonicMs();
    const now = new Date(clock.nowMs());
    // Where there is no file yet, its writing has been told to have failed.
    fsp.utimes(file, now, now).catch(() => undefined);
  }

  private async write(): Promise<void> {
    const { file, log } = this.options;
    this.writing = true;
    for (let document = this.next; document !== undefined; document = this.next) {
      this.next = undefined;
      try {
        await fsp.mkdir(path.dirname(file), { recursive: true });
        await fsp.writeFile(`${file}.new`, `${JSON.stringify(document)}\n`, { mode: 0o600 });
        await fsp.rename(`${file}.new`, file);
      } catch (error) {
        log.warn({ keptFile: file, error }, 'The accepted policy could not be kept for the next start.');
      }
    }
    this.writing = false;
  }
}
