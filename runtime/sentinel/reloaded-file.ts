// A small file that somebody else replaces while we run. It is looked at when its content is asked for, at most
// every few hundred milliseconds, so there is no watcher to miss a rename and nothing to stop. A file that can't be
// read or doesn't parse is a problem to report; what was read last stays in force.
import { open } from 'node:fs/promises';
import type { Clock } from '#runtime/process/clock.ts';
import { errorMessage } from './errors.ts';

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface ReloadedFileOptions<T> {
  readonly file: string;
  readonly parse: (text: string) => Parsed<T>;
  readonly clock: Clock;
  /** A larger file is a mistake. @default 64 MiB */
  readonly maxBytes?: number;
}

const LOOK_AGAIN_MS = 200;

export class ReloadedFile<T> {
  private readonly options: ReloadedFileOptions<T>;
  private content: T | undefined;
  private stamp = '';
  private lookedAtMs = -Infinity;
  private looking: Promise<void> | undefined;
  private found: string | undefined;
  /** Grows by one with each content. */
  version = 0;

  constructor(options: ReloadedFileOptions<T>) {
    this.options = options;
  }

  /** Why the file as it stands can't be used; names it. */
  get problem(): string | undefined {
    return this.found;
  }

  /** The last content that could be read; `undefined` where there was none yet. */
  async current(): Promise<T | undefined> {
    const now = this.options.clock.monotonicMs();
    if (this.looking === undefined && now - this.lookedAtMs >= LOOK_AGAIN_MS) {
      this.lookedAtMs = now;
      this.looking = this.look().finally(() => (this.looking = undefined));
    }
    await this.looking;
    return this.content;
  }

  private async look(): Promise<void> {
    const { file } = this.options;
    try {
      const text = await this.readIfChanged();
      if (text === undefined) return;
      const parsed = this.options.parse(text);
      this.found = parsed.ok ? undefined : `${file}: ${parsed.message}`;
      if (!parsed.ok) return;
      this.content = parsed.value;
      this.version += 1;
    } catch (error) {
      this.stamp = '';
      this.found = `${file} can not be read: ${errorMessage(error)}`;
    }
  }

  private async readIfChanged(): Promise<string | undefined> {
    const handle = await open(this.options.file, 'r');
    try {
      const { mtimeNs, ino, size } = await handle.stat({ bigint: true });
      const stamp = `${mtimeNs} ${ino} ${size}`;
      if (stamp === this.stamp) return undefined;
      const max = this.options.maxBytes ?? 64 * 1024 * 1024;
      if (size > max) throw new Error(`${size} bytes are more than the ${max} expected`);
      const text = await handle.readFile('utf8');
      this.stamp = stamp;
      return text;
    } finally {
      await handle.close();
    }
  }
}

/** Parses JSON text with a zod-like schema; the message names the place of the first mistake. */
export function parseJsonFile<T>(
  schema: {
    safeParse(
      value: unknown,
    ):
      | { readonly success: true; readonly data: T }
      | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
  },
  text: string,
): Parsed<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // V8's message quotes the text around the mistake, and these files hold keys.
    return { ok: false, message: 'it is not JSON' };
  }
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const issue = result.error.issues[0];
  return {
    ok: false,
    message: `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
  };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
