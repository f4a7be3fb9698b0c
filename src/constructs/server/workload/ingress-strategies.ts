// How the classes of ingress controllers differ: what each has to be told by annotations, and which of an author's it
// may be told. The list is of what is safe: other annotations could switch off authentication, rewrite paths past the
// policy, or run snippets in a controller that all tenants share.
import type { OperatorConfig } from '#api/operator-config.ts';
import { GATEWAY_CLASS, type ResolvedRoute } from '#api/resolve-route.ts';

type Annotations = Readonly<Record<string, string>>;

export type IngressStrategyName = 'traefik' | 'nginx' | 'istio' | 'generic' | 'gateway';

interface IngressStrategy {
  /** Annotations of an author that are taken. */
  readonly allowed: readonly string[];
  /** Set unless the author sets them. */
  readonly defaults: (route: ResolvedRoute, config: OperatorConfig) => Annotations;
}

const DNS = ['external-dns.alpha.kubernetes.io/hostname', 'external-dns.alpha.kubernetes.io/ttl'];
const CERTIFICATE = {
  ClusterIssuer: 'cert-manager.io/cluster-issuer',
  Issuer: 'cert-manager.io/issuer',
} as const;
/** Of every class of Ingress. */
const COMMON = [...DNS, ...Object.values(CERTIFICATE)];

const TRAEFIK = 'traefik.ingress.kubernetes.io/router';
const NGINX = 'nginx.ingress.kubernetes.io';
const F5_NGINX = 'nginx.org';

const NGINX_OPTIONS = [
  'ssl-redirect',
  'force-ssl-redirect',
  'proxy-body-size',
  'proxy-buffering',
  'proxy-connect-timeout',
  'proxy-read-timeout',
  'proxy-send-timeout',
  'limit-connections',
  'limit-rpm',
  'limit-rps',
  'whitelist-source-range',
  'denylist-source-range',
];
const F5_NGINX_OPTIONS = [
  'client-max-body-size',
  'proxy-buffering',
  'proxy-connect-timeout',
  'proxy-read-timeout',
  'proxy-send-timeout',
  'redirect-to-https',
];

/** Entry points for TLS are those of the installation only where its routes have TLS anyway. */
function traefikEntrypoints({ tls }: ResolvedRoute, config: OperatorConfig): string {
  return tls !== undefined && !config.ingressTls ? 'websecure' : config.ingressEntrypoints;
}

const STRATEGIES: Readonly<Record<IngressStrategyName, IngressStrategy>> = {
  traefik: {
    allowed: [
      ...COMMON,
      `${TRAEFIK}.entrypoints`,
      `${TRAEFIK}.priority`,
      `${TRAEFIK}.tls`,
      `${TRAEFIK}.tls.certresolver`,
    ],
    defaults: (route, config) => ({
      [`${TRAEFIK}.entrypoints`]: traefikEntrypoints(route, config),
      ...((config.ingressTls || route.tls !== undefined) && { [`${TRAEFIK}.tls`]: 'true' }),
    }),
  },
  nginx: {
    allowed: [
      ...COMMON,
      ...NGINX_OPTIONS.map((option) => `${NGINX}/${option}`),
      ...F5_NGINX_OPTIONS.map((option) => `${F5_NGINX}/${option}`),
    ],
    // A route with its own certificate keeps the controller's default, which is to redirect.
    defaults: ({ tls }) => ({ ...(tls === undefined && { [`${NGINX}/ssl-redirect`]: 'false' }) }),
  },
  istio: {
    allowed: COMMON,
    // Beside a class of another name the API server refuses the annotation.
    defaults: ({ ingressClass }) => ({
      ...(ingressClass === 'istio' && { 'kubernetes.io/ingress.class': ingressClass }),
    }),
  },
  /** A class that we have no words for gets a plain Ingress. */
  generic: { allowed: COMMON, defaults: () => ({}) },
  gateway: { allowed: DNS, defaults: () => ({}) },
};

const BY_CLASS: ReadonlyMap<string, IngressStrategyName> = new Map([
  ['traefik', 'traefik'],
  ['nginx', 'nginx'],
  ['istio', 'istio'],
  [GATEWAY_CLASS, 'gateway'],
]);

const BY_CONTROLLER: ReadonlyMap<string, IngressStrategyName> = new Map([
  ['traefik.io/ingress-controller', 'traefik'],
  ['k8s.io/ingress-nginx', 'nginx'],
  ['nginx.org/ingress-controller', 'nginx'],
  ['istio.io/ingress-controller', 'istio'],
]);

/**
 * The strategy for a class: by its name, else by its controller, else the generic one.
 * @param controller `spec.controller` of the cluster's IngressClass, where it has one of that name
 */
export function ingressStrategyOf(ingressClass: string, controller: string | undefined): IngressStrategyName {
  return BY_CLASS.get(ingressClass) ?? BY_CONTROLLER.get(controller ?? '') ?? 'generic';
}

/** No quotes, braces, semicolons or line ends: values end up in the configuration of a shared controller. */
const PLAIN_VALUE = /^[A-Za-z0-9 .,:/_@*+-]*$/;

export interface IngressAnnotations {
  readonly annotations: Annotations;
  /** Names of the author's annotations that were left out. */
  readonly refused: readonly string[];
}

export function ingressAnnotations(
  strategy: IngressStrategyName,
  route: ResolvedRoute,
  config: OperatorConfig,
): IngressAnnotations {
  const { allowed, defaults } = STRATEGIES[strategy];
  const isTaken = ([name, value]: readonly [string, string]) =>
    allowed.includes(name) && PLAIN_VALUE.test(value);
  const entries = Object.entries(route.annotations);
  const issuer = route.tls?.issuer;
  return {
    annotations: {
      ...defaults(route, config),
      ...Object.fromEntries(entries.filter(isTaken)),
      ...(issuer !== undefined && { [CERTIFICATE[issuer.kind]]: issuer.name }),
    },
    refused: entries.filter((entry) => !isTaken(entry)).map(([name]) => name),
  };
}
