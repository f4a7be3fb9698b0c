// What outlives a restart of the proxy's container: which requests of MCP sessions have streams that can be resumed, which
// of them were cut, and which questions of the server wait for an answer. The file has one line for each change, written
// before anybody could make use of what it says; callers, sessions and ids are in it as hashes. Where it can't be written
// it is emptied, for a missing cut would let pass what must not.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Log } from '#runtime/process/log.ts';

const entry = z.strictObject({
  /** A hash of the conversation and of the id of the request or question in it. */
  key: z.string().max(64),
  /** A request that can be resumed, or whose answer nobody may have; a question; or neither any more. */
  is: z.enum(['asked', 'cut', 'question', 'over']),
  method: z.string().max(128).optional(),
  tool: z.string().max(1024).optional(),
});
type Entry = z.output<typeof entry>;
export type JournalFact = Readonly<Omit<Entry, 'key'>>;
export type JournalKind = 'request' | 'question';

export interface JournalOptions {
  readonly folder: string;
  readonly log: Log;
  /** Entries that are kept; the oldest are forgotten. @default 4096 */
  readonly size?: number;
}

const FILE_NAME = 'conversations.ndjson';
const SIZE = 4_096;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Lines of the file for each entry that is kept, before it is written anew. */
const LINES_PER_ENTRY = 2;

export class Journal {
  private readonly facts = new Map<string, JournalFact>();
  private readonly file: string;
  private readonly size: number;
  private readonly log: Log;
  private fd: number | undefined;
  private lines = 0;

  /** Reads what the last proxy in this folder knew. What can't be read counts as never written. */
  constructor({ folder, log, size = SIZE }: JournalOptions) {
    this.file = path.join(folder, FILE_NAME);
    this.size = size;
    this.log = log;
    this.attempt(() => {
      fs.mkdirSync(folder, { recursive: true });
      for (const { key, ...fact } of readEntries(this.file)) this.remember(key, fact);
      this.rewrite();
    });
  }

  find(conversation: string, idKey: string, kind: JournalKind): JournalFact | undefined {
    // Where nothing is kept, which is usual, nothing is hashed.
    return this.facts.size === 0 ? undefined : this.facts.get(keyOf(conversation, idKey, kind));
  }

  /** On disk when it returns, or the file is empty. */
  write(conversation: string, idKey: string, kind: JournalKind, fact: JournalFact): void {
    const key = keyOf(conversation, idKey, kind);
    this.remember(key, fact);
    const { fd } = this;
    if (fd === undefined) return;
    this.attempt(() => {
      if (this.lines >= LINES_PER_ENTRY * this.size) this.rewrite();
      else this.append(fd, lineOf(key, fact));
    });
  }

  private append(fd: number, line: string): void {
    const bytes = Buffer.from(line);
    if (fs.writeSync(fd, bytes) < bytes.length) throw new Error('The line could be written only in part.');
    this.lines += 1;
  }

  close(): void {
    if (this.fd !== undefined) fs.closeSync(this.fd);
    this.fd = undefined;
  }

  private remember(key: string, fact: JournalFact): void {
    this.facts.delete(key);
    if (fact.is === 'over') return;
    this.facts.set(key, fact);
    const [oldest] = this.facts.keys();
    if (this.facts.size > this.size && oldest !== undefined) this.facts.delete(oldest);
  }

  private rewrite(): void {
    const lines = [...this.facts].map(([key, fact]) => lineOf(key, fact));
    fs.writeFileSync(`${this.file}.new`, lines.join(''), { mode: 0o600 });
    fs.renameSync(`${this.file}.new`, this.file);
    this.close();
    this.fd = fs.openSync(this.file, 'a');
    this.lines = lines.length;
  }

  private attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.log.warn(
        { file: this.file, error },
        'What is under way can not be kept for a restart; after one, callers can not resume their streams.',
      );
      this.empty();
    }
  }

  private empty(): void {
    try {
      if (this.fd !== undefined) fs.ftruncateSync(this.fd);
      fs.rmSync(this.file, { force: true });
    } catch (error) {
      this.log.error(
        { file: this.file, error },
        'What was kept for a restart can not be removed. Delete it.',
      );
    }
    this.close();
  }
}

function keyOf(conversation: string, idKey: string, kind: JournalKind): string {
  return createHash('sha256').update(`${kind}\n${idKey}\n${conversation}`).digest('base64url');
}

function lineOf(key: string, fact: JournalFact): string {
  return `${JSON.stringify({ key, ...fact })}\n`;
}

function readEntries(file: string): readonly Entry[] {
  const { size } = fs.statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size === 0 || size > MAX_FILE_BYTES) return [];
  const entries: Entry[] = [];
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const read = entry.safeParse(parsed(line));
    if (read.success) entries.push(read.data);
  }
  return entries;
}

/** Undefined for a line that a killed process left unfinished. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
