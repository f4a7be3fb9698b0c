// How an environment watches itself, as one schema. Prometheus and Grafana are used as they are; what they are told is
// made here.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, httpUrl, text, textMap } from '#api/schema.ts';
import { collectorSettings } from './collector-settings.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';

export const METRICS_MODES = ['none', 'prometheus-operator', 'scrape-config'] as const;

export const observabilitySettings = z.strictObject({
  metrics: z
    .enum(METRICS_MODES)
    .default('none')
    .describe(
      'How Prometheus is told what to scrape and when to alert: by kinds of the Prometheus Operator, or by a ConfigMap.',
    ),
  namespace: dnsLabel
    .default('monitoring')
    .describe("Namespace of Prometheus, whose pods may scrape, and of its and Grafana's ConfigMaps."),
  labels: textMap(63)
    .default({})
    .describe('Labels by which a Prometheus of the Prometheus Operator selects what is for it.'),
  interval: text(16)
    .regex(/^[0-9]+(s|m)$/, 'must be a duration such as 30s')
    .default('30s')
    .describe('How often is scraped.'),
  dashboards: z
    .boolean()
    .default(false)
    .describe(
      'Whether there are ConfigMaps with dashboards, labelled as the sidecar of Grafana looks for them.',
    ),
  datasource: httpUrl
    .optional()
    .describe('URL of Prometheus; makes a datasource for Grafana. Default: Grafana has one.'),
  collector: collectorSettings
    .optional()
    .describe('A collector that takes traces from proxies and sends them on; default: none.'),
  sentinelToken: z
    .strictObject({
      secretName: dnsSubdomain.default('mcp-sentinel-api').describe('Secret of the namespace mcp-sentinel.'),
      key: text(253).min(1).default('token').describe('Key of the Secret.'),
    })
    .prefault({})
    .describe("Token that the sentinel's metrics ask for; default: that of its API."),
});

export type ObservabilitySettings = DeepReadonly<z.output<typeof observabilitySettings>>;

/** What a program says about watching: `{ metrics: 'prometheus-operator' }`. */
export type ObservabilityProps = DeepReadonly<z.input<typeof observabilitySettings>>;
