// Sends spans to a collector by OTLP over HTTP, in batches, one at a time. Nothing waits for it, and its memory is
// bounded: spans that find no room, or that no collector takes, are dropped and counted.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { ProxyConfig, TracesConfig } from '../config.ts';
import type { Exchange } from '../exchange.ts';
import type { Ending } from '../stages/stage.ts';
import { spanOf } from './span-of.ts';
import type { SpanCounts, SpanSink } from './span-sink.ts';

export const SPAN_LIMITS = { waiting: 2048, batch: 512 } as const;

const TIMEOUT_MS = 10_000;
const WARN_INTERVAL_MS = 30_000;
const SUCCESS = 0;

export interface SpanExportOptions {
  readonly traces: TracesConfig;
  readonly config: ProxyConfig;
  readonly clock: Clock;
  readonly log: Log;
}

export class SpanExport implements SpanSink {
  readonly counts: SpanCounts = { exported: 0, dropped: 0 };
  private readonly options: SpanExportOptions;
  private readonly exporter: OTLPTraceExporter;
  private readonly resource: Resource;
  private waiting: ReadableSpan[] = [];
  private exporting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private warnedMs = -Infinity;

  constructor(options: SpanExportOptions) {
    const { traces, config } = options;
    this.options = options;
    this.exporter = new OTLPTraceExporter({ url: traces.url.href, timeoutMillis: TIMEOUT_MS });
    this.resource = resourceFromAttributes({
      'service.name': traces.serviceName,
      'service.namespace': config.server.namespace,
      'service.instance.id': config.instance,
    });
  }

  ended(exchange: Exchange, ending: Ending, durationMs: number): void {
    if (!exchange.sampled) return;
    if (this.waiting.length >= SPAN_LIMITS.waiting) {
      this.counts.dropped += 1;
      return;
    }
    const times = { endMs: this.options.clock.nowMs(), durationMs };
    this.waiting.push(spanOf(exchange, ending, times, this.resource));
    if (this.waiting.length >= SPAN_LIMITS.batch) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), this.options.traces.delayMs).unref();
  }

  async close(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    while (!signal.aborted && (this.waiting.length > 0 || this.exporting !== undefined)) {
      this.flush();
      await Promise.race([this.exporting, stopped]);
    }
    clearTimeout(this.timer);
    this.counts.dropped += this.waiting.length;
    this.waiting = [];
    await Promise.race([this.exporter.shutdown(), stopped]);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.exporting !== undefined || this.waiting.length === 0) return;
    const batch = this.waiting.splice(0, SPAN_LIMITS.batch);
    this.exporting = this.send(batch).finally(() => {
      this.exporting = undefined;
      if (this.waiting.length > 0) this.timer ??= setTimeout(() => this.flush(), this.nextMs()).unref();
    });
  }

  /** A whole batch that waits goes at once. */
  private nextMs(): number {
    return this.waiting.length >= SPAN_LIMITS.batch ? 0 : this.options.traces.delayMs;
  }

  private async send(batch: ReadableSpan[]): Promise<void> {
    const { code, error } = await new Promise<{ readonly code: number; readonly error?: Error }>((resolve) =>
      this.exporter.export(batch, resolve),
    );
    if (code === SUCCESS) {
      this.counts.exported += batch.length;
      return;
    }
    this.counts.dropped += batch.length;
    const { clock, log, traces } = this.options;
    if (clock.monotonicMs() - this.warnedMs < WARN_INTERVAL_MS) return;
    this.warnedMs = clock.monotonicMs();
    log.warn(
      { collector: traces.url.origin, why: error?.message, dropped: this.counts.dropped },
      'Spans could not be exported and are dropped. Check OTEL_EXPORTER_OTLP_ENDPOINT.',
    );
  }
}
