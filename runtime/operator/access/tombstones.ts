// What was revoked stays revoked when its object is deleted and applied again: a record per revoked session, in its own
// namespace, written as soon as the revocation is seen and before the policy says so. Kept until the session would have
// ended, a day at least, thirty days where it has no end; after that, an object of that name is a new one.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { FIELD_MANAGERS } from '#api/names.ts';
import type { Permission } from '#api/permission.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { parseResource } from '#api/parse.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import type { Tombstone } from '#policy/compile.ts';
import { isBuried } from '#policy/session-terms.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { isKubeError, type Kube } from '#runtime/kube/kube.ts';
import { apiVersionOf, keyText, type KubeObject } from '#runtime/kube/object.ts';
import { CONFIG_MAP } from '#runtime/policy-book/kinds.ts';
import type { Log } from '#runtime/process/log.ts';
import { at, textAt } from '#runtime/kube/json-path.ts';
import {
  keyOfTombstone,
  MAX_SHARDS,
  renderTombstone,
  SHARD_BYTES,
  shardName,
  TOMBSTONE_LABEL,
  type TombstoneEntry,
} from '#runtime/policy-book/tombstone-map.ts';
import { TombstoneShelf, type Shard } from '#runtime/policy-book/tombstone-shelf.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: '',
    resource: 'configmaps',
    verbs: ['create', 'patch', 'delete'],
    reason:
      'Records of revoked sessions, in the namespace of each, so that none comes back by being applied again.',
  },
];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a tombstone is kept at least, and where the session names no end. */
export const TOMBSTONE_MS = { least: DAY_MS, endless: 30 * DAY_MS } as const;
/** A tombstone that is over is pruned with this delay, so that a cache that is behind misses nothing. */
const PRUNE_DELAY_MS = HOUR_MS;

export interface TombstonesOptions {
  readonly kube: Kube;
  /** ConfigMaps of the platform; others in it are passed over. */
  readonly configMaps: Cache;
  readonly sessions: Cache;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Whether the raw session says that it is revoked; one that is invalid otherwise says it too. */
export function saysRevoked(session: KubeObject): boolean {
  return at(session, 'spec', 'revoked') === true;
}

function refOf({ metadata }: KubeObject): ObjectRef {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

/**
 * What is recorded of a session that was revoked. Its own end counts, not the longest lifetime of its server: that one
 * would start again with the next object of the name.
 */
export function tombstoneFor(session: KubeObject, nowMs: number): Tombstone {
  const endMs = Date.parse(textAt(session, 'spec', 'expiresAt') ?? '');
  const untilMs = Number.isNaN(endMs)
    ? nowMs + TOMBSTONE_MS.endless
    : Math.max(nowMs + TOMBSTONE_MS.least, endMs);
  const { uid } = session.metadata;
  return { ...refOf(session), ...(uid !== undefined && { uid }), until: new Date(untilMs).toISOString() };
}

export class Tombstones {
  private readonly options: TombstonesOptions;
  private readonly shelf: TombstoneShelf;
  /** Records under way: the controllers of a session and of its server may ask at once. */
  private readonly writing = new Map<string, Promise<void>>();

  constructor(options: TombstonesOptions) {
    this.options = options;
    this.shelf = new TombstoneShelf(options);
  }

  get resourceVersion(): string {
    return this.shelf.resourceVersion;
  }

  /** Those that speak of sessions of a name. */
  of(ref: ObjectRef): readonly Tombstone[] {
    return this.shelf.of(ref);
  }

  /** Whether the revocation of exactly this object is on record. */
  has(session: KubeObject): boolean {
    const { uid } = session.metadata;
    return this.of(refOf(session)).some((tombstone) => tombstone.uid === uid);
  }

  /** Those of the sessions that say they are revoked and are not on record. */
  missingOf(sessions: readonly KubeObject[]): readonly KubeObject[] {
    return sessions.filter((session) => saysRevoked(session) && !this.has(session));
  }

  /**
   * Puts a revoked session on record, once. Throws `KubeError` where that fails; a namespace that is being deleted is
   * no failure, because every object in it goes.
   */
  async record(session: KubeObject, signal?: AbortSignal): Promise<void> {
    if (this.has(session)) return;
    const key = session.metadata.uid ?? keyText(session.metadata);
    const writing = this.writing.get(key) ?? this.write(session, signal);
    this.writing.set(key, writing);
    try {
      await writing;
    } finally {
      this.writing.delete(key);
    }
  }

  private async write(session: KubeObject, signal?: AbortSignal): Promise<void> {
    const { log, nowMs } = this.options;
    const tombstone = tombstoneFor(session, nowMs());
    try {
      this.shelf.take(await this.add(tombstone, signal));
      const { until } = tombstone;
      log.info({ session: objectKey(tombstone), until }, 'A revoked session was put on record.');
    } catch (error) {
      if (!isKubeError(error, 'namespace_terminating')) throw error;
    }
  }

  /** Removes tombstones that are over and bury nothing. Nothing happens before all sessions are known. */
  async prune(namespace: string, signal?: AbortSignal): Promise<void> {
    if (!this.options.sessions.synced) return;
    for (const shard of this.shelf.shardsOf(namespace)) {
      const over = shard.map.entries.filter((entry) => this.isOver(entry));
      if (over.length > 0) await this.remove(shard, over, signal);
    }
  }

  async pruneAll(signal?: AbortSignal): Promise<void> {
    for (const namespace of this.shelf.namespaces) await this.prune(namespace, signal);
  }

  /** Over, and no object of the name was made before it was: such a one stays buried as long as it lives. */
  private isOver({ tombstone }: TombstoneEntry): boolean {
    const { nowMs, sessions } = this.options;
    if (Date.parse(tombstone.until) + PRUNE_DELAY_MS > nowMs()) return false;
    const session = sessions.get(tombstone);
    if (session === undefined) return true;
    const parsed = parseResource(MCPAgentSession, session);
    return parsed.ok && !isBuried(parsed.value, tombstone);
  }

  private async remove(
    { object, map }: Shard,
    over: readonly TombstoneEntry[],
    signal?: AbortSignal,
  ): Promise<void> {
    const { kube } = this.options;
    const { uid, resourceVersion } = object.metadata;
    try {
      if (over.length === map.entries.length && map.problems.length === 0) {
        await kube.delete(CONFIG_MAP, object.metadata, { uid, resourceVersion }, signal);
        this.shelf.drop(object);
        return;
      }
      const body = {
        metadata: { resourceVersion },
        data: Object.fromEntries(over.map(({ key }) => [key, null])),
      };
      const manager = FIELD_MANAGERS.operator;
      this.shelf.take(
        await kube.patch(CONFIG_MAP, object.metadata, { type: 'merge', body, manager }, signal),
      );
    } catch (error) {
      // Somebody else wrote it meanwhile, or it is gone; the next round looks again.
      if (!isKubeError(error, 'conflict', 'not_found', 'namespace_terminating')) throw error;
    }
  }

  /** Adds one key to the first ConfigMap with room. Adding reads nothing, so two operators can't lose an entry. */
  private async add(tombstone: Tombstone, signal?: AbortSignal): Promise<KubeObject> {
    const key = keyOfTombstone(tombstone);
    const value = renderTombstone(tombstone);
    for (let number = 1; number <= MAX_SHARDS; number += 1) {
      const ref = { namespace: tombstone.namespace, name: shardName(number) };
      if (this.shelf.usedBytes(ref) + key.length + value.length > SHARD_BYTES) continue;
      try {
        return await this.put(ref, { [key]: value }, signal);
      } catch (error) {
        // Fuller than the cache knew.
        if (!isKubeError(error, 'invalid')) throw error;
      }
    }
    const room = `${MAX_SHARDS} ConfigMaps ${shardName(1)}… of namespace ${tombstone.namespace}`;
    throw new Error(`There is no room in the ${room}; delete revoked sessions that nobody applies any more.`);
  }

  private async put(
    ref: ObjectRef,
    data: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { kube } = this.options;
    const labels = { [LABELS.managedBy]: PLATFORM, [LABELS.partOf]: PLATFORM, [TOMBSTONE_LABEL]: 'true' };
    const patch = async () => {
      const body = { metadata: { labels }, data };
      return await kube.patch(
        CONFIG_MAP,
        ref,
        { type: 'merge', body, manager: FIELD_MANAGERS.operator },
        signal,
      );
    };
    try {
      return await patch();
    } catch (error) {
      if (!isKubeError(error, 'not_found')) throw error;
    }
    const { kind } = CONFIG_MAP;
    const object = { apiVersion: apiVersionOf(CONFIG_MAP), kind, metadata: { ...ref, labels }, data };
    try {
      return await kube.create(CONFIG_MAP, object, signal);
    } catch (error) {
      if (!isKubeError(error, 'already_exists')) throw error;
      return await patch();
    }
  }
}
