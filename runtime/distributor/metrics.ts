// What a distributor counts. Labels are kinds, reasons and outcomes: nothing that grows with the number of servers, and
// no name that a tenant chose.
import type { Reflector } from '#runtime/kube/reflector.ts';
import {
  addProcessMetrics,
  Counter,
  createRegistry,
  sampledCounter,
  sampledGauge,
  type Registry,
} from '#runtime/process/metrics.ts';

export interface Observed {
  readonly streams: number;
  readonly behind: number;
  /** Milliseconds since the epoch; undefined before there is a certificate. */
  readonly certificateEndsAtMs: number | undefined;
}

export class DistributorMetrics {
  readonly registry: Registry = createRegistry();
  private readonly documents = this.counter('documents_sent_total', 'Documents that were sent to proxies.');
  private readonly refusals = this.counter(
    'documents_refused_total',
    'Documents that proxies did not take, by cause: behind (older than what they have), unusable.',
    'cause',
  );
  private readonly entries = this.counter(
    'entries_refused_total',
    'Streams that were not let in, by reason.',
    'reason',
  );
  private readonly reviews = this.counter(
    'token_reviews_total',
    'Tokens that the API server was asked about, by outcome.',
    'outcome',
  );
  private readonly refreshes = this.counter(
    'cache_refreshes_total',
    'Caches that were listed again because somebody had seen more, by cache.',
    'cache',
  );
  private readonly ends = this.counter(
    'streams_ended_total',
    'Streams that this side ended, by reason.',
    'reason',
  );
  private readonly probes = this.counter(
    'isolation_probes_total',
    'Attempts to reach a server past its proxy, by result.',
    'result',
  );

  constructor() {
    addProcessMetrics(this.registry);
  }

  documentSent(): void {
    this.documents.inc();
  }

  documentRefused(cause: 'behind' | 'unusable'): void {
    this.refusals.inc({ cause });
  }

  entryRefused(reason: string): void {
    this.entries.inc({ reason });
  }

  reviewed(outcome: string): void {
    this.reviews.inc({ outcome });
  }

  refreshed(cache: string): void {
    this.refreshes.inc({ cache });
  }

  ended(reason: string): void {
    this.ends.inc({ reason });
  }

  probed(reachable: boolean): void {
    this.probes.inc({ result: reachable ? 'reachable' : 'unreachable' });
  }

  /** What is read when somebody scrapes. */
  watch(reflectors: readonly Reflector[], observe: () => Observed): void {
    const { registry } = this;
    const gauge = (name: string, help: string, read: () => number | undefined) => {
      sampledGauge({
        name: `mcp_distributor_${name}`,
        help,
        registry,
        read: () => {
          const value = read();
          return value === undefined ? [] : [{ labels: {}, value }];
        },
      });
    };
    gauge('streams', 'Open streams of proxies.', () => observe().streams);
    gauge(
      'streams_behind',
      'Open streams whose proxy enforces another policy than the current one.',
      () => observe().behind,
    );
    gauge('certificate_ends_seconds', 'When the serving certificate ends, as Unix time.', () => {
      const { certificateEndsAtMs: ms } = observe();
      return ms === undefined ? undefined : ms / 1000;
    });
    sampledGauge({
      name: 'mcp_distributor_cached_objects',
      help: 'Objects in the caches, by resource.',
      labelNames: ['resource'],
      registry,
      read: () => reflectors.map(({ type, size }) => ({ labels: { resource: type.resource }, value: size })),
    });
    sampledCounter({
      name: 'mcp_distributor_watch_ends_total',
      help: 'Watches that ended and were begun again, by resource and cause.',
      labelNames: ['resource', 'cause'],
      registry,
      read: () =>
        reflectors.flatMap((reflector) =>
          Object.entries(reflector.state().watchEnds).map(([cause, value]) => ({
            labels: { resource: reflector.type.resource, cause },
            value,
          })),
        ),
    });
  }

  private counter(name: string, help: string, ...labelNames: readonly string[]): Counter {
    return new Counter({
      name: `mcp_distributor_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }
}
