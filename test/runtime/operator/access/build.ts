// A cluster with its caches and what the operator makes of them, at a time that a test moves.
import { MCPServer, type McpServerSpecInput } from '#api/mcp-server.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import type { Condition } from '#api/schema.ts';
import { GrantController } from '#runtime/operator/access/grant-controller.ts';
import { SessionController } from '#runtime/operator/access/session-controller.ts';
import { Tombstones } from '#runtime/operator/access/tombstones.ts';
import { conditionsIn } from '#runtime/operator/access/access-status.ts';
import { CONFIG_MAP, GRANT, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { GRANT_INDEXERS, PolicyBook, SESSION_INDEXERS } from '#runtime/policy-book/policy-book.ts';
import type { Outcome } from '#runtime/kube/controller.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { recordAt } from '#runtime/kube/json-path.ts';
import { silentLog, type Log } from '#runtime/process/log.ts';
import { aServer, NOW_MS } from '#test/policy/build.ts';
import { FakeCluster } from './fake-cluster.ts';

/** The server `team-a/notes` as the API server has it. */
export function rawServer(changes: Partial<McpServerSpecInput> & { readonly name?: string } = {}): object {
  const { metadata, spec } = aServer(changes);
  return { apiVersion: 'mcpruntime.org/v1alpha1', kind: MCPServer.kind, metadata, spec };
}

export function conditionOf(object: KubeObject | undefined, type: string): Condition | undefined {
  return object === undefined ? undefined : conditionsIn(object).find((each) => each.type === type);
}

export class Installation {
  readonly cluster = new FakeCluster();
  nowMs = NOW_MS;
  readonly warnings: string[] = [];
  readonly caches = {
    servers: this.cluster.cache(SERVER),
    grants: this.cluster.cache(GRANT, GRANT_INDEXERS),
    sessions: this.cluster.cache(SESSION, SESSION_INDEXERS),
    configMaps: this.cluster.cache(CONFIG_MAP),
  };
  readonly log: Log = {
    ...silentLog,
    warn: (fields, message) => this.warnings.push(`${message} ${JSON.stringify(fields)}`),
  };
  readonly tombstones = this.newTombstones();
  readonly book = new PolicyBook({
    ...this.caches,
    tombstones: this.tombstones,
    config: DEFAULT_OPERATOR_CONFIG,
    epoch: 3,
  });
  private readonly grants = new GrantController({
    kube: this.cluster,
    grants: this.caches.grants,
    book: this.book,
    nowMs: () => this.nowMs,
  });
  readonly sessions = new SessionController({
    kube: this.cluster,
    sessions: this.caches.sessions,
    book: this.book,
    tombstones: this.tombstones,
    nowMs: () => this.nowMs,
    log: this.log,
  });

  /** Another reader and writer of the same ConfigMaps, as a second replica has. */
  newTombstones(): Tombstones {
    const { cluster, log } = this;
    const { configMaps, sessions } = this.caches;
    return new Tombstones({ kube: cluster, configMaps, sessions, nowMs: () => this.nowMs, log });
  }

  async grant(name = 'grant', namespace = 'team-a'): Promise<Outcome> {
    return await this.grants.reconcile(`${namespace}/${name}`, { signal: new AbortController().signal });
  }

  async session(name = 'session', namespace = 'team-a'): Promise<Outcome> {
    return await this.sessions.reconcile(`${namespace}/${name}`, { signal: new AbortController().signal });
  }

  theGrant(name = 'grant', namespace = 'team-a'): KubeObject | undefined {
    return this.cluster.find('MCPAccessGrant', { namespace, name });
  }

  theSession(name = 'session', namespace = 'team-a'): KubeObject | undefined {
    return this.cluster.find('MCPAgentSession', { namespace, name });
  }

  get writes(): number {
    return this.cluster.requests.length;
  }

  passMinutes(minutes: number): void {
    this.nowMs += minutes * 60_000;
  }
}

interface Marks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The object with labels or annotations of somebody else's. */
export function marked(object: object, marks: Marks): object {
  return { ...object, metadata: { ...recordAt(object, 'metadata'), ...marks } };
}
