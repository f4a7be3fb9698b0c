// Prometheus metrics. Counting has to cost nothing on a hot path, so the counters and histograms here are plain
// numbers until somebody scrapes; prom-client only registers and prints them.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export { Counter, Gauge, Histogram, Registry };

/** A registry of its own, with labels that every series of the program carries. */
export function createRegistry(labels: Readonly<Record<string, string>> = {}): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ ...labels });
  return registry;
}

/** The process's own metrics (CPU, memory, event loop lag, file descriptors). Costs a timer; programs opt in. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}

/** One sample of a metric when it is read. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface SampledOptions {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
  readonly labelNames?: readonly string[];
  /** Read at each scrape. */
  readonly read: () => Iterable<Sample>;
}

/** A counter whose numbers live elsewhere; `read` has to be monotonic. */
export function sampledCounter(options: SampledOptions): void {
  new Counter({
    name: options.name,
    help: options.help,
    labelNames: [...(options.labelNames ?? [])],
    registers: [options.registry],
    collect() {
      this.reset();
      for (const { labels, value } of options.read()) this.inc({ ...labels }, value);
    },
  });
}

/** A gauge whose numbers live elsewhere. */
export function sampledGauge(options: SampledOptions): void {
  new Gauge({
    name: options.name,
    help: options.help,
    labelNames: [...(options.labelNames ?? [])],
    registers: [options.registry],
    collect() {
      this.reset();
      for (const { labels, value } of options.read()) this.set({ ...labels }, value);
    },
  });
}

/** Counts per bucket of one series; `bounds` ascend. */
export class Buckets {
  readonly counts: Float64Array;
  sum = 0;
  count = 0;
  private readonly bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length);
  }

  observe(value: number): void {
    this.sum += value;
    this.count += 1;
    const { bounds } = this;
    for (let at = 0; at < bounds.length; at += 1) {
      if (value <= (bounds[at] ?? Infinity)) {
        this.counts[at] = (this.counts[at] ?? 0) + 1;
        return;
      }
    }
  }

  /** Adds the counts of another with the same bounds. */
  add(other: Buckets): void {
    this.sum += other.sum;
    this.count += other.count;
    other.counts.forEach((count, at) => {
      this.counts[at] = (this.counts[at] ?? 0) + count;
    });
  }
}

export interface HistogramSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets: Buckets;
}

export interface SampledHistogramOptions extends Omit<SampledOptions, 'read'> {
  readonly bounds: readonly number[];
  readonly read: () => Iterable<HistogramSeries>;
}

/** A histogram whose buckets live elsewhere. */
class SampledHistogram extends Histogram {
  private readonly options: SampledHistogramOptions;

  constructor(options: SampledHistogramOptions) {
    super({
      name: options.name,
      help: options.help,
      labelNames: [...(options.labelNames ?? [])],
      buckets: [...options.bounds],
      registers: [options.registry],
    });
    this.options = options;
  }

  /** What the registry of prom-client 15 calls when it prints; not in its types. */
  getForPromString() {
    const { name, help, bounds, read } = this.options;
    const values = [...read()].flatMap((series) => printed(name, bounds, series));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }
}

function printed(name: string, bounds: readonly number[], { labels, buckets }: HistogramSeries) {
  let below = 0;
  const rows = bounds.map((bound, at) => {
    below += buckets.counts[at] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below };
  });
  return [
    ...rows,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: buckets.count },
    { metricName: `${name}_sum`, labels: { ...labels }, value: buckets.sum },
    { metricName: `${name}_count`, labels: { ...labels }, value: buckets.count },
  ];
}

export function sampledHistogram(options: SampledHistogramOptions): void {
  new SampledHistogram(options);
}
