// What an ingress controller is told by annotations. An author's are taken from an allow-list: others could switch
// off authentication, rewrite paths past the policy, or run snippets in a controller that all tenants share.
import type { OperatorConfig } from '#api/operator-config.ts';

type Annotations = Readonly<Record<string, string>>;

/** Of every class: who issues the certificate, and which name the DNS has. */
const COMMON = [
  'cert-manager.io/cluster-issuer',
  'cert-manager.io/issuer',
  'external-dns.alpha.kubernetes.io/hostname',
  'external-dns.alpha.kubernetes.io/ttl',
];

interface IngressStrategy {
  /** Annotations of an author that are taken besides the common ones. */
  readonly allowed: readonly string[];
  /** Set unless the author sets them. */
  readonly defaults: (config: OperatorConfig) => Annotations;
}

const TRAEFIK = 'traefik.ingress.kubernetes.io/router';

const STRATEGIES: Readonly<Record<string, IngressStrategy>> = {
  traefik: {
    allowed: [
      `${TRAEFIK}.entrypoints`,
      `${TRAEFIK}.priority`,
      `${TRAEFIK}.tls`,
      `${TRAEFIK}.tls.certresolver`,
    ],
    defaults: ({ ingressEntrypoints, ingressTls }) => ({
      [`${TRAEFIK}.entrypoints`]: ingressEntrypoints,
      ...(ingressTls && { [`${TRAEFIK}.tls`]: 'true' }),
    }),
  },
};

/** A class that we have no words for gets a plain Ingress. */
const GENERIC: IngressStrategy = { allowed: [], defaults: () => ({}) };

export interface IngressAnnotations {
  readonly annotations: Annotations;
  /** Names of the author's annotations that were left out. */
  readonly refused: readonly string[];
}

export function ingressAnnotations(
  ingressClass: string,
  asked: Annotations,
  config: OperatorConfig,
): IngressAnnotations {
  const { allowed, defaults } = STRATEGIES[ingressClass] ?? GENERIC;
  const taken = new Set([...COMMON, ...allowed]);
  const entries = Object.entries(asked);
  return {
    annotations: { ...defaults(config), ...Object.fromEntries(entries.filter(([name]) => taken.has(name))) },
    refused: entries.map(([name]) => name).filter((name) => !taken.has(name)),
  };
}
