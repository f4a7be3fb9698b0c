// What an operator counts. Labels are kinds, controllers, verbs and outcomes: nothing that grows with the number of
// servers, and no name that a tenant chose.
import type { Cache } from '#runtime/kube/cache.ts';
import type { ReconcileObservation } from '#runtime/kube/controller.ts';
import type { RequestObservation } from '#runtime/kube/kube-client.ts';
import {
  addProcessMetrics,
  Counter,
  createRegistry,
  Gauge,
  Histogram,
  sampledCounter,
  sampledGauge,
  type Registry,
  type Sample,
} from '#runtime/process/metrics.ts';

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface MeteredQueue {
  readonly name: string;
  readonly depth: number;
  readonly failing: number;
}

export interface MeteredCache extends Pick<Cache, 'type' | 'size'> {
  state(): { readonly watchEnds: Readonly<Record<string, number>> };
}

export class OperatorMetrics {
  readonly registry: Registry = createRegistry();
  private readonly reconciles = new Counter({
    name: 'mcp_operator_reconciles_total',
    help: 'Reconciles by controller and result: done, again (looked at later), retry (failed).',
    labelNames: ['controller', 'result'],
    registers: [this.registry],
  });
  private readonly reconcileSeconds = new Histogram({
    name: 'mcp_operator_reconcile_duration_seconds',
    help: 'How long reconciles took.',
    labelNames: ['controller'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  private readonly applies = new Counter({
    name: 'mcp_operator_applies_total',
    help: 'Children by kind and what was done: unchanged, created, applied, deleted, failed.',
    labelNames: ['kind', 'result'],
    registers: [this.registry],
  });
  private readonly requests = new Counter({
    name: 'mcp_operator_api_requests_total',
    help: 'Requests to the API server by verb, resource and status; 0: no answer.',
    labelNames: ['verb', 'resource', 'status'],
    registers: [this.registry],
  });
  private readonly requestSeconds = new Histogram({
    name: 'mcp_operator_api_request_duration_seconds',
    help: 'How long requests to the API server took, watches left out.',
    labelNames: ['verb'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  private readonly leader = new Gauge({
    name: 'mcp_operator_leader',
    help: '1 on the replica that holds the lease.',
    registers: [this.registry],
  });

  constructor() {
    addProcessMetrics(this.registry);
    this.leader.set(0);
  }

  reconciled({ controller, outcome, ms }: ReconcileObservation): void {
    this.reconciles.inc({ controller, result: outcome });
    this.reconcileSeconds.observe({ controller }, ms / 1000);
  }

  applied(kind: string, result: string): void {
    this.applies.inc({ kind, result });
  }

  requested({ verb, resource, subresource, status, ms }: RequestObservation): void {
    const what = subresource === undefined ? resource : `${resource}/${subresource}`;
    this.requests.inc({ verb, resource: what, status: String(status) });
    if (verb !== 'watch') this.requestSeconds.observe({ verb }, ms / 1000);
  }

  leading(isLeader: boolean): void {
    this.leader.set(isLeader ? 1 : 0);
  }

  /** What is read when somebody scrapes. */
  watch(reflectors: readonly MeteredCache[], queues: readonly MeteredQueue[]): void {
    const { registry } = this;
    sampledGauge({
      name: 'mcp_operator_cached_objects',
      help: 'Objects in the caches, by resource.',
      labelNames: ['resource'],
      registry,
      read: () => summed(reflectors, ({ size }) => [['', size]]),
    });
    sampledCounter({
      name: 'mcp_operator_watch_ends_total',
      help: 'Watches that ended and were begun again, by resource and cause.',
      labelNames: ['resource', 'cause'],
      registry,
      read: () => summed(reflectors, (cache) => Object.entries(cache.state().watchEnds)),
    });
    sampledGauge({
      name: 'mcp_operator_queue_depth',
      help: 'Objects that wait for a reconcile, by controller.',
      labelNames: ['controller'],
      registry,
      read: () => queues.map(({ name, depth }) => ({ labels: { controller: name }, value: depth })),
    });
    sampledGauge({
      name: 'mcp_operator_failing_objects',
      help: 'Objects whose last reconcile failed, by controller.',
      labelNames: ['controller'],
      registry,
      read: () => queues.map(({ name, failing }) => ({ labels: { controller: name }, value: failing })),
    });
  }
}

/** Numbers of caches of one resource together, with a cause where there is one. */
function summed(
  caches: readonly MeteredCache[],
  numbers: (cache: MeteredCache) => readonly (readonly [cause: string, value: number])[],
): readonly Sample[] {
  const sums = new Map<string, Sample>();
  for (const cache of caches) {
    for (const [cause, value] of numbers(cache)) {
      const { resource } = cache.type;
      const key = `${resource} ${cause}`;
      const labels: Record<string, string> = cause === '' ? { resource } : { resource, cause };
      sums.set(key, { labels, value: (sums.get(key)?.value ?? 0) + value });
    }
  }
  return [...sums.values()];
}
