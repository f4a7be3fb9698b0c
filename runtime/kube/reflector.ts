// A cache of one kind that follows the API server: one list, then a watch that is resumed for as long as the program
// lives. A watch that ends, is cut or falls silent goes on from the last version that was seen; only where the server
// no longer has that version is the kind listed again, and then listeners hear of true differences alone. No error
// ends it. It gives no order between kinds, and no promise of freshness beyond `resourceVersion`.
import { backoffMs } from './backoff.ts';
import type { Cache, CacheChange, CacheListener } from './cache.ts';
import { pause, systemClock, type Clock } from './clock.ts';
import { IndexedStore, type Indexers } from './indexed-store.ts';
import type { WatchEvent } from './kube-call.ts';
import type { ListPage, WatchOptions } from './kube-client.ts';
import { isKubeError, type ListOptions } from './kube.ts';
import type { Log } from './log.ts';
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from './object.ts';
import { nameOf } from './paths.ts';
import { endOf, isNewer, type ReflectorState, type WatchEnd } from './reflector-state.ts';
import type { Turns } from './turns.ts';

/** The part of `KubeClient` that a reflector reads from. */
export interface ReflectorSource {
  pages(type: ResourceType, options: ListOptions, signal: AbortSignal): AsyncIterable<ListPage>;
  watch(type: ResourceType, options: WatchOptions, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

export interface ReflectorOptions {
  readonly type: ResourceType;
  readonly source: ReflectorSource;
  readonly log: Log;
  /** What of the kind is cached. */
  readonly select?: ListOptions;
  /** Whether the kind may be unknown to the server; then the cache is empty, and it is looked for every `absentMs`. */
  readonly optional?: boolean;
  /** Drops what nobody reads before an object is kept. Name, namespace, uid and resourceVersion have to stay. */
  readonly transform?: (object: KubeObject) => KubeObject;
  readonly indexers?: Indexers;
  /** Lists wait for their turn here: one list is read in little memory, those of all kinds at once are not. @default none */
  readonly turns?: Turns;
  readonly clock?: Clock;
  /** @default 30000 */
  readonly absentMs?: number;
}

const BACKOFF = { firstMs: 600, maxMs: 30_000 };
/** After so many watches in a row that brought nothing, the version that they go on from is doubted. */
const DOUBT_AFTER = 5;

export class Reflector implements Cache {
  readonly type: ResourceType;

  private readonly options: ReflectorOptions;
  private readonly clock: Clock;
  private readonly store: IndexedStore;
  private readonly listeners: CacheListener[] = [];
  private readonly first = Promise.withResolvers<undefined>();
  private readonly watchEnds: Record<WatchEnd, number> = {
    ended: 0,
    stalled: 0,
    cut: 0,
    gone: 0,
    refused: 0,
  };
  private lists = 0;
  private absent = false;
  private failures = 0;
  /** Watches in a row that brought nothing, and those that were refused for the age of their version. */
  private fruitless = 0;
  private tooOld = 0;
  private lastHeardAtMs: number | undefined;
  private lastListAtMs: number | undefined;
  private lastError: string | undefined;
  /** Where the watch goes on; undefined where a list has to come first. */
  private position: string | undefined;
  /** Somebody asked for a list, whatever the watch says; who waits for it, and how the watch is left for it. */
  private listAsked: PromiseWithResolvers<undefined> | undefined;
  private interrupt: AbortController | undefined;
  private running: Promise<void> | undefined;
  synced = false;
  resourceVersion = '0';

  constructor(options: ReflectorOptions) {
    this.options = options;
    this.type = options.type;
    this.clock = options.clock ?? systemClock;
    this.store = new IndexedStore(options.indexers ?? {});
    // Nobody has to wait for the first list, and nobody waiting is no failure.
    this.first.promise.catch(() => undefined);
  }

  get size(): number {
    return this.store.size;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.store.get(keyText(key));
  }

  list(): Iterable<KubeObject> {
    return this.store.values();
  }

  /** Throws where there is no such index. */
  byIndex(index: string, value: string): readonly KubeObject[] {
    return this.store.byIndex(index, value);
  }

  onChange(listener: CacheListener): void {
    this.listeners.push(listener);
  }

  /** Begins, and goes on until the signal fires; resolves when it has ended then. A second call changes nothing. */
  start(signal: AbortSignal): Promise<void> {
    this.running ??= this.run(signal);
    return this.running;
  }

  /** Resolves once the first list is in; rejects where the signal of `start` fires before. */
  whenSynced(): Promise<void> {
    return this.first.promise;
  }

  /**
   * Lists again, now: for whoever heard that others have seen more than this cache. Resolves once a list is in that was
   * begun after the call; a server that can't be asked only delays it.
   */
  refresh(): Promise<void> {
    this.listAsked ??= Promise.withResolvers();
    this.interrupt?.abort();
    return this.listAsked.promise;
  }

  state(): ReflectorState {
    const { synced, absent, size, resourceVersion, lastHeardAtMs, lastListAtMs, failures, lastError } = this;
    return {
      kind: nameOf(this.type),
      synced,
      absent,
      size,
      resourceVersion,
      lastHeardAtMs,
      lastListAtMs,
      relists: Math.max(0, this.lists - 1),
      watchEnds: { ...this.watchEnds },
      failures,
      lastError,
    };
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.turn(signal);
      if (waitMs > 0) await pause(waitMs, signal);
    }
    this.first.reject(signal.reason);
  }

  /** One list or one watch; resolves to how long to wait before the next. */
  private async turn(signal: AbortSignal): Promise<number> {
    try {
      if (this.position === undefined || this.listAsked !== undefined) await this.relist(signal);
      else await this.follow(this.position, signal);
      this.failures = 0;
      this.lastError = undefined;
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      return this.afterFailure(error);
    }
  }

  private afterFailure(error: unknown): number {
    const { optional = false, absentMs = 30_000, log } = this.options;
    if (isKubeError(error, 'unknown_kind') && optional) {
      this.forgetAll();
      return absentMs;
    }
    this.failures += 1;
    this.lastError = error instanceof Error ? error.message : String(error);
    const waitMs = Math.max(
      isKubeError(error) ? (error.retryAfterMs ?? 0) : 0,
      backoffMs(BACKOFF, this.failures),
    );
    // A cut connection is everyday; what stays is worth a line, though not every time.
    const level = this.failures < 3 ? 'debug' : 'warn';
    log[level](
      { kind: nameOf(this.type), failures: this.failures, waitMs, error },
      'Watching a kind failed; trying again.',
    );
    return waitMs;
  }

  private async relist(signal: AbortSignal): Promise<void> {
    const { turns } = this.options;
    const asked = this.listAsked;
    this.listAsked = undefined;
    try {
      await (turns === undefined ? this.takeList(signal) : turns.take(() => this.takeList(signal)));
      asked?.resolve(undefined);
    } catch (error) {
      // Who asked waits for the next one, together with whoever asked meanwhile.
      if (asked !== undefined) this.askAgain(asked);
      throw error;
    }
  }

  private askAgain(asked: PromiseWithResolvers<undefined>): void {
    if (this.listAsked === undefined) this.listAsked = asked;
    else void this.listAsked.promise.then(() => asked.resolve(undefined));
  }

  private async takeList(signal: AbortSignal): Promise<void> {
    const { source, select = {} } = this.options;
    const found = new Map<string, KubeObject>();
    let version = '0';
    for await (const page of source.pages(this.type, select, signal)) {
      version = page.resourceVersion;
      for (const item of page.items) {
        const key = keyText(keyOf(item));
        const known = this.store.get(key);
        found.set(key, known !== undefined && isSame(known, item) ? known : this.kept(item));
      }
    }
    this.heard();
    this.lastListAtMs = this.lastHeardAtMs;
    this.lists += 1;
    this.absent = false;
    this.fruitless = 0;
    this.position = version;
    // What a list says is so, even where it is older: then the server's storage was restored from the past.
    this.resourceVersion = version;
    for (const key of this.store.keys()) {
      const successor = found.get(key);
      if (successor === undefined || successor.metadata.uid !== this.store.get(key)?.metadata.uid)
        this.remove(key);
    }
    for (const object of found.values()) this.put(object);
    this.announceSynced();
  }

  private async follow(position: string, signal: AbortSignal): Promise<void> {
    const { source, select = {} } = this.options;
    const timeoutSeconds = Math.round(300 + 300 * Math.random());
    this.fruitless += 1;
    const interrupt = new AbortController();
    const onAbort = () => interrupt.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.interrupt = interrupt;
    try {
      const watch = { ...select, resourceVersion: position, timeoutSeconds };
      for await (const event of source.watch(this.type, watch, interrupt.signal)) this.take(event);
      this.watchEnds.ended += 1;
      this.tooOld = 0;
      // A server that ends every watch at once would otherwise be asked without a pause.
      if (this.fruitless > 1) await pause(backoffMs(BACKOFF, this.fruitless - 1), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (interrupt.signal.aborted) return;
      const end = endOf(error);
      this.watchEnds[end] += 1;
      if (end === 'gone' || isKubeError(error, 'unknown_kind')) this.position = undefined;
      this.tooOld = end === 'gone' ? this.tooOld + 1 : 0;
      // The first is answered by a list at once. A list whose own version is too old needs a pause.
      if (end === 'stalled' || this.tooOld === 1) return;
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.interrupt = undefined;
      if (this.fruitless >= DOUBT_AFTER) this.position = undefined;
    }
  }

  private take(event: WatchEvent): void {
    this.heard();
    this.fruitless = 0;
    this.tooOld = 0;
    if (event.type === 'bookmark') {
      this.advance(event.resourceVersion);
      return;
    }
    const { object } = event;
    // Before the listeners are told, so that what they see is what they are told of.
    this.advance(object.metadata.resourceVersion ?? '0');
    const key = keyText(keyOf(object));
    if (event.type === 'deleted') {
      this.remove(key);
      return;
    }
    const known = this.store.get(key);
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) this.remove(key);
    this.put(this.kept(object));
  }

  private advance(version: string): void {
    this.position = version;
    if (isNewer(version, this.resourceVersion)) this.resourceVersion = version;
  }

  private kept(object: KubeObject): KubeObject {
    return this.options.transform?.(object) ?? object;
  }

  private put(object: KubeObject): void {
    const known = this.store.get(keyText(keyOf(object)));
    if (known === object || (known !== undefined && isSame(known, object))) return;
    const previous = this.store.put(object);
    this.tell(previous === undefined ? { type: 'added', object } : { type: 'modified', object, previous });
  }

  private remove(key: string): void {
    const previous = this.store.delete(key);
    if (previous !== undefined) this.tell({ type: 'deleted', object: previous, previous });
  }

  private forgetAll(): void {
    this.absent = true;
    this.position = undefined;
    this.heard();
    for (const key of this.store.keys()) this.remove(key);
    this.announceSynced();
  }

  private announceSynced(): void {
    if (this.synced) return;
    this.synced = true;
    this.first.resolve(undefined);
  }

  private heard(): void {
    this.failures = 0;
    this.lastError = undefined;
    this.lastHeardAtMs = this.clock.nowMs();
  }

  private tell(change: CacheChange): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.options.log.error({ kind: nameOf(this.type), error }, 'A listener of a cache failed.');
      }
    }
  }
}

function isSame(known: KubeObject, object: KubeObject): boolean {
  return (
    known.metadata.resourceVersion === object.metadata.resourceVersion &&
    known.metadata.uid === object.metadata.uid
  );
}
