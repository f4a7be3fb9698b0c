// What a sentinel counts, for Prometheus. Ingest's counters are plain numbers until somebody asks.
import type { Registry } from '#runtime/process/metrics.ts';
import { addProcessMetrics, createRegistry, sampledCounter, sampledGauge } from '#runtime/process/metrics.ts';
import type { EventStream } from './stream/event-stream.ts';
import type { Backups } from './backup/backups.ts';
import type { Writer } from './writer/writer.ts';

export class IngestCounts {
  readonly requests = new Map<string, number>();
  events = 0;

  readonly count = (outcome: string, events: number): void => {
    this.requests.set(outcome, (this.requests.get(outcome) ?? 0) + 1);
    this.events += events;
  };
}

export interface Measured {
  readonly counts: IngestCounts;
  readonly stream: EventStream;
  readonly writer: Writer;
  readonly backups: Backups | undefined;
}

export function sentinelMetrics({ counts, stream, writer, backups }: Measured): Registry {
  const registry = createRegistry();
  addProcessMetrics(registry);
  const one = (read: () => number) => () => [{ labels: {}, value: read() }];
  sampledCounter({
    registry,
    name: 'mcp_sentinel_ingest_requests_total',
    help: 'Requests to ingest by outcome.',
    labelNames: ['outcome'],
    read: () => [...counts.requests].map(([outcome, value]) => ({ labels: { outcome }, value })),
  });
  sampledCounter({
    registry,
    name: 'mcp_sentinel_events_accepted_total',
    help: 'Events acknowledged by ingest.',
    read: one(() => counts.events),
  });
  sampledCounter({
    registry,
    name: 'mcp_sentinel_events_written_total',
    help: 'Events inserted into the store.',
    read: one(() => writer.written),
  });
  sampledCounter({
    registry,
    name: 'mcp_sentinel_events_lost_total',
    help: 'Acknowledged events that damage to the log has destroyed.',
    read: one(() => stream.stats().lost),
  });
  sampledGauge({
    registry,
    name: 'mcp_sentinel_stream_pending_events',
    help: 'Acknowledged events that are not in the store yet.',
    read: one(() => stream.stats().pending),
  });
  sampledGauge({
    registry,
    name: 'mcp_sentinel_stream_bytes',
    help: 'Size of the log on disk.',
    read: one(() => stream.stats().bytes),
  });
  sampledGauge({
    registry,
    name: 'mcp_sentinel_store_up',
    help: '1 while the store takes events.',
    read: one(() => (writer.problem === undefined ? 1 : 0)),
  });
  if (backups !== undefined) addBackupMetrics(registry, backups);
  return registry;
}

function addBackupMetrics(registry: Registry, backups: Backups): void {
  sampledGauge({
    registry,
    name: 'mcp_sentinel_backup_last_success_timestamp_seconds',
    help: 'When the latest backup of this sentinel was made, Unix time; 0 where there is none.',
    read: () => [{ labels: {}, value: backups.last.atMs / 1000 }],
  });
  sampledGauge({
    registry,
    name: 'mcp_sentinel_backup_last_success_bytes',
    help: 'Size of the latest backup of this sentinel.',
    read: () => [{ labels: {}, value: backups.last.bytes }],
  });
  sampledGauge({
    registry,
    name: 'mcp_sentinel_backup_interval_seconds',
    help: 'Time from one backup to the next; 0 where they are made when somebody asks.',
    read: () => [{ labels: {}, value: backups.everyMs / 1000 }],
  });
  sampledCounter({
    registry,
    name: 'mcp_sentinel_backups_total',
    help: 'Attempts to make a backup by result.',
    labelNames: ['result'],
    read: () => [
      { labels: { result: 'success' }, value: backups.counts.succeeded },
      { labels: { result: 'error' }, value: backups.counts.failed },
    ],
  });
}
