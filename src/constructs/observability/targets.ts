// What there is to scrape: the pods of servers in every namespace, and the platform's own programs.
import { DISTRIBUTOR_PATHS } from '#api/distributor-api.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { DISTRIBUTOR, NAMESPACES } from '#api/names.ts';
import { PROXY_PATHS } from '#api/proxy-config.ts';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';

export interface Target {
  readonly name: string;
  /** @default every namespace */
  readonly namespace?: string;
  /** Labels of its pods, and of its Service where it has one. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the port. */
  readonly port: string;
  readonly path: string;
  /** Whether it asks for the sentinel's token. */
  readonly needsToken: boolean;
}

export const TARGETS: readonly Target[] = [
  {
    name: 'mcp-servers',
    labels: { [LABELS.managedBy]: PLATFORM, [LABELS.name]: 'mcp-server' },
    port: 'metrics',
    path: PROXY_PATHS.metrics,
    needsToken: false,
  },
  {
    name: 'mcp-runtime-operator',
    namespace: NAMESPACES.platform,
    labels: { [LABELS.name]: 'mcp-runtime-operator' },
    port: 'metrics',
    path: '/metrics',
    needsToken: false,
  },
  {
    name: 'mcp-runtime-distributor',
    namespace: NAMESPACES.platform,
    labels: { [LABELS.name]: DISTRIBUTOR.deployment },
    port: 'pages',
    path: DISTRIBUTOR_PATHS.metrics,
    needsToken: false,
  },
  {
    name: 'mcp-sentinel',
    namespace: NAMESPACES.sentinel,
    labels: { [LABELS.name]: 'mcp-sentinel' },
    port: 'api',
    path: SENTINEL_PATHS.metrics,
    needsToken: true,
  },
];
