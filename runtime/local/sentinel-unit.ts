// The embedded sentinel as a child process: ingest, store, API and console. While it is away proxies keep what they
// record on disk; nothing on the way of a call waits for it.
import { randomBytes } from 'node:crypto';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { ingestKeys, type IngestKey, type SentinelEnvironment } from '#api/sentinel-config.ts';
import type { ObjectRef } from '#api/principal.ts';
import { portProblem, portTrouble } from './ports.ts';
import { answersAt } from './probe.ts';
import { readJson, writeJson, type StateDir } from './state-dir.ts';
import type { ProcessStatus, SupervisedProcess } from './supervised-process.ts';
import { basicEnv, superviseIn, type Workshop } from './workshop.ts';

export interface SentinelPlace {
  readonly apiPort: number;
  readonly portOrigin: string;
  readonly ingestPort: number;
  /** Folder of the built console. */
  readonly consoleDir: string | undefined;
}

export class SentinelUnit {
  private readonly workshop: Workshop;
  private readonly place: SentinelPlace;
  private readonly onStatus: () => void;
  private process: SupervisedProcess | undefined;
  private failure: ProcessStatus | undefined;

  constructor(workshop: Workshop, place: SentinelPlace, onStatus: () => void) {
    this.workshop = workshop;
    this.place = place;
    this.onStatus = onStatus;
  }

  get url(): string {
    return `http://127.0.0.1:${this.place.apiPort}`;
  }

  get ingestUrl(): string {
    return `http://127.0.0.1:${this.place.ingestPort}/events`;
  }

  get status(): ProcessStatus {
    return this.failure ?? this.process?.status ?? { phase: 'stopped', restarts: 0 };
  }

  async start(): Promise<void> {
    const { apiPort, portOrigin } = this.place;
    const code = await portProblem(apiPort);
    if (code !== undefined) {
      const trouble = portTrouble('the console', apiPort, code, portOrigin);
      this.failure = { phase: 'failed', restarts: 0, trouble };
      this.onStatus();
      return;
    }
    this.failure = undefined;
    this.process = superviseIn(this.workshop, {
      spec: {
        name: 'The sentinel',
        command: process.execPath,
        args: ['--enable-source-maps', this.workshop.programs.sentinel],
        cwd: this.workshop.dir.root,
        env: { ...basicEnv(), ...this.environment() },
        origin: `data in ${this.workshop.dir.sentinel}`,
        readiness: `answer on ports ${apiPort} and ${this.place.ingestPort}`,
        readinessRemedy: 'See what it says',
      },
      probe: answersAt(this.url + SENTINEL_PATHS.health),
      logName: 'sentinel',
      onStatus: this.onStatus,
    });
    this.process.start();
  }

  /** Tries again where it had failed. */
  async revive(): Promise<void> {
    if (this.status.phase !== 'failed') return;
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.process?.stop();
  }

  kill(): void {
    this.process?.kill();
  }

  private environment(): SentinelEnvironment {
    const { dir } = this.workshop;
    return {
      DATA_DIR: dir.sentinel,
      INGEST_PORT: String(this.place.ingestPort),
      INGEST_KEYS_FILE: dir.ingestKeys,
      API_PORT: String(this.place.apiPort),
      INVENTORY_FILE: dir.inventory,
      BACKUP_DIR: dir.backups,
      ...(this.place.consoleDir !== undefined && { CONSOLE_DIR: this.place.consoleDir }),
    };
  }
}

/** The ingest key of each server; made once per server and kept, so that what is in a spool can still be delivered. */
export async function keysFor(dir: StateDir, servers: readonly ObjectRef[]): Promise<readonly IngestKey[]> {
  const saved = readJson(dir.ingestKeys, ingestKeys);
  const known = saved ?? [];
  const missing = servers.filter(
    (ref) => !known.some((key) => key.namespace === ref.namespace && key.server === ref.name),
  );
  if (missing.length === 0 && saved !== undefined) return saved;
  const keys = [
    ...known,
    ...missing.map(({ namespace, name }) => ({
      namespace,
      server: name,
      key: randomBytes(24).toString('base64url'),
    })),
  ];
  await writeJson(dir.ingestKeys, keys);
  return keys;
}
