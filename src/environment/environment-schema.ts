// Everything that an environment decides, as one schema. What a person writes is its input; constructs get its output.
import { z } from 'zod';
import { mirrorRegistry } from '#api/image-mirror.ts';
import { dnsLabel, dnsSubdomain, httpUrl, port, text } from '#api/schema.ts';
import { tlsSettings } from '#constructs/certs/tls-settings.ts';
import { ingressSettings } from '#constructs/ingress/ingress-settings.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import { isExactImage } from '#constructs/kit/problems.ts';
import { PROFILES } from '#constructs/kit/settings.ts';
import { observabilitySettings } from '#constructs/observability/observability-settings.ts';
import { registrySettings } from '#constructs/registry/registry-settings.ts';
import { teamSettings } from '#constructs/team/team-settings.ts';

const hostName = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/, 'must be a host name');

const image = text(1024)
  .min(1)
  .refine(isExactImage, 'must name a version or a digest, not latest')
  .optional();

const images = z.strictObject({
  repository: text(512)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*[A-Za-z0-9]$/, 'must be a registry and a path')
    .optional()
    .describe("Where the platform's images are, for example registry.example.org/mcp-runtime."),
  tag: text(128)
    .regex(/^(?!latest$)[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be a version, not latest')
    .optional()
    .describe('Their version.'),
  operator: image.describe('Image of the operator; default: of the repository.'),
  distributor: image.describe('Image of the distributor; default: of the repository.'),
  proxy: image.describe('Image of the proxy; default: of the repository.'),
  sentinel: image.describe('Image of the sentinel; default: of the repository.'),
  mirror: mirrorRegistry
    .optional()
    .describe(
      'Registry that every image of the cluster comes from, whatever its own: those of servers and of other pods too (docs/images.md).',
    ),
  pullSecrets: z
    .array(dnsSubdomain)
    .max(16)
    .default([])
    .describe('Pull secrets for them, in the namespaces of the platform and the sentinel.'),
});

const replicas = z.int().min(1).max(10).optional();

const controlPlane = z.strictObject({
  replicas: replicas.describe('Operators, of which one works; default: 1 on a laptop, else 2.'),
  distributors: replicas.describe('Distributors, all of which work; default: 1 on a laptop, else 2.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is logged.'),
  apiServerPorts: z
    .array(port)
    .min(1)
    .max(16)
    .default([443, 6443])
    .describe('Ports of the API servers: of their Service, and of the machines behind it.'),
});

const sentinel = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether events are taken and shown in this cluster.'),
  ingestUrl: httpUrl
    .optional()
    .describe('Where proxies send events instead, where it is not enabled; default: nowhere.'),
  apiToken: z
    .strictObject({
      secretName: dnsSubdomain.default('mcp-sentinel-api').describe('Secret of the namespace mcp-sentinel.'),
      key: text(253).min(1).default('token').describe('Key of the Secret.'),
    })
    .prefault({})
    .describe('Token of the API and the console; the Secret is yours.'),
  storage: z
    .strictObject({
      size: text(16)
        .optional()
        .describe('Size of the volume, 5Gi or more; default: 5Gi on a laptop, else 20Gi.'),
      storageClass: dnsSubdomain.optional().describe('Storage class; default: that of the cluster.'),
      ephemeral: z
        .strictObject({ reason: text(1024).regex(/\S/, 'must say why').describe('A sentence.') })
        .optional()
        .describe('Why events may be lost with the pod; default: they may not.'),
    })
    .prefault({})
    .describe('Where events are kept.'),
  backup: z
    .strictObject({
      enabled: z
        .boolean()
        .optional()
        .describe('Whether there are backups; default: not on a laptop, and not of events that may be lost.'),
      every: text(32)
        .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, 'must be a duration such as 24h or 90m')
        .default('24h')
        .describe('Time from one to the next, a minute or more.'),
      retain: z.int().min(1).max(1000).default(7).describe('How many are kept.'),
      volume: z
        .strictObject({
          size: text(16).default('20Gi').describe('Size of their volume, 5Gi or more.'),
          storageClass: dnsSubdomain.optional().describe('Storage class; default: that of the cluster.'),
          existingClaim: dnsSubdomain
            .optional()
            .describe('A claim of the namespace mcp-sentinel instead, which is yours.'),
        })
        .prefault({})
        .describe('Where they are kept (docs/sentinel-backup.md).'),
      restoreFrom: z
        .strictObject({
          name: text(128).min(1).describe('Name of the backup.'),
          replace: z
            .boolean()
            .default(false)
            .describe('Whether it takes the place of events that are there, which are kept aside.'),
        })
        .optional()
        .describe('A backup that is restored, once, before the sentinel starts.'),
    })
    .prefault({})
    .describe('Copies of the events.'),
  retentionDays: z.int().min(1).max(3650).default(90).describe('How long events are kept.'),
  hosts: z
    .array(dnsSubdomain)
    .max(16)
    .default([])
    .describe('Hosts under which the API is called from outside.'),
  clients: z
    .array(
      z.strictObject({
        namespace: dnsLabel.describe('Namespace whose pods may call the API and read metrics.'),
      }),
    )
    .max(32)
    .default([])
    .describe('Who may call the API and read metrics.'),
});

export const environmentSchema = z.strictObject({
  profile: z
    .enum(PROFILES)
    .describe(
      'What it is for. laptop: the least. team: TLS, a Gateway. production: nothing unsafe without a reason.',
    ),
  name: dnsLabel.default('local').describe('Name of the cluster, in policy and audit.'),
  clusterDomain: dnsSubdomain.default('cluster.local').describe('Domain of Services.'),
  host: hostName.optional().describe('Host of servers that set neither host nor prefix.'),
  // With `host`, and a listener of plain http, they are the 64 listeners that a Gateway may have.
  moreHosts: z.array(hostName).max(62).default([]).describe('Other hosts that the way in serves.'),
  images: images.prefault({}).describe("The platform's own images."),
  ingress: ingressSettings.describe('The way in (docs/ingress.md).'),
  tls: tlsSettings.describe('Where certificates come from (docs/ingress.md).'),
  registry: registrySettings
    .default({ mode: 'none' })
    .describe('Where images of servers come from (docs/registry.md).'),
  controlPlane: controlPlane.prefault({}).describe('Operator and distributors.'),
  sentinel: sentinel.prefault({}).describe('What takes, keeps and shows events.'),
  observability: observabilitySettings
    .omit({ sentinelToken: true })
    .prefault({})
    .describe('What Prometheus and Grafana are told (docs/observability.md).'),
  otlpEndpoint: httpUrl
    .optional()
    .describe('Where proxies send traces; default: the collector, where there is one.'),
  teams: z
    .record(z.string().min(1).max(63), teamSettings)
    .default({})
    .describe('Teams by their id (docs/teams.md).'),
});

/** An environment as the platform takes it: every value that has a default has one. */
export type EnvironmentSettings = DeepReadonly<z.output<typeof environmentSchema>>;

type Input = DeepReadonly<z.input<typeof environmentSchema>>;

/** The way in without its class, which the profile then decides. */
type IngressWithoutClass<T> = T extends { readonly class: 'gateway' }
  ? Omit<T, 'class'> & { readonly class?: 'gateway' }
  : T;

/** An environment as a program or a file writes it; docs/environment.md has every value. */
export interface Environment extends Omit<Input, 'ingress' | 'tls'> {
  /** @default traefik on a laptop, else a Gateway, whose `gatewayClassName` has to be said */
  readonly ingress?: IngressWithoutClass<Input['ingress']>;
  /** @default none on a laptop, private-ca for a team; production has to say */
  readonly tls?: Input['tls'];
}
