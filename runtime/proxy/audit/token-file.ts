// A token that the kubelet replaces in place before it expires: kept in memory for a while, so that a batch of events
// doesn't cost a read, and read again at once when ingest does not take it.
import { readFile } from 'node:fs/promises';
import type { Clock } from '#runtime/process/clock.ts';

const KEPT_MS = 60_000;

export class TokenFile {
  private readonly file: string;
  private readonly clock: Clock;
  private held: { readonly token: string; readonly readMs: number } | undefined;

  constructor(file: string, clock: Clock) {
    this.file = file;
    this.clock = clock;
  }

  /** Throws what kept the file from being read, with its name. */
  async read(): Promise<string> {
    const nowMs = this.clock.monotonicMs();
    if (this.held === undefined || nowMs - this.held.readMs >= KEPT_MS) {
      this.held = { token: (await readFile(this.file, 'utf8')).trim(), readMs: nowMs };
    }
    return this.held.token;
  }

  /** It was refused: there may be another one by now. */
  forget(): void {
    this.held = undefined;
  }
}
