// Where traces go, as one schema: an OpenTelemetry collector in the cluster takes them from proxies and sends them on.
// Between is where they are batched, so that a backend which is away costs proxies nothing.
import { z } from 'zod';
import { dnsSubdomain, httpUrl, text } from '#api/schema.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import { isExactImage } from '#constructs/kit/problems.ts';

export const collectorSettings = z.strictObject({
  image: text(1024)
    .min(1)
    .refine(isExactImage, 'must name a version or a digest')
    .describe('Image of an OpenTelemetry collector, with the OTLP receiver and exporter that every one has.'),
  endpoint: httpUrl.describe(
    'Where traces are sent by OTLP over HTTP, for example http://tempo.monitoring:4318.',
  ),
  authorizationSecret: z
    .strictObject({
      secretName: dnsSubdomain.describe('Secret of the namespace mcp-sentinel.'),
      key: text(253).min(1).default('authorization').describe('Key of the Secret.'),
    })
    .optional()
    .describe('Value of the header Authorization there; default: none is sent.'),
  replicas: z.int().min(1).max(10).default(1).describe('Collectors.'),
});

export type CollectorSettings = DeepReadonly<z.output<typeof collectorSettings>>;

export type CollectorProps = DeepReadonly<z.input<typeof collectorSettings>>;
