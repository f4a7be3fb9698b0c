import { describe, expect, it } from '@jest/globals';
import {
  Buckets,
  createRegistry,
  sampledCounter,
  sampledGauge,
  sampledHistogram,
} from '#runtime/process/metrics.ts';

describe('metrics', () => {
  it('prints sampled counters and gauges with their labels and the registry’s own', async () => {
    const registry = createRegistry({ server: 's' });
    let count = 1;
    sampledCounter({
      name: 'calls_total',
      help: 'Calls.',
      registry,
      labelNames: ['kind'],
      read: () => [{ labels: { kind: 'a' }, value: count }],
    });
    sampledGauge({ name: 'open', help: 'Open.', registry, read: () => [{ labels: {}, value: 7 }] });
    expect(await registry.metrics()).toContain('calls_total{kind="a",server="s"} 1');
    count = 5;
    const text = await registry.metrics();
    expect(text).toContain('calls_total{kind="a",server="s"} 5');
    expect(text).toContain('open{server="s"} 7');
  });

  it('prints histograms with cumulative buckets, sum and count', async () => {
    const registry = createRegistry();
    const buckets = new Buckets([1, 2, 5]);
    for (const value of [0.5, 1, 1.5, 4, 9]) buckets.observe(value);
    sampledHistogram({
      name: 'took_seconds',
      help: 'Time.',
      registry,
      bounds: [1, 2, 5],
      labelNames: ['kind'],
      read: () => [{ labels: { kind: 'a' }, buckets }],
    });
    const text = await registry.metrics();
    expect(text).toContain('# TYPE took_seconds histogram');
    expect(text).toContain('took_seconds_bucket{kind="a",le="1"} 2');
    expect(text).toContain('took_seconds_bucket{kind="a",le="2"} 3');
    expect(text).toContain('took_seconds_bucket{kind="a",le="5"} 4');
    expect(text).toContain('took_seconds_bucket{kind="a",le="+Inf"} 5');
    expect(text).toContain('took_seconds_sum{kind="a"} 16');
    expect(text).toContain('took_seconds_count{kind="a"} 5');
  });
});
