// Who has to be looked at when something changes. Changes come in bursts (a rollout is a dozen events), so what only
// shows progress waits a moment for the rest of its burst; what changes permissions never waits.
import { API_VERSION } from '#api/kind.ts';
import { MCPServer } from '#api/mcp-server.ts';
import { objectKey } from '#api/principal.ts';
import { resolve } from '#api/resolve.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import type { Cache, CacheChange } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import type { AcknowledgementSource } from './acknowledgements.ts';
import type { OperatorCaches } from './caches.ts';
import type { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import { serverKeyOf, SERVER_REF_INDEX } from '#runtime/policy-book/server-ref.ts';
import { serverOfLabels } from './server/observe.ts';
import type { RouteBook } from './server/routes.ts';

/** The part of a controller that is needed here. */
export interface Queue {
  enqueue(key: string): void;
  enqueueAfter(key: string, ms: number): void;
}

export interface Queues {
  readonly servers: Queue;
  readonly grants: Queue;
  readonly sessions: Queue;
}

export interface WiringOptions {
  readonly caches: OperatorCaches;
  readonly queues: Queues;
  readonly book: PolicyBook;
  readonly routes: RouteBook;
  readonly acknowledgements: AcknowledgementSource;
  readonly config: OperatorConfig;
}

/** For signs of progress. */
const BURST_MS = 150;
/** For what concerns every server: an ingress class, a Gateway. */
const EVERYBODY_MS = 1000;

function isSpecChange({ type, object, previous }: CacheChange): boolean {
  return type !== 'modified' || previous?.metadata.generation !== object.metadata.generation;
}

/** Keys of the servers that own an object. */
function owningServers({ metadata }: KubeObject): readonly string[] {
  const owners = metadata.ownerReferences ?? [];
  return owners
    .filter(({ kind, apiVersion }) => kind === MCPServer.kind && apiVersion === API_VERSION)
    .map(({ name }) => keyText({ namespace: metadata.namespace, name }));
}

export class Wiring {
  private readonly options: WiringOptions;

  constructor(options: WiringOptions) {
    this.options = options;
  }

  /** Connects everything; caches that are filled later report each object once. */
  connect(): void {
    const { caches, acknowledgements, queues } = this.options;
    caches.servers.onChange((change) => this.serverChanged(change));
    this.followAccess(caches.grants, queues.grants);
    this.followAccess(caches.sessions, queues.sessions);
    for (const cache of caches.children.values()) cache.onChange((change) => this.childChanged(change));
    for (const cache of [caches.pods, caches.replicaSets]) {
      cache.onChange(({ object }) => this.soon(serverOfLabels(object)));
    }
    for (const cache of [caches.ingressClasses, caches.gateways]) {
      cache.onChange(() => this.everybody(() => true));
    }
    caches.sharedAccounts.onChange(({ object }) => {
      this.everybody(({ metadata }) => metadata.namespace === object.metadata.namespace);
    });
    acknowledgements.onChange((server) => this.soon([objectKey(server)]));
    acknowledgements.onStateChange(() => this.everybody(() => true));
  }

  private soon(keys: readonly string[]): void {
    const { servers } = this.options.caches;
    for (const key of keys) {
      const slash = key.indexOf('/');
      const server = servers.get({ namespace: key.slice(0, slash), name: key.slice(slash + 1) });
      if (server !== undefined) this.options.queues.servers.enqueueAfter(key, BURST_MS);
    }
  }

  private everybody(isMeant: (server: KubeObject) => boolean): void {
    for (const server of this.options.caches.servers.list()) {
      if (isMeant(server)) this.options.queues.servers.enqueueAfter(keyText(server.metadata), EVERYBODY_MS);
    }
  }

  private serverChanged(change: CacheChange): void {
    const { queues, routes } = this.options;
    const { object, type } = change;
    const key = keyText(object.metadata);
    if (!isSpecChange(change)) {
      queues.servers.enqueueAfter(key, BURST_MS);
      return;
    }
    const others = type === 'deleted' ? routes.release(key) : this.claimRoute(key);
    for (const other of others) queues.servers.enqueue(other);
    queues.servers.enqueue(key);
    this.accessOf(key);
  }

  /** Notes the route of a server, and asks whoever wanted the same one. */
  private claimRoute(key: string): readonly string[] {
    const { book, routes, config } = this.options;
    const { server } = book.of(key);
    if (server === undefined) return routes.release(key);
    return routes.claim(server, resolve(server, config).route);
  }

  /** Grants and sessions of a server: whether they are bound follows from it. */
  private accessOf(key: string): void {
    const { caches, queues } = this.options;
    for (const grant of caches.grants.byIndex(SERVER_REF_INDEX, key)) {
      queues.grants.enqueue(keyText(grant.metadata));
    }
    for (const session of caches.sessions.byIndex(SERVER_REF_INDEX, key)) {
      queues.sessions.enqueue(keyText(session.metadata));
    }
  }

  /** A change of a grant or session changes the policy of the server it speaks of, before and after. */
  private followAccess(cache: Cache, own: Queue): void {
    cache.onChange((change) => {
      const { object, previous } = change;
      // Also when it is gone: a revocation that was deleted at once still has to be put on record.
      own.enqueue(keyText(object.metadata));
      if (!isSpecChange(change)) return;
      const servers = [serverKeyOf(object), previous === undefined ? undefined : serverKeyOf(previous)];
      for (const key of new Set(servers)) if (key !== undefined) this.options.queues.servers.enqueue(key);
    });
  }

  private childChanged({ object }: CacheChange): void {
    this.soon(owningServers(object));
  }
}
