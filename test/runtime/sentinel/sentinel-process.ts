// A real sentinel in a process of its own, for tests: one ClickHouse engine fits into a process, and only a process
// can be killed.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { AuditEvent } from '#api/audit-event.ts';
import type { SentinelEnvironment } from '#api/sentinel-config.ts';
import type { StoredEvent } from '#api/sentinel-api.ts';
import { eventPage, healthReport, SENTINEL_PATHS } from '#api/sentinel-api.ts';

export const NOTES_KEY = 'key-of-notes-0123456789';

const listening = z.object({ ingestUrl: z.string(), apiUrl: z.string() });
const START_MS = 60_000;

/** `KUBECONFIG`: where it finds its cluster. */
export type SentinelExtra = Partial<SentinelEnvironment> & { readonly KUBECONFIG?: string };

export interface Accepted {
  readonly status: number;
  readonly body: unknown;
}

/** A folder for a sentinel's data, keys and inventory; removed by `remove`. */
export class SentinelHome {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<SentinelHome> {
    const home = new SentinelHome(await mkdtemp(path.join(tmpdir(), 'sentinel-')));
    await home.write('keys.json', [{ key: NOTES_KEY, namespace: 'mcp-servers', server: 'notes' }]);
    return home;
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  async write(name: string, value: unknown): Promise<void> {
    await writeFile(this.at(`${name}.new`), JSON.stringify(value));
    await rename(this.at(`${name}.new`), this.at(name));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class SentinelProcess {
  readonly child: ChildProcess;
  readonly log: readonly string[];
  readonly ingestUrl: string;
  readonly apiUrl: string;

  private constructor(child: ChildProcess, log: readonly string[], addresses: z.output<typeof listening>) {
    this.child = child;
    this.log = log;
    this.ingestUrl = addresses.ingestUrl;
    this.apiUrl = addresses.apiUrl;
  }

  /** @param wrapper a command that ends by running the one it is given */
  static async start(
    home: SentinelHome,
    extra: SentinelExtra = {},
    wrapper: readonly string[] = [],
  ): Promise<SentinelProcess> {
    const { child, log } = spawnSentinel(home, extra, [], wrapper);
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && child.exitCode === null) {
      for (const line of log) {
        const found = listening.safeParse(parseLine(line));
        if (found.success) return new SentinelProcess(child, log, found.data);
      }
      await sleep(50);
    }
    child.kill('SIGKILL');
    throw new Error(`The sentinel did not start:\n${log.join('\n')}`);
  }

  async post(events: AuditEvent | readonly AuditEvent[], key = NOTES_KEY): Promise<Accepted> {
    const response = await fetch(this.ingestUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify(events),
    });
    const body: unknown = await response.json();
    return { status: response.status, body };
  }

  async get<T>(schema: z.ZodType<T>, pathAndQuery: string): Promise<T> {
    const response = await fetch(this.apiUrl + pathAndQuery);
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${pathAndQuery}: ${response.status} ${JSON.stringify(body)}`);
    return schema.parse(body);
  }

  /** Every event, page by page. */
  async allEvents(limit = 1000): Promise<readonly StoredEvent[]> {
    const events: StoredEvent[] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
      const page = await this.get(eventPage, `${SENTINEL_PATHS.events}?${query.toString()}`);
      events.push(...page.events);
      after = page.next;
    } while (after !== undefined);
    return events;
  }

  /** Waits until every acknowledged event can be found. */
  async settled(): Promise<void> {
    await until(async () => {
      const { pending, components } = await this.get(healthReport, SENTINEL_PATHS.health);
      return pending === 0 && components['store']?.status === 'ok';
    });
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    return endOf(this.child, signal);
  }
}

export function spawnSentinel(
  home: SentinelHome,
  extra: SentinelExtra,
  args: readonly string[] = [],
  wrapper: readonly string[] = [],
) {
  const root = path.resolve(import.meta.dirname, '../../..');
  const environment: SentinelEnvironment = {
    DATA_DIR: home.at('data'),
    INGEST_PORT: '0',
    API_PORT: '0',
    INGEST_KEYS_FILE: home.at('keys.json'),
    INVENTORY_FILE: home.at('inventory.json'),
    ...extra,
  };
  const node = [process.execPath, '--import', 'tsx', 'runtime/sentinel/main.ts', ...args];
  const [program = process.execPath, ...rest] = [...wrapper, ...node];
  const child = spawn(program, rest, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  const log: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => log.push(line));
  }
  return { child, log };
}

/** Resolves to the exit code, `null` after a signal. */
export async function endOf(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  if (signal !== undefined) child.kill(signal);
  await exited;
  return child.exitCode;
}

export async function until(isSo: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('It did not come true in time.');
    await sleep(50);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
