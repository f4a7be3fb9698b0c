// The sentinel in a cluster: what it watches there, and whom it asks about tokens. Loaded only where it is configured so,
// because a laptop's sentinel has no use for a Kubernetes client.
import type { Permission } from '#api/permission.ts';
import { withoutBookkeeping } from '#runtime/kube/bookkeeping.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import type { KubeConnection } from '#runtime/kube/kubeconfig.ts';
import { Reflector } from '#runtime/kube/reflector.ts';
import { Sharing } from '#runtime/kube/sharing.ts';
import { TokenReviews } from '#runtime/kube/token-review.ts';
import { GRANT, POD, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { InventorySource } from '../api/inventory-source.ts';
import { PodTokens } from '../ingest/pod-tokens.ts';
import { ClusterInventory } from './cluster-inventory.ts';

export const PERMISSIONS: readonly Permission[] = [
  ...[SERVER, GRANT, SESSION].map(({ group, resource }) => ({
    group,
    resource,
    verbs: ['list', 'watch'] as const,
    reason: 'What runs and who may call it, for the console; servers also to tell whose events arrive.',
  })),
  {
    group: POD.group,
    resource: POD.resource,
    verbs: ['get'],
    reason: 'Which server the pod belongs to that delivers events.',
  },
];

export interface ClusterOptions {
  readonly connection: KubeConnection;
  /** Whether clients of ingest are known by the tokens of their pods. */
  readonly tokens: boolean;
  /** Whether the inventory is read from the cluster. */
  readonly inventory: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export class Cluster {
  readonly tokens: PodTokens | undefined;
  readonly inventory: InventorySource | undefined;
  private readonly kube: KubeClient;
  private readonly reflectors: readonly Reflector[];
  private readonly stopping = new AbortController();
  private ended: Promise<unknown> = Promise.resolve();

  constructor({ connection, tokens, inventory, clock, log }: ClusterOptions) {
    const kube = new KubeClient(connection, { userAgent: 'mcp-runtime-sentinel' });
    const sharing = new Sharing();
    const watch = (type: typeof SERVER) =>
      new Reflector({
        type,
        source: kube,
        clock,
        log,
        transform: (object) => sharing.share(withoutBookkeeping(object)),
      });
    const servers = watch(SERVER);
    this.kube = kube;
    this.reflectors = [servers];
    if (tokens) {
      this.tokens = new PodTokens({ reviews: new TokenReviews({ kube, clock }), kube, servers, clock });
    }
    if (inventory) {
      const [grants, sessions] = [watch(GRANT), watch(SESSION)];
      this.reflectors = [servers, grants, sessions];
      this.inventory = new ClusterInventory({
        servers,
        grants,
        sessions,
        clock,
        problem: () => this.problem,
      });
    }
  }

  /** Whether the first lists are in. */
  get synced(): boolean {
    return this.reflectors.every(({ synced }) => synced);
  }

  /** What is not followed at the moment, and why. */
  get problem(): string | undefined {
    for (const reflector of this.reflectors) {
      const { lastError, failures } = reflector.state();
      if (!reflector.synced)
        return `${reflector.type.resource} are not read yet: ${lastError ?? 'no answer so far'}`;
      if (failures > 0) return `${reflector.type.resource} are as they were: ${lastError ?? 'no answer'}`;
    }
    return undefined;
  }

  /** Begins to watch; nothing waits for it. */
  start(): void {
    this.ended = Promise.all(this.reflectors.map((reflector) => reflector.start(this.stopping.signal)));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
    await this.kube.close();
  }
}
