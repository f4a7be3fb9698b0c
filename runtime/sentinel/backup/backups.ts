// The backups of a running sentinel: one after another, by the clock where that is asked for, and whenever somebody asks.
// A backup that fails is tried again and told by log, health and metrics; events are taken and stored meanwhile.
import type { BackupList } from '#api/sentinel-api.ts';
import type { Log } from '#runtime/process/log.ts';
import { errorMessage } from '../errors.ts';
import { BackupError } from './backup-error.ts';
import { bytesOf, type Manifest } from './manifest.ts';
import { takeBackup, type BackupSource } from './take-backup.ts';

export interface BackupsOptions extends BackupSource {
  readonly log: Log;
  /** How many are kept. */
  readonly retain: number;
  /** Milliseconds from one to the next; without it they are made when somebody asks. */
  readonly everyMs: number | undefined;
}

/** A failed one is tried again after this, or after `everyMs` where that is shorter. */
const RETRY_MS = 5 * 60_000;
/** A timer takes no longer than 24 days, and clocks are set. */
const LOOK_AGAIN_MS = 60_000;

export class Backups {
  private readonly options: BackupsOptions;
  private readonly stopping = new AbortController();
  private running: { readonly name: string; readonly done: Promise<unknown> } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retryAtMs = -Infinity;
  private failure: { readonly at: string; readonly message: string } | undefined;
  /** The latest of this sentinel that succeeded, in this run or an earlier one. */
  private latest: { readonly atMs: number; readonly bytes: number } | undefined;
  readonly counts = { succeeded: 0, failed: 0 };

  constructor(options: BackupsOptions) {
    this.options = options;
  }

  /** Why the last one failed; absent once one succeeded. */
  get problem(): string | undefined {
    return this.failure && `No backup since ${this.failure.at}: ${this.failure.message}`;
  }

  /** Unix time in milliseconds, and bytes, of the latest; 0 where there is none. */
  get last(): { readonly atMs: number; readonly bytes: number } {
    return this.latest ?? { atMs: 0, bytes: 0 };
  }

  get everyMs(): number {
    return this.options.everyMs ?? 0;
  }

  /** Clears away what an earlier run left unfinished, and begins to look at the clock. */
  async start(): Promise<void> {
    const { folder, log, sentinel } = this.options;
    try {
      await folder.removePartial();
      const own = (await folder.list(log)).find((manifest) => manifest.sentinel === sentinel);
      if (own !== undefined) this.succeeded(own);
    } catch (error) {
      this.failed(error);
    }
    this.schedule();
  }

  /** Begins one, and tells its name. @throws BackupError where one is being made */
  begin(): string {
    if (this.running !== undefined) {
      throw new BackupError('backup_running', `Backup ${this.running.name} is being made; wait for it.`);
    }
    const { folder, clock } = this.options;
    const name = folder.nameAt(clock.nowMs());
    const done = this.run(name).finally(() => (this.running = undefined));
    this.running = { name, done };
    return name;
  }

  async list(): Promise<BackupList> {
    const { folder, log, retain, everyMs } = this.options;
    const backups = await folder.list(log);
    return {
      backups: backups.map((manifest) => ({
        name: manifest.name,
        createdAt: manifest.createdAt,
        program: manifest.program,
        sentinel: manifest.sentinel,
        events: manifest.totals.events,
        bytes: bytesOf(manifest),
      })),
      retain,
      everyMs,
      running: this.running?.name,
      failure: this.failure,
    };
  }

  /** Gives up what is under way, as far as it can be, and starts nothing more. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort(new Error('the sentinel is shutting down'));
    await this.running?.done;
  }

  private async run(name: string): Promise<void> {
    const { folder, log, retain } = this.options;
    try {
      const manifest = await takeBackup(this.options, name, this.stopping.signal);
      this.succeeded(manifest);
      this.counts.succeeded += 1;
      log.info({ backup: name, events: manifest.totals.events, bytes: bytesOf(manifest) }, 'Backed up.');
      const gone = await folder.prune(await folder.list(log), retain);
      if (gone.length > 0) log.info({ backups: gone }, 'Removed the oldest backups.');
    } catch (error) {
      this.failed(error);
    }
  }

  private succeeded(manifest: Manifest): void {
    this.failure = undefined;
    this.latest = { atMs: Date.parse(manifest.createdAt), bytes: bytesOf(manifest) };
  }

  private failed(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    const { clock, log, everyMs = RETRY_MS } = this.options;
    this.counts.failed += 1;
    this.retryAtMs = clock.nowMs() + Math.min(RETRY_MS, everyMs);
    this.failure = { at: new Date(clock.nowMs()).toISOString(), message: errorMessage(error) };
    log.error({ problem: this.failure.message }, 'The backup failed; nothing of it is left.');
  }

  private schedule(): void {
    const { everyMs, clock } = this.options;
    if (everyMs === undefined || this.stopping.signal.aborted) return;
    // Asked again when the time has come: one may have been made meanwhile.
    const leftMs = (): number => Math.max(this.last.atMs + everyMs, this.retryAtMs) - clock.nowMs();
    this.timer = setTimeout(
      () => {
        if (this.running === undefined && leftMs() <= 0) this.begin();
        this.schedule();
      },
      Math.min(Math.max(leftMs(), 1_000), LOOK_AGAIN_MS),
    );
  }
}
