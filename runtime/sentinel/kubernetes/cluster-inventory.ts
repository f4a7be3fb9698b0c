// The picture of what runs, read from the cluster's own objects: what authors asked for, and what the operator says has
// become of it. It is for people; nothing is authorised from it, so an object that is odd is shown as far as it can be.
import type {
  Inventory,
  InventoryGrant,
  InventoryServer,
  InventorySession,
  InventorySubject,
  ServerState,
} from '#api/inventory.ts';
import { SIDE_EFFECTS } from '#api/side-effect.ts';
import { TRUST_LEVELS } from '#api/trust.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { at, listAt, textAt } from '#runtime/kube/json-path.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { serverKeyOf } from '#runtime/policy-book/server-ref.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { InventorySource } from '../api/inventory-source.ts';
import type { LiveFeed } from '../api/live-feed.ts';

export interface ClusterInventoryOptions {
  readonly servers: Cache;
  readonly grants: Cache;
  readonly sessions: Cache;
  readonly clock: Clock;
  /** Why the caches may be old. */
  readonly problem: () => string | undefined;
}

/** Changes come in swarms; people are told once a swarm. */
const GATHER_MS = 400;
/** Sessions expire without anybody writing it down. */
const LOOK_AGAIN_MS = 5_000;
/** Most that the contract holds of each. */
const MOST = { servers: 10_000, access: 100_000, tools: 1_000 } as const;
const TEXT = 4_096;

export class ClusterInventory implements InventorySource {
  private readonly options: ClusterInventoryOptions;
  private picture: { readonly inventory: Inventory; readonly drawnMs: number } | undefined;
  private feed: LiveFeed | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: ClusterInventoryOptions) {
    this.options = options;
    for (const cache of [options.servers, options.grants, options.sessions]) {
      cache.onChange(() => this.changed());
    }
  }

  current(): Promise<Inventory> {
    const nowMs = this.options.clock.monotonicMs();
    if (this.picture === undefined || nowMs - this.picture.drawnMs > LOOK_AGAIN_MS) {
      this.picture = { inventory: this.draw(), drawnMs: nowMs };
    }
    return Promise.resolve(this.picture.inventory);
  }

  get problem(): string | undefined {
    return this.options.problem();
  }

  announceTo(feed: LiveFeed): void {
    this.feed = feed;
  }

  stop(): void {
    this.feed = undefined;
    clearTimeout(this.timer);
  }

  private changed(): void {
    this.picture = undefined;
    const { feed } = this;
    if (feed === undefined || feed.size === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.feed?.inventoryChanged();
    }, GATHER_MS);
  }

  private draw(): Inventory {
    const { servers, grants, sessions, clock } = this.options;
    const nowMs = clock.nowMs();
    return {
      servers: [...servers.list()].slice(0, MOST.servers).map(serverOf),
      grants: [...grants.list()].slice(0, MOST.access).map(grantOf),
      sessions: [...sessions.list()].slice(0, MOST.access).map((session) => sessionOf(session, nowMs)),
    };
  }
}

const STATES: Readonly<Record<string, ServerState>> = {
  Ready: 'ready',
  PartiallyReady: 'starting',
  Pending: 'starting',
  Error: 'failed',
  Suspended: 'stopped',
};

const bounded = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text?.slice(0, TEXT);

const oneOf = <Word extends string>(words: readonly Word[], text: string | undefined): Word | undefined =>
  words.find((word) => word === text);

const placeOf = ({ metadata }: KubeObject) => ({ namespace: metadata.namespace ?? '', name: metadata.name });

function serverOf(server: KubeObject): InventoryServer {
  return {
    ...placeOf(server),
    url: bounded(textAt(server, 'status', 'resolved', 'url')),
    state: STATES[textAt(server, 'status', 'phase') ?? ''] ?? 'starting',
    message: bounded(textAt(server, 'status', 'message')),
    description: bounded(textAt(server, 'spec', 'description')),
    policyRevision: bounded(textAt(server, 'status', 'policyRevision')),
    tools: listAt(server, 'spec', 'tools').slice(0, MOST.tools).map(toolOf),
  };
}

function toolOf(tool: unknown): InventoryServer['tools'][number] {
  return {
    name: bounded(textAt(tool, 'name')) ?? '',
    requiredTrust: oneOf(TRUST_LEVELS, textAt(tool, 'requiredTrust')),
    sideEffect: oneOf(SIDE_EFFECTS, textAt(tool, 'sideEffect')),
  };
}

/** `name` in the object's own namespace, else `namespace/name`. */
function serverNameOf(object: KubeObject): string {
  const key = serverKeyOf(object) ?? '';
  const own = `${object.metadata.namespace ?? ''}/`;
  return key.startsWith(own) ? key.slice(own.length) : key;
}

function subjectOf(object: KubeObject): InventorySubject {
  const read = (name: string) => bounded(textAt(object, 'spec', 'subject', name));
  return { humanId: read('humanID'), agentId: read('agentID'), teamId: read('teamID') };
}

function grantOf(grant: KubeObject): InventoryGrant {
  return {
    ...placeOf(grant),
    server: serverNameOf(grant),
    subject: subjectOf(grant),
    maxTrust: oneOf(TRUST_LEVELS, textAt(grant, 'spec', 'maxTrust')) ?? 'low',
    disabled: at(grant, 'spec', 'disabled') === true,
  };
}

function sessionOf(session: KubeObject, nowMs: number): InventorySession {
  const expiresMs = Date.parse(
    textAt(session, 'status', 'expiresAt') ?? textAt(session, 'spec', 'expiresAt') ?? '',
  );
  const isRevoked =
    at(session, 'spec', 'revoked') === true || textAt(session, 'status', 'phase') === 'Revoked';
  return {
    ...placeOf(session),
    server: serverNameOf(session),
    subject: subjectOf(session),
    consentedTrust: oneOf(TRUST_LEVELS, textAt(session, 'spec', 'consentedTrust')) ?? 'low',
    expiresAt: Number.isNaN(expiresMs) ? undefined : new Date(expiresMs).toISOString(),
    state: isRevoked ? 'revoked' : expiresMs <= nowMs ? 'expired' : 'active',
  };
}
