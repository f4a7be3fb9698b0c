// How far the spool was delivered, kept over restarts. It is written now and then, not with every batch: without it, or
// with an old one, events are sent again, and the store drops what it has.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** A place in the spool. */
export type Position = z.output<typeof position>;

const position = z.object({
  segment: z.number().int().nonnegative(),
  offset: z.number().int().nonnegative(),
});

/** How much of what was delivered last a killed proxy may deliver again. */
const WRITE_AFTER_MS = 1_000;

export class CursorFile {
  private readonly file: string;
  private next: Position | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.file = path.join(folder, 'cursor.json');
  }

  /** Undefined where there is none, or an unreadable one. */
  read(): Position | undefined {
    try {
      return position.parse(JSON.parse(fs.readFileSync(this.file, 'utf8')));
    } catch {
      return undefined;
    }
  }

  /** Writes the place within the second, or the one that is given until then. */
  keep(at: Position): void {
    this.next = at;
    this.timer ??= setTimeout(() => this.write(), WRITE_AFTER_MS).unref();
  }

  /** Writes what was given last. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.write();
    await this.writing;
  }

  private write(): void {
    const { file, next } = this;
    this.timer = undefined;
    this.next = undefined;
    if (next !== undefined) this.writing = this.writing.then(() => replace(file, JSON.stringify(next)));
  }
}

async function replace(file: string, text: string): Promise<void> {
  try {
    await fsp.writeFile(`${file}.new`, text);
    await fsp.rename(`${file}.new`, file);
  } catch {
    // The old one counts.
  }
}
