// The proxy's metrics besides those of requests: policy, audit, and what is in progress.
import type { Clock } from '#runtime/process/clock.ts';
import { createRegistry, sampledCounter, sampledGauge, type Registry } from '#runtime/process/metrics.ts';
import type { ProxyConfig } from './config.ts';
import type { Peers } from './peers/peers.ts';
import type { PolicySource } from './policy/policy-source.ts';
import type { StreamsState } from './policy/policy-streams.ts';
import type { Audit } from './proxy.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { ByteBudget } from './state/byte-budget.ts';
import type { Places } from './state/places.ts';
import type { SpanSink } from './tracing/span-sink.ts';

export interface ProxyMetricsOptions {
  readonly config: ProxyConfig;
  readonly clock: Clock;
  readonly policy: PolicySource;
  /** Undefined where no distributor is configured. */
  readonly streams: () => StreamsState | undefined;
  readonly metrics: RequestMetrics;
  readonly places: Places;
  readonly bodies: ByteBudget;
  readonly answers: ByteBudget;
  readonly peers: Peers | undefined;
  readonly audit: Audit | undefined;
  readonly spans: SpanSink | undefined;
}

export function createProxyRegistry(options: ProxyMetricsOptions): Registry {
  const { name, namespace, cluster } = options.config.server;
  const registry = createRegistry({ server: name, namespace, cluster });
  options.metrics.register(registry);
  const { places, bodies, answers } = options;
  sampledGauge({
    name: 'mcp_gateway_inflight_requests',
    help: 'Requests in progress.',
    registry,
    read: () => [{ labels: {}, value: places.inUse }],
  });
  sampledGauge({
    name: 'mcp_gateway_buffered_bytes',
    help: 'Memory of request bodies, and of answers that are not whole yet or not yet taken by their callers.',
    registry,
    labelNames: ['of'],
    read: () => [
      { labels: { of: 'requests' }, value: bodies.inUse },
      { labels: { of: 'answers' }, value: answers.inUse },
    ],
  });
  const { peers } = options;
  if (peers !== undefined) {
    sampledCounter({
      name: 'mcp_gateway_handovers_total',
      help: 'Requests handed over to the pod that holds their session, by outcome.',
      registry,
      labelNames: ['outcome'],
      read: () => [...peers.outcomes].map(([outcome, value]) => ({ labels: { outcome }, value })),
    });
  }
  addPolicyMetrics(registry, options);
  if (options.config.policyStream !== undefined) addStreamMetrics(registry, options);
  if (options.audit !== undefined) addAuditMetrics(registry, options.audit);
  if (options.spans !== undefined) addSpanMetrics(registry, options.spans);
  return registry;
}

function addPolicyMetrics(registry: Registry, { policy, clock }: ProxyMetricsOptions): void {
  sampledCounter({
    name: 'mcp_gateway_policy_reloads_total',
    help: 'Policy documents that were taken into force, or refused.',
    registry,
    labelNames: ['result'],
    read: () => [
      { labels: { result: 'success' }, value: policy.reloads.succeeded },
      { labels: { result: 'error' }, value: policy.reloads.failed },
    ],
  });
  sampledGauge({
    name: 'mcp_gateway_policy_last_reload_success_timestamp_seconds',
    help: 'When the policy in force was loaded.',
    registry,
    read: () =>
      policy.current === undefined ? [] : [{ labels: {}, value: policy.current.loadedAtMs / 1000 }],
  });
  sampledGauge({
    name: 'mcp_gateway_policy_unconfirmed_seconds',
    help: 'How long nobody has confirmed that the policy in force is current.',
    registry,
    read: () =>
      policy.current === undefined
        ? []
        : [{ labels: {}, value: policy.unconfirmedMs(clock.monotonicMs()) / 1000 }],
  });
  sampledGauge({
    name: 'mcp_gateway_policy_active_revision_info',
    help: 'The policy in force, as labels.',
    registry,
    labelNames: ['revision', 'schema_version'],
    read: () => {
      const document = policy.current?.document;
      if (document === undefined) return [];
      return [{ labels: { revision: document.revision, schema_version: document.schema }, value: 1 }];
    },
  });
}

function addStreamMetrics(registry: Registry, { streams }: ProxyMetricsOptions): void {
  sampledGauge({
    name: 'mcp_gateway_policy_distributors',
    help: 'Distributors: known by address, and connected.',
    registry,
    labelNames: ['state'],
    read: () => {
      const { known, connected } = streams() ?? { known: 0, connected: 0 };
      return [
        { labels: { state: 'known' }, value: known },
        { labels: { state: 'connected' }, value: connected },
      ];
    },
  });
}

function addSpanMetrics(registry: Registry, { counts }: SpanSink): void {
  sampledCounter({
    name: 'mcp_gateway_spans_total',
    help: 'Spans: exported to a collector, or dropped because there was no room or no collector took them.',
    registry,
    labelNames: ['result'],
    read: () => [
      { labels: { result: 'exported' }, value: counts.exported },
      { labels: { result: 'dropped' }, value: counts.dropped },
    ],
  });
}

function addAuditMetrics(registry: Registry, { sink, spool, delivery }: Audit): void {
  sampledCounter({
    name: 'mcp_gateway_audit_events_total',
    help: 'Audit events: recorded, lost, delivered to ingest, or set aside because ingest refuses them for good.',
    registry,
    labelNames: ['result'],
    read: () => [
      { labels: { result: 'recorded' }, value: sink.counts.recorded },
      { labels: { result: 'lost' }, value: sink.counts.lost },
      { labels: { result: 'delivered' }, value: delivery.counts.delivered },
      { labels: { result: 'refused' }, value: delivery.counts.parked },
    ],
  });
  sampledCounter({
    name: 'mcp_gateway_audit_failed_deliveries_total',
    help: 'Attempts to deliver a batch that failed.',
    registry,
    read: () => [{ labels: {}, value: delivery.counts.failedAttempts }],
  });
  sampledGauge({
    name: 'mcp_gateway_audit_spool_bytes',
    help: 'Bytes of audit events on disk.',
    registry,
    read: () => [{ labels: {}, value: spool.usedBytes }],
  });
}
