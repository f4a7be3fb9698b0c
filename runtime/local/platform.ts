// The whole platform in one process tree: the program loaded, its policy compiled, its servers running behind their
// proxies, the sentinel and its console beside them. It wires the parts together and keeps them in line with the
// program; what a part does, the part knows.
import { systemClock, type Clock } from '#runtime/process/clock.ts';
import type { ObjectRef } from '#api/principal.ts';
import { err, ok, type Result } from '#api/result.ts';
import { Catalogue } from './catalogue.ts';
import { Changes } from './changes.ts';
import { openControl, type ControlServer, type RevokeOutcome } from './control-server.ts';
import { describeServers } from './describe-servers.ts';
import type { OnEvent } from './events.ts';
import { letGo, takeHold, type Held } from './hold.ts';
import { InventoryFile, inventoryOf } from './inventory.ts';
import { Monitor } from './monitor.ts';
import type { PlatformStatus } from './platform-status.ts';
import { missingProgram, synthesiseFile } from './program-loader.ts';
import { ProgramWatch } from './program-watch.ts';
import { Reporter } from './reporter.ts';
import { keysFor, SentinelUnit } from './sentinel-unit.ts';
import { partStatus, serverStatus } from './server-status.ts';
import type { StateDir } from './state-dir.ts';
import type { Patience } from './supervised-process.ts';
import type { Synthesis } from './synthesis.ts';
import { messageOf, TroubleError, type Trouble } from './trouble.ts';
import { Units } from './units.ts';

export interface PlatformOptions {
  /** Absolute path of the program. */
  readonly program: string;
  readonly stateDir: string;
  readonly portBase?: number | undefined;
  /** Take any free ports and remember none. @default false */
  readonly anyFreePorts?: boolean | undefined;
  /** Build the console and serve it. @default true */
  readonly console?: boolean | undefined;
  /** Apply edits of the program at once. @default true */
  readonly watch?: boolean | undefined;
  readonly patience?: Partial<Patience> | undefined;
  readonly clock?: Clock | undefined;
  readonly onEvent: OnEvent;
}

/** How long an edit or a revocation waits for the proxies to say that they enforce it. */
const enforceMs = 2_000;

export class Platform {
  readonly dir: StateDir;
  private readonly options: PlatformOptions;
  private readonly changes = new Changes();
  private readonly closing = new AbortController();
  private readonly startedAt = new Date().toISOString();
  private readonly reporter: Reporter;
  private readonly catalogue: Catalogue;
  private readonly sentinel: SentinelUnit;
  private readonly units: Units;
  private readonly monitor: Monitor;
  private readonly held: Held;
  private control: ControlServer | undefined;
  private watcher: ProgramWatch | undefined;
  private programTrouble: Trouble | undefined;
  /** Edits and revocations happen one after the other. */
  private queue: Promise<unknown> = Promise.resolve();
  private readonly inventory: InventoryFile;

  /**
   * Starts everything. Resolves when the parts are started; `settled` waits until they run.
   * @throws TroubleError where nothing can be started: the state folder, another platform, the program
   */
  static async start(options: PlatformOptions): Promise<Platform> {
    const missing = missingProgram(options.program);
    if (missing !== undefined) throw new TroubleError(missing);
    const given = new AbortController();
    // The program loads while the platform's own programs are bundled; both take a second or two.
    const loading = synthesiseFile(options.program, given.signal);
    const held = await takeHold(options).catch((error: unknown) => {
      given.abort();
      throw error;
    });
    try {
      const loaded = await loading;
      if (!loaded.ok) throw new TroubleError(loaded.error);
      const platform = new Platform(options, held);
      await platform.begin(loaded.value);
      return platform;
    } catch (error) {
      await letGo(held);
      throw error;
    }
  }

  private constructor(options: PlatformOptions, held: Held) {
    this.options = options;
    this.held = held;
    this.dir = held.workshop.dir;
    this.inventory = new InventoryFile(this.dir.inventory);
    this.reporter = new Reporter(options.onEvent);
    this.catalogue = new Catalogue({
      dir: this.dir,
      program: options.program,
      clock: options.clock ?? systemClock,
    });
    const onStatus = (): void => this.onStatus();
    const { workshop, ports } = held;
    const consoleDir = workshop.programs.consoleDir;
    const portOrigin = ports.origin;
    const { apiPort, ingestPort } = held;
    this.sentinel = new SentinelUnit(workshop, { apiPort, portOrigin, ingestPort, consoleDir }, onStatus);
    this.units = new Units({ workshop, ports, ingestUrl: this.sentinel.ingestUrl, onStatus });
    this.monitor = new Monitor(() => this.units.all(), this.sentinel, onStatus);
  }

  /** Resolves to whether every part runs; false where one failed or `signal` fired before. */
  async settled(signal: AbortSignal): Promise<boolean> {
    const parts = () => [
      this.sentinel.status,
      ...this.units.all().flatMap((u) => [u.serverStatus, u.proxyStatus]),
    ];
    const isOver = (): boolean => parts().every(({ phase }) => phase === 'running' || phase === 'failed');
    await this.changes.until(isOver, signal);
    await this.monitor.look();
    return parts().every(({ phase }) => phase === 'running');
  }

  status(): PlatformStatus {
    const { program } = this.options;
    const problem = this.monitor.sentinelProblem;
    return {
      pid: process.pid,
      startedAt: this.startedAt,
      program: { file: program, ...(this.programTrouble !== undefined && { trouble: this.programTrouble }) },
      stateDir: this.dir.root,
      manifests: { folder: this.dir.manifests, count: this.catalogue.manifestCount },
      console: { url: this.sentinel.url, ...(problem !== undefined && { problem }) },
      sentinel: partStatus(this.sentinel.status),
      servers: this.units
        .all()
        .map((unit) => serverStatus(unit, this.monitor.enforcementOf(unit), this.catalogue, this.dir))
        .filter((status) => status !== undefined),
      sessions: this.catalogue.sessions(),
    };
  }

  /** Ends a session for good, and waits until its server's proxy says that it knows. */
  revoke(session: ObjectRef): Promise<Result<RevokeOutcome, Trouble>> {
    return this.serially(async () => {
      const revoked = await this.catalogue.revoke(session);
      if (!revoked.ok) return revoked;
      const enforced = await this.enforced();
      this.options.onEvent({ kind: 'revoked', session });
      this.onStatus();
      return ok({ session, revokedAt: revoked.value, enforced });
    });
  }

  /** Loads the program again and applies it; what is wrong with it is reported, and what ran goes on running. */
  reload(): Promise<Result<readonly string[], Trouble>> {
    return this.serially(async () => {
      const [loaded] = await Promise.all([
        synthesiseFile(this.options.program, this.closing.signal),
        this.watcher?.refresh(),
      ]);
      const applied = loaded.ok ? await this.apply(loaded.value) : loaded;
      this.programTrouble = applied.ok ? undefined : applied.error;
      if (applied.ok) this.options.onEvent({ kind: 'applied', changes: applied.value });
      else if (!this.closing.signal.aborted)
        this.options.onEvent({ kind: 'trouble', trouble: applied.error });
      this.onStatus();
      return applied;
    });
  }

  /** Ends everything that was started, proxies first, the sentinel last, so that it gets what they still have. */
  async stop(): Promise<void> {
    this.closing.abort();
    this.watcher?.close();
    this.monitor.stop();
    await this.control?.close();
    await this.queue.catch(() => undefined);
    await this.units.stop();
    await this.sentinel.stop();
    await this.inventory.settled();
    await letGo(this.held);
  }

  /** Ends everything at once. */
  kill(): void {
    this.units.kill();
    this.sentinel.kill();
  }

  private async begin(synthesis: Synthesis): Promise<void> {
    // What the sentinel reads is there before it looks.
    await keysFor(this.dir, []);
    this.onStatus();
    await this.inventory.settled();
    await this.sentinel.start();
    const applied = await this.apply(synthesis);
    if (!applied.ok) {
      await this.sentinel.stop();
      throw new TroubleError(applied.error);
    }
    const actions = { status: () => this.status(), revoke: (session: ObjectRef) => this.revoke(session) };
    this.control = await openControl(actions, this.dir.control);
    this.monitor.start();
    if (this.options.watch !== false) this.watch();
    await this.watcher?.refresh();
  }

  private watch(): void {
    const { program, onEvent } = this.options;
    this.watcher = new ProgramWatch(
      program,
      () => void this.reload(),
      (error) =>
        onEvent({
          kind: 'warning',
          where: program,
          message: `edits are no longer seen: ${messageOf(error)}`,
        }),
    );
  }

  private async apply(synthesis: Synthesis): Promise<Result<readonly string[], Trouble>> {
    const { program } = this.options;
    const taken = await this.catalogue.take(synthesis);
    if (!taken.ok) return taken;
    const { descriptions, notRun } = describeServers(this.catalogue.model, synthesis, program);
    const keys = await keysFor(
      this.dir,
      descriptions.map(({ ref }) => ref),
    );
    const done = await this.units.reconcile(descriptions, keys);
    await this.sentinel.revive();
    this.reporter.program([
      ...synthesis.warnings.map(({ path, message }) => ({ where: path, message })),
      ...notRun,
    ]);
    this.reporter.objects(this.catalogue.policies.flatMap(({ troubles }) => troubles));
    await this.enforced();
    return this.closing.signal.aborted ? err(stoppedTrouble(program)) : ok([...taken.value, ...done]);
  }

  /** Whether every running proxy says that it enforces the policy that was compiled last. */
  private async enforced(): Promise<boolean> {
    const giveUp = AbortSignal.any([this.closing.signal, AbortSignal.timeout(enforceMs)]);
    for (;;) {
      const behind = this.units
        .all()
        .filter((unit) => unit.proxyStatus.phase === 'running')
        .filter(
          (unit) =>
            this.monitor.enforcementOf(unit).revision !==
            this.catalogue.policyOf(unit.ref)?.document.revision,
        );
      if (behind.length === 0) return true;
      if (giveUp.aborted) return false;
      await Promise.all(behind.map((unit) => this.monitor.lookAt(unit)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private onStatus(): void {
    const status = this.status();
    this.reporter.status(status);
    this.inventory.show(inventoryOf(this.catalogue.model, status.servers, status.sessions));
    this.changes.announce();
  }

  private serially<T>(work: () => Promise<T>): Promise<T> {
    const next = this.queue.then(work, work);
    this.queue = next.catch(() => undefined);
    return next;
  }
}

function stoppedTrouble(program: string): Trouble {
  return {
    code: 'program_failed',
    what: 'The platform was stopped while it applied the program.',
    where: program,
    remedy: 'Start it again.',
  };
}
