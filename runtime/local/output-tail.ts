// Keeps the last lines that a child process printed, for the one error that says why it failed. Bounded in lines and
// in length, because a child may print anything.
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';

const maxLineLength = 2_000;

const logLine = z.object({ msg: z.string() });

function said(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const json: unknown = JSON.parse(line);
    return logLine.safeParse(json).data?.msg ?? line;
  } catch {
    return line;
  }
}

export class OutputTail {
  private readonly capacity: number;
  private readonly decoder = new StringDecoder('utf8');
  private kept: string[] = [];
  private open = '';

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  push(chunk: Buffer): void {
    const parts = (this.open + this.decoder.write(chunk)).split(/\r?\n/);
    this.open = (parts.pop() ?? '').slice(0, maxLineLength);
    const lines = parts.filter((line) => line.trim() !== '').map((line) => line.slice(0, maxLineLength));
    this.kept = [...this.kept, ...lines].slice(-this.capacity);
  }

  /** The last lines, the unfinished one included; of lines of a structured log, what they say. */
  lines(): readonly string[] {
    const lines = this.open.trim() === '' ? this.kept : [...this.kept, this.open].slice(-this.capacity);
    return lines.map(said);
  }

  clear(): void {
    this.kept = [];
    this.open = '';
  }
}
