// Keeps the Secret with the keys that the proxies of a server share: there before its pods, replaced when the keys are
// old, made anew where somebody spoilt them, and gone with the gateway. Secrets are never listed or watched, because
// whoever may do that may read all of them; each is asked for by its name, seldom, and what it holds is forgotten at once.
// No key is ever logged or told.
import type { GatewayKeys } from '#api/gateway-keys.ts';
import { serverObjectNames } from '#api/names.ts';
import type { Permission } from '#api/permission.ts';
import { isKubeError, KubeError, type Kube } from '#runtime/kube/kube.ts';
import { keyText, type KubeObject, type ObjectKey } from '#runtime/kube/object.ts';
import { SECRET } from '#runtime/policy-book/kinds.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { ChildChange } from '../server/apply-children.ts';
import { firstKeys, planKeys, type RandomBytes } from './keys-plan.ts';
import { heldIn, isOurs, isOwnedBy, isWritable, secretWith } from './keys-secret.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: SECRET.group,
    resource: SECRET.resource,
    verbs: ['get', 'create', 'update', 'delete'],
    reason:
      'The keys that the proxies of a server share, <server>-gateway-keys: a name that no rule can hold, so each is asked for by it and none is listed.',
  },
];

export interface GatewayKeysOptions {
  readonly kube: Pick<Kube, 'get' | 'create' | 'replace' | 'delete'>;
  readonly rotateAfterMs: number;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Hears of keys that were lost, for an Event. */
  readonly onReplaced: (server: KubeObject, note: string) => void;
  readonly log: Log;
}

/** What was done, and when to look again, in milliseconds. */
export interface KeysReport {
  readonly changes: readonly ChildChange[];
  readonly lookAgainMs: number;
}

/** What is known of the pods that need the keys. */
export interface PodsState {
  /** Whether as many run as are asked for. */
  readonly podsRun: boolean;
  /** Whether none was ever asked for. */
  readonly isNew: boolean;
}

/** What was done, and in how many milliseconds the newest key has to have a successor. */
interface Look {
  readonly changes: readonly ChildChange[];
  readonly dueMs: number;
}

interface Seen {
  readonly uid: string;
  /** Monotonic. */
  readonly atMs: number;
  /** How long it is taken for right. */
  readonly forMs: number;
}

/** Half of it at least: servers that were looked at together are not looked at together for ever. */
const TRUSTED_MS = 3_600_000;
/** Pods that don't come up may lack just these. */
const TRUSTED_WITHOUT_PODS_MS = 30_000;

export class GatewayKeysKeeper {
  private readonly options: GatewayKeysOptions;
  /** By `namespace/name` of the server. */
  private readonly seen = new Map<string, Seen>();

  constructor(options: GatewayKeysOptions) {
    this.options = options;
  }

  /**
   * Has the keys of a server as they have to be; asks for nothing where they were so a short while ago.
   * @throws KubeError `already_exists` where somebody else keeps a Secret of that name
   */
  async ensure(server: KubeObject, { podsRun, isNew }: PodsState, signal: AbortSignal): Promise<KeysReport> {
    const key = keyText(server.metadata);
    const leftMs = this.leftMs(server, podsRun);
    if (leftMs > 0) return { changes: [], lookAgainMs: leftMs };
    const { changes, dueMs } = await (isNew ? this.make(server, signal) : this.look(server, signal));
    const { clock, randomBytes } = this.options;
    const spread = 0.5 + randomBytes(1).readUInt8() / 512;
    const forMs = Math.max(1_000, Math.min(TRUSTED_MS * spread, dueMs));
    this.seen.set(key, { uid: server.metadata.uid ?? '', atMs: clock.monotonicMs(), forMs });
    return { changes, lookAgainMs: forMs };
  }

  /** Removes the keys of a server that is governed no longer. */
  async remove(server: KubeObject, signal: AbortSignal): Promise<readonly ChildChange[]> {
    const { kube } = this.options;
    this.forget(keyText(server.metadata));
    const where = placeOf(server);
    const live = await kube.get(SECRET, where, signal);
    if (live === undefined || !isOurs(live) || !isOwnedBy(live, server)) return [];
    const { uid } = live.metadata;
    return (await kube.delete(SECRET, where, { uid }, signal)) ? [change(where.name, 'deleted')] : [];
  }

  /** For a server that is gone. */
  forget(key: string): void {
    this.seen.delete(key);
  }

  private leftMs({ metadata }: KubeObject, podsRun: boolean): number {
    const seen = this.seen.get(keyText(metadata));
    if (seen === undefined || seen.uid !== metadata.uid) return 0;
    const forMs = podsRun ? seen.forMs : Math.min(seen.forMs, TRUSTED_WITHOUT_PODS_MS);
    return seen.atMs + forMs - this.options.clock.monotonicMs();
  }

  /** For a server that has no pods yet, nor keys as a rule: a thousand of them are not asked for in vain. */
  private async make(server: KubeObject, signal: AbortSignal): Promise<Look> {
    try {
      return await this.create(server, signal);
    } catch (error) {
      if (!isKubeError(error, 'already_exists')) throw error;
      return await this.look(server, signal);
    }
  }

  private async look(server: KubeObject, signal: AbortSignal): Promise<Look> {
    const live = await this.options.kube.get(SECRET, placeOf(server), signal);
    return await (live === undefined ? this.create(server, signal) : this.mend(server, live, signal));
  }

  private async create(server: KubeObject, signal: AbortSignal): Promise<Look> {
    const { kube, clock, rotateAfterMs, randomBytes } = this.options;
    const { name } = placeOf(server);
    const keys = firstKeys(clock.nowMs(), randomBytes);
    await kube.create(SECRET, secretWith(keys, { owner: server, name }), signal);
    return { changes: [change(name, 'created')], dueMs: rotateAfterMs };
  }

  private async mend(server: KubeObject, live: KubeObject, signal: AbortSignal): Promise<Look> {
    const { clock, rotateAfterMs, randomBytes } = this.options;
    const { name } = live.metadata;
    if (!isOurs(live)) throw taken(name);
    const nowMs = clock.nowMs();
    const plan = planKeys(heldIn(live, nowMs), { nowMs, rotateAfterMs }, randomBytes);
    switch (plan.kind) {
      case 'keep': {
        const { dueMs } = plan;
        if (isOwnedBy(live, server)) return { changes: [], dueMs };
        await this.write(plan.keys, server, live, signal);
        return { changes: [change(name, 'taken over')], dueMs };
      }
      case 'rotate':
        await this.write(plan.keys, server, live, signal);
        return { changes: [change(name, 'applied')], dueMs: rotateAfterMs };
      case 'replace':
        await this.write(plan.keys, server, live, signal);
        this.tell(server, name, plan.why);
        return { changes: [], dueMs: rotateAfterMs };
    }
  }

  private tell(server: KubeObject, name: string, why: string): void {
    const { log, onReplaced } = this.options;
    log.warn({ server: keyText(server.metadata), why }, 'The keys of a server were spoilt.');
    onReplaced(server, `Secret ${name} ${why}, so its keys are new: sessions that are open begin again.`);
  }

  /**
   * One that a deleted server of that name left is made anew, with what it holds: the garbage collector may have decided
   * on it already, and deletes it by its uid, whoever owns it by then.
   */
  private async write(
    keys: GatewayKeys,
    server: KubeObject,
    live: KubeObject,
    signal: AbortSignal,
  ): Promise<void> {
    const { kube } = this.options;
    const wanted = { owner: server, name: live.metadata.name };
    if (isWritable(live) && isOwnedBy(live, server)) {
      await kube.replace(SECRET, secretWith(keys, { ...wanted, live }), signal);
      return;
    }
    const { uid, resourceVersion } = live.metadata;
    await kube.delete(SECRET, live.metadata, { uid, resourceVersion }, signal);
    await kube.create(SECRET, secretWith(keys, wanted), signal);
  }
}

function placeOf({ metadata }: KubeObject): ObjectKey {
  const { namespace, name } = metadata;
  return { namespace, name: serverObjectNames(name).keysSecret };
}

const change = (name: string, action: ChildChange['action']): ChildChange => ({
  type: SECRET,
  name,
  action,
  differences: [],
});

function taken(name: string): KubeError {
  const message = `create secrets ${name}: there is a Secret of that name that the platform did not make`;
  return new KubeError(message, { code: 'already_exists' });
}
