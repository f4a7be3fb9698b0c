// Events of events.k8s.io/v1: what a person sees under an object. They are a courtesy: never awaited by what they tell
// of, never a reason to fail, and bounded in number, rate and memory. The same event again soon is a series, counted in
// the first one.
import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from './clock.ts';
import { isKubeError, type Kube } from './kube.ts';
import { microTime } from './lease.ts';
import type { Log } from './log.ts';
import type { KubeObject, ObjectKey, ResourceType } from './object.ts';

export const EVENTS: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  namespaced: true,
};

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** Why, in one CamelCase word. */
  readonly reason: string;
  /** What was done about it, in one CamelCase word. */
  readonly action: string;
  /** A sentence; cut after 1024 bytes. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly kube: Kube;
  /** Who reports: `example.org/operator`. */
  readonly controller: string;
  /** Which replica of it. */
  readonly instance: string;
  readonly log: Log;
  readonly clock?: Clock;
}

/** The same event within so long is one series. */
const SERIES_MS = 600_000;
/** Of one object: so many events at once, then one in so long. */
const BURST = 25;
const REFILL_MS = 60_000;
/** Bounds of what is remembered, and of what waits to be sent. */
const MOST_SERIES = 2_000;
const MOST_OBJECTS = 2_000;
const MOST_WAITING = 200;
const NOTE_BYTES = 1024;

interface Series {
  key: ObjectKey;
  count: number;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

export class EventRecorder {
  private readonly options: EventRecorderOptions;
  private readonly clock: Clock;
  private readonly series = new Map<string, Series>();
  private readonly buckets = new Map<string, Bucket>();
  private sending: Promise<void> = Promise.resolve();
  private waiting = 0;
  /** Events that were not sent, for their number. */
  dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
  }

  /** Returns at once and never throws. */
  record(regarding: KubeObject, event: EventText): void {
    const nowMs = this.clock.nowMs();
    const same = JSON.stringify([identityOf(regarding), event.type, event.reason, event.action, event.note]);
    const known = this.series.get(same);
    const running = known !== undefined && nowMs - known.lastMs < SERIES_MS ? known : undefined;
    if (running !== undefined) {
      running.count += 1;
      running.lastMs = nowMs;
    }
    if (this.waiting >= MOST_WAITING || !this.mayTell(identityOf(regarding))) {
      this.dropped += 1;
      return;
    }
    if (running !== undefined) {
      this.send(() => this.continue(running, regarding, event));
      return;
    }
    const key = { namespace: regarding.metadata.namespace ?? 'default', name: nameFor(regarding) };
    this.series.delete(same);
    this.series.set(same, { key, count: 1, lastMs: nowMs });
    trim(this.series, MOST_SERIES);
    this.send(() => this.begin(key, regarding, event, nowMs));
  }

  /** Resolves when everything that was recorded so far is sent or given up. */
  idle(): Promise<void> {
    return this.sending;
  }

  private send(work: () => Promise<unknown>): void {
    this.waiting += 1;
    this.sending = this.sending.then(async () => {
      try {
        await work();
      } catch (error) {
        this.options.log.debug({ error }, 'An event could not be recorded.');
      } finally {
        this.waiting -= 1;
      }
    });
  }

  private begin(key: ObjectKey, regarding: KubeObject, event: EventText, nowMs: number): Promise<unknown> {
    const { kube, controller, instance } = this.options;
    const { namespace, name, uid, resourceVersion } = regarding.metadata;
    return kube.create(EVENTS, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: key,
      eventTime: microTime(nowMs),
      reportingController: controller,
      reportingInstance: instance,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: cut(event.note),
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        namespace,
        name,
        uid,
        resourceVersion,
      },
    });
  }

  private async continue(series: Series, regarding: KubeObject, event: EventText): Promise<unknown> {
    const { kube, controller } = this.options;
    const body = { series: { count: series.count, lastObservedTime: microTime(series.lastMs) } };
    try {
      return await kube.patch(EVENTS, series.key, { type: 'merge', body, manager: controller });
    } catch (error) {
      // The server has forgotten the first one.
      if (!isKubeError(error, 'not_found')) throw error;
      series.key = { ...series.key, name: nameFor(regarding) };
      series.count = 1;
      return this.begin(series.key, regarding, event, series.lastMs);
    }
  }

  private mayTell(object: string): boolean {
    const nowMs = this.clock.monotonicMs();
    const bucket = this.buckets.get(object) ?? { tokens: BURST, atMs: nowMs };
    const tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.atMs) / REFILL_MS);
    this.buckets.delete(object);
    this.buckets.set(object, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    trim(this.buckets, MOST_OBJECTS);
    return tokens >= 1;
  }
}

function identityOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}/${metadata.uid ?? ''}`;
}

function nameFor({ metadata }: KubeObject): string {
  return `${metadata.name.slice(0, 200)}.${randomUUID().slice(0, 13)}`;
}

/** Forgets what was touched longest ago. */
function trim(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

function cut(note: string): string {
  const bytes = Buffer.from(note, 'utf8');
  if (bytes.length <= NOTE_BYTES) return note;
  // A character that was cut in the middle becomes a replacement character, which is dropped.
  return `${bytes
    .subarray(0, NOTE_BYTES - 6)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
}
