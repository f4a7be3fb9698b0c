// The life of an operator: every replica fills its caches and waits, the one that holds the lease works, and none works
// beside an operator of the Go system. A replica that lost the lease has to end, because what it began may still run.
import { readFile } from 'node:fs/promises';
import { FIELD_MANAGERS, NAMESPACES } from '#api/names.ts';
import type { Permission } from '#api/permission.ts';
import { pause } from '#runtime/kube/clock.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import type { KubeConnection } from '#runtime/kube/kubeconfig.ts';
import { LeaderElection, LEASES, type LeaseEnd } from '#runtime/kube/lease.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { NO_ACKNOWLEDGEMENTS } from './acknowledgements.ts';
import { assemble, type Assembly } from './assembly.ts';
import { createCaches, type WatchedCaches } from './caches.ts';
import type { OperatorSettings } from './config.ts';
import { OPERATOR_LEASE } from './kinds.ts';
import { OperatorMetrics } from './metrics.ts';
import { HttpAcknowledgements } from './policy/http-acknowledgements.ts';
import { bundleIn } from './trust/trust-maps.ts';
import { definitionCheck, goOperatorAtWork, GO_LEASE } from './readiness.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: LEASES.group,
    resource: LEASES.resource,
    verbs: ['get', 'create', 'update'],
    scope: 'platform',
    reason: 'One of the replicas works; which one, the lease says.',
  },
];

export interface OperatorOptions {
  readonly connection: KubeConnection;
  readonly settings: OperatorSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** Requests to the API server in flight. */
const CONNECTIONS = 16;
/** How often it is looked whether an operator of the Go system is at work. */
const NEIGHBOUR_MS = 10_000;
/** How long a start waits for what proxies say. */
const FIRST_WORD_MS = 10_000;
/** How often tombstones that are over are removed. */
const PRUNE_MS = 3_600_000;

export class Operator {
  readonly metrics = new OperatorMetrics();
  private readonly options: OperatorOptions;
  private readonly kube: KubeClient;
  private readonly caches: WatchedCaches;
  private readonly assembly: Assembly;
  private readonly acknowledgements: HttpAcknowledgements | undefined;
  private readonly stopping = new AbortController();
  private readonly schemaProblems = definitionCheck();
  /** Absent where there is no election: then nobody else works. */
  private election: LeaderElection | undefined;
  private ended: Promise<LeaseEnd> | undefined;
  private neighbour: string | undefined;

  constructor(options: OperatorOptions) {
    const { connection, settings, clock, log } = options;
    this.options = options;
    this.kube = new KubeClient(connection, {
      connections: CONNECTIONS,
      userAgent: 'mcp-runtime-operator',
      manager: FIELD_MANAGERS.operator,
      onRequest: (observation) => this.metrics.requested(observation),
    });
    this.caches = createCaches({ source: this.kube, log, clock });
    const { acknowledgementsUrl: url } = settings;
    this.acknowledgements = url === undefined ? undefined : this.acknowledgementsFrom(url);
    this.assembly = assemble({
      kube: this.kube.fenced(() => this.election?.isCertain ?? true),
      caches: this.caches,
      settings,
      acknowledgements: this.acknowledgements ?? NO_ACKNOWLEDGEMENTS,
      metrics: this.metrics,
      clock,
      log,
    });
    this.metrics.watch(this.caches.reflectors, this.assembly.controllers);
  }

  private acknowledgementsFrom(url: URL): HttpAcknowledgements {
    const { settings, log } = this.options;
    const { acknowledgementsTokenFile: file } = settings;
    const { configMaps } = this.caches;
    return new HttpAcknowledgements({
      url: url.href,
      log,
      ...(url.protocol === 'https:' && { ca: () => bundleIn(configMaps, NAMESPACES.platform) }),
      // Read for every stream: the kubelet replaces it.
      ...(file !== undefined && { token: async () => (await readFile(file, 'utf8')).trim() }),
    });
  }

  /** Why this replica can't be counted on; none: it can. */
  problems(): readonly string[] {
    const late = this.caches.reflectors.filter(({ synced }) => !synced);
    if (late.length > 0) {
      return late.map((reflector) => {
        const { lastError } = reflector.state();
        return `${reflector.type.resource} are not read yet${lastError === undefined ? '' : `: ${lastError}`}`;
      });
    }
    const neighbour =
      this.neighbour === undefined
        ? []
        : [
            `The operator of the Go system (${this.neighbour}) is at work: end it, or remove its lease ${GO_LEASE}.`,
          ];
    return [...neighbour, ...this.schemaProblems(this.caches.definitions)];
  }

  /** Works until it is stopped or has lost the lease. */
  run(leaderElect: boolean): Promise<LeaseEnd> {
    this.ended ??= this.live(leaderElect, this.stopping.signal);
    return this.ended;
  }

  /** Lets running reconciles come to their end and hands the lease on. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
    await this.kube.close();
  }

  private async live(leaderElect: boolean, signal: AbortSignal): Promise<LeaseEnd> {
    const { log } = this.options;
    void this.acknowledgements?.run(signal);
    if (!(await this.fillCaches(signal))) return 'stopped';
    log.info({}, 'The caches are filled.');
    // Without it, the first pass would say of every proxy that nothing is known of it.
    if (this.isTrustKnown()) await this.acknowledgements?.whenHeard(FIRST_WORD_MS, signal);
    await this.waitForNeighbour(signal);
    if (signal.aborted) return 'stopped';
    if (leaderElect) return await this.lead(signal);
    await this.work(signal);
    return 'stopped';
  }

  /** Not in a new installation: the replica that works makes first what the distributors are known by. */
  private isTrustKnown(): boolean {
    const { trust } = this.options.settings;
    return trust === undefined || bundleIn(this.caches.configMaps, NAMESPACES.platform) !== undefined;
  }

  /** False where the signal fired before everything was read. */
  private async fillCaches(signal: AbortSignal): Promise<boolean> {
    const { reflectors } = this.caches;
    for (const reflector of reflectors) void reflector.start(signal);
    try {
      await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  private async lead(signal: AbortSignal): Promise<LeaseEnd> {
    const { settings, clock, log } = this.options;
    this.election = new LeaderElection({
      kube: this.kube,
      namespace: settings.namespace,
      name: OPERATOR_LEASE,
      identity: settings.identity,
      log,
      clock,
      onStarted: (leading) => this.work(leading),
    });
    return await this.election.run(signal);
  }

  private async work(signal: AbortSignal): Promise<void> {
    const { assembly } = this;
    const { controllers, tombstones, trust } = assembly;
    // It may have come while this replica waited for the lease.
    await this.refuseNeighbour(signal);
    this.metrics.leading(true);
    const trusted = Promise.withResolvers<undefined>();
    // Before the first pod: what it trusts is there when it starts.
    const keeping = trust?.run(() => trusted.resolve(undefined), signal);
    if (trust === undefined) trusted.resolve(undefined);
    await trusted.promise;
    assembly.catchUp();
    for (const controller of controllers) controller.start();
    try {
      await Promise.all([this.watchNeighbour(signal), this.pruneTombstones(tombstones, signal), keeping]);
    } finally {
      await Promise.all(controllers.map((controller) => controller.stop()));
      this.metrics.leading(false);
    }
  }

  private async pruneTombstones(tombstones: Assembly['tombstones'], signal: AbortSignal): Promise<void> {
    const isOver = () => signal.aborted;
    while (!isOver()) {
      try {
        await tombstones.pruneAll(signal);
      } catch (error) {
        if (!isOver()) this.options.log.warn({ error }, 'Old tombstones could not be removed.');
      }
      await pause(PRUNE_MS, signal);
    }
  }

  private async waitForNeighbour(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.hasNeighbour(signal))) await pause(NEIGHBOUR_MS, signal);
  }

  /** @throws Error where the Go operator has come back, so that this one stops working */
  private async watchNeighbour(signal: AbortSignal): Promise<void> {
    const isOver = () => signal.aborted;
    while (!isOver()) {
      await pause(NEIGHBOUR_MS, signal);
      if (!isOver()) await this.refuseNeighbour(signal);
    }
  }

  private async refuseNeighbour(signal: AbortSignal): Promise<void> {
    if (!(await this.hasNeighbour(signal))) return;
    throw new Error(`The operator of the Go system (${this.neighbour ?? ''}) works on the same servers.`);
  }

  private async hasNeighbour(signal: AbortSignal): Promise<boolean> {
    const { settings, clock, log } = this.options;
    const before = this.neighbour;
    try {
      this.neighbour = await goOperatorAtWork(this.kube, settings.namespace, clock.nowMs(), signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, 'The lease of the Go system could not be read.');
    }
    if (this.neighbour !== undefined && before === undefined) {
      log.warn({ holder: this.neighbour, lease: GO_LEASE }, 'The operator of the Go system is at work.');
    }
    return this.neighbour !== undefined;
  }
}
