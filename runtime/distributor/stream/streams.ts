// All streams of proxies. A change of policy goes to the streams of its server at once; everything that time brings (a
// beat, a token that ends, a proxy that has fallen silent) is looked at once a second for all of them together, because a
// thousand streams with timers of their own are a thousand things to wake up for.
import { STREAM_BEAT_MS } from '#api/distributor-api.ts';
import { objectKey } from '#api/principal.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText } from '#runtime/kube/object.ts';
import type { Clock } from '#runtime/kube/clock.ts';
import type { CurrentPolicy } from './document-lines.ts';
import { followPolicyChanges, type PolicyCaches } from './policy-changes.ts';
import type { ProxyStream, StreamEnd } from './proxy-stream.ts';

export interface StreamsOptions {
  readonly caches: PolicyCaches & { readonly pods: Cache };
  /** The policy of a server as it is now; undefined where there is none. */
  readonly policyOf: (serverKey: string) => CurrentPolicy | undefined;
  /** Whether the caches follow the cluster: what is old is not confirmed. */
  readonly isFresh: () => boolean;
  readonly clock: Clock;
  readonly onClosed: (stream: ProxyStream) => void;
}

/** How many streams a pod may hold to this distributor: under two addresses it is found twice. */
const STREAMS_OF_A_POD = 2;
/** How often time is looked at. */
const TICK_MS = 1_000;
/** Silence after which a proxy counts as gone. */
const SILENCE_MS = 3 * STREAM_BEAT_MS;
/** How long a proxy may take nothing. */
const CONGESTED_MS = 30_000;
/** How long a first line may take. */
const HELLO_MS = 10_000;
/** How long policy is made at a stretch, before others get their turn. */
const SLICE_MS = 20;

export class Streams {
  private readonly options: StreamsOptions;
  private readonly byServer = new Map<string, Set<ProxyStream>>();
  private readonly byPod = new Map<string, Set<ProxyStream>>();
  private readonly all = new Map<ProxyStream, { readonly sinceMs: number; readonly beatMs: number }>();
  private readonly changed = new Set<string>();
  private flushing: NodeJS.Immediate | undefined;
  private ticking: NodeJS.Timeout | undefined;

  constructor(options: StreamsOptions) {
    this.options = options;
    followPolicyChanges(options.caches, (key) => this.policyChanged(key));
    options.caches.servers.onChange(({ type, object }) => {
      if (type === 'deleted') this.policyChanged(keyText(object.metadata));
    });
    options.caches.pods.onChange(({ type, object }) => {
      if (type === 'deleted') this.endPod(object.metadata.uid ?? '');
    });
  }

  start(): void {
    this.ticking ??= setInterval(() => this.tick(), TICK_MS);
  }

  get size(): number {
    return this.all.size;
  }

  /** Streams whose proxy enforces something else than what is current here. */
  get behind(): number {
    return [...this.all.keys()].filter(({ isBehind }) => isBehind).length;
  }

  /** Uids of the pods that hold streams. */
  pods(): Iterable<string> {
    return this.byPod.keys();
  }

  ofPod(uid: string): readonly ProxyStream[] {
    return [...(this.byPod.get(uid) ?? [])];
  }

  add(stream: ProxyStream): void {
    const { server, pod } = stream.options;
    const nowMs = this.options.clock.nowMs();
    // Spread, so that a thousand proxies that came at once are not answered in one breath for ever.
    this.all.set(stream, { sinceMs: nowMs, beatMs: STREAM_BEAT_MS * (0.7 + 0.3 * Math.random()) });
    const ofPod = grown(this.byPod, pod.uid, stream);
    grown(this.byServer, objectKey(server), stream);
    const [oldest] = ofPod;
    if (ofPod.size > STREAMS_OF_A_POD) oldest?.end('replaced', 'the pod has opened further streams');
    stream.update(this.options.policyOf(objectKey(server)));
  }

  /** Its connection is gone. */
  remove(stream: ProxyStream): void {
    if (!this.all.delete(stream)) return;
    const { server, pod } = stream.options;
    stream.closed = true;
    shrunk(this.byPod, pod.uid, stream);
    shrunk(this.byServer, objectKey(server), stream);
    this.options.onClosed(stream);
  }

  /** Looks again at the policy of a server, soon and once for all that changes at a time. */
  policyChanged(serverKey: string): void {
    if (!this.byServer.has(serverKey)) return;
    this.changed.add(serverKey);
    this.flushing ??= setImmediate(() => this.flush());
  }

  /** The caches have seen more, maybe without any change: proxies that are behind may take now what they refused. */
  advanced(): void {
    for (const [key, streams] of this.byServer) {
      if ([...streams].some(({ isBehind }) => isBehind)) this.policyChanged(key);
    }
  }

  endAll(reason: StreamEnd, message: string): void {
    clearInterval(this.ticking);
    for (const stream of this.all.keys()) stream.end(reason, message);
  }

  private flush(): void {
    const { clock, policyOf, caches } = this.options;
    const startMs = clock.monotonicMs();
    this.flushing = undefined;
    for (const key of this.changed) {
      this.changed.delete(key);
      const streams = this.byServer.get(key) ?? [];
      const [namespace = '', name = ''] = key.split('/');
      const isThere = caches.servers.get({ namespace, name }) !== undefined;
      const policy = isThere ? policyOf(key) : undefined;
      for (const stream of streams) {
        if (isThere) stream.update(policy);
        else stream.end('server_gone', `there is no server ${key} any more`);
      }
      if (clock.monotonicMs() - startMs > SLICE_MS) break;
    }
    if (this.changed.size > 0) this.flushing = setImmediate(() => this.flush());
  }

  private endPod(uid: string): void {
    for (const stream of this.byPod.get(uid) ?? []) stream.end('pod_gone', 'the pod is gone');
  }

  private tick(): void {
    const { clock, isFresh } = this.options;
    const nowMs = clock.nowMs();
    const fresh = isFresh();
    this.advanced();
    for (const [stream, { sinceMs, beatMs }] of this.all) {
      const { heardAtMs, saidAtMs, congestedSinceMs, isOpen, options } = stream;
      const isSilent = nowMs - heardAtMs > SILENCE_MS || (!isOpen && nowMs - sinceMs > HELLO_MS);
      const isStuck = congestedSinceMs !== undefined && nowMs - congestedSinceMs > CONGESTED_MS;
      if (isSilent || isStuck) stream.cut();
      else if (nowMs >= options.expiresAtMs) stream.end('token_expired', 'the token of this stream ends');
      else if (nowMs - saidAtMs >= beatMs) stream.beat(fresh);
    }
  }
}

function grown(map: Map<string, Set<ProxyStream>>, key: string, stream: ProxyStream): Set<ProxyStream> {
  const set = map.get(key) ?? new Set();
  map.set(key, set.add(stream));
  return set;
}

function shrunk(map: Map<string, Set<ProxyStream>>, key: string, stream: ProxyStream): void {
  const set = map.get(key);
  set?.delete(stream);
  if (set?.size === 0) map.delete(key);
}
