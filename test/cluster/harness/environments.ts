// Environments of every profile that between them take every choice there is: of the way in, of certificates, of the
// registry, of what watches. Way in and certificates are crossed, because each decides objects of the other.
import type { Dns01, TlsProps } from '#constructs/certs/tls-settings.ts';
import type { IngressProps } from '#constructs/ingress/ingress-settings.ts';
import type { Profile } from '#constructs/kit/settings.ts';
import type { ObservabilityProps } from '#constructs/observability/observability-settings.ts';
import type { RegistryProps } from '#constructs/registry/registry-settings.ts';
import type { Environment } from '#environment/environment-schema.ts';
import { parseEnvironment } from '#environment/environment.ts';

const INGRESS = {
  gateway: { class: 'gateway', gatewayClassName: 'contour' },
  'gateway with its class': {
    class: 'gateway',
    gatewayClassName: 'mine',
    controllerName: 'example.org/controller',
    routesFrom: 'all',
    listener: 'https',
  },
  'gateway of others': { class: 'gateway', gatewayClassName: 'istio', existing: true, namespace: 'net' },
  traefik: { class: 'traefik' },
  'traefik with its class': {
    class: 'traefik',
    name: 'edge-traefik',
    controller: 'traefik.io/ingress-controller',
    exposure: 'internal',
    readiness: 'permissive',
  },
  nginx: { class: 'nginx', name: 'edge-nginx', controller: 'nginx.org/ingress-controller' },
  'community-nginx': { class: 'community-nginx', name: 'edge-community', controller: 'k8s.io/ingress-nginx' },
  istio: { class: 'istio', name: 'edge-istio', controller: 'istio.io/ingress-controller' },
  generic: { class: 'generic', name: 'edge', namespace: 'edge', controller: 'example.org/controller' },
} as const satisfies Readonly<Record<string, IngressProps>>;

const email = 'platform@example.org';
const token = { name: 'dns', key: 'token' };
const DNS01 = {
  cloudflare: { provider: 'cloudflare', apiToken: token },
  route53: { provider: 'route53', region: 'eu-west-1', hostedZoneId: 'Z1', role: 'arn:aws:iam::1:role/dns' },
  'route53 of the pod': { provider: 'route53' },
  'cloud-dns': { provider: 'cloud-dns', project: 'p', serviceAccount: token },
  'azure-dns': {
    provider: 'azure-dns',
    subscriptionId: 's',
    resourceGroup: 'g',
    hostedZone: 'example.org',
    managedIdentityClientId: 'i',
  },
} as const satisfies Readonly<Record<string, Dns01>>;

const TLS = {
  none: { mode: 'none' },
  acme: { mode: 'acme', email },
  'acme-staging': { mode: 'acme-staging', email },
  'existing-issuer': { mode: 'existing-issuer', issuer: 'corporate' },
  'private-ca': { mode: 'private-ca' },
  secret: { mode: 'secret', secretName: 'edge-certificate' },
} as const satisfies Readonly<Record<string, TlsProps>>;

const bundled = {
  image: 'registry.example.org/distribution:3.0.0',
  host: 'images.example.org',
  nodePort: 30_500,
  storage: { size: '50Gi', storageClass: 'fast' },
  htpasswdSecret: 'registry-users',
  credentials: { secretName: 'registry-login' },
};

const REGISTRY = {
  none: { mode: 'none' },
  'bundled-http': { mode: 'bundled-http', ...bundled },
  'bundled-https': { mode: 'bundled-https', ...bundled },
  'bundled-https that is open': {
    mode: 'bundled-https',
    image: bundled.image,
    open: { reason: 'Only nodes reach it.' },
  },
  external: { mode: 'external', host: 'registry.example.org/mcp', credentials: { secretName: 'login' } },
} as const satisfies Readonly<Record<string, RegistryProps>>;

const collector = {
  image: 'registry.example.org/otel-collector:0.150.0',
  endpoint: 'http://tempo.monitoring:4318',
  authorizationSecret: { secretName: 'traces' },
  replicas: 2,
};

const OBSERVABILITY = {
  none: { metrics: 'none' },
  'prometheus-operator': {
    metrics: 'prometheus-operator',
    labels: { release: 'prometheus' },
    dashboards: true,
    datasource: 'http://prometheus.monitoring:9090',
    collector,
  },
  'scrape-config': { metrics: 'scrape-config', interval: '1m', dashboards: true, collector },
} as const satisfies Readonly<Record<string, ObservabilityProps>>;

const TEAMS = {
  plain: {},
  lab: {
    owner: 'lab@example.org',
    containers: { max: { cpu: '2', memory: '2Gi' } },
    egress: [
      { cidr: '203.0.113.0/24', except: ['203.0.113.7/32'], ports: [{ port: 443 }] },
      { cidr: '2001:db8::/32' },
    ],
    ownEntrances: { reason: 'The team serves devices of its own.' },
    members: {
      view: [{ kind: 'Group', name: 'everybody' }],
      deploy: [{ kind: 'ServiceAccount', name: 'ci', namespace: 'ci' }],
      grant: [{ kind: 'User', name: 'lead@example.org' }],
      consent: [{ kind: 'Group', name: 'lab' }],
      revoke: [{ kind: 'Group', name: 'on-call' }],
    },
  },
} as const satisfies Environment['teams'];

const SENTINEL = {
  kept: {
    storage: { size: '100Gi', storageClass: 'fast' },
    hosts: ['sentinel.example.org'],
    clients: [{ namespace: 'tools' }],
  },
  ephemeral: { storage: { ephemeral: { reason: 'It is tried out.' } } },
  elsewhere: { enabled: false, ingestUrl: 'https://sentinel.example.org/events' },
} as const satisfies Readonly<Record<string, Environment['sentinel']>>;

const times = <T>(count: number, of: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => of(index));

const longest = (length: number) => 'n'.repeat(length);
const longestHost = (index: number) =>
  `${longest(60)}.${longest(60)}.${longest(60)}.${longest(60)}.h${index}`;
const subdomain = Array.from({ length: 4 }, () => longest(62)).join('.');

/** As much of everything as the schema of an environment takes. */
const MOST = {
  name: longest(63),
  host: longestHost(0),
  ingress: {
    class: 'gateway',
    gatewayClassName: subdomain,
    controllerName: 'example.org/controller',
    name: subdomain.slice(0, 244),
    namespace: 'g'.repeat(63),
  },
  tls: { mode: 'existing-issuer', issuer: subdomain },
  moreHosts: times(62, (index) => longestHost(index + 1)),
  controlPlane: { replicas: 10, distributors: 10, apiServerPorts: times(16, (index) => 443 + index) },
  sentinel: {
    hosts: times(16, longestHost),
    clients: times(32, (index) => ({ namespace: `${longest(60)}${index}` })),
    apiToken: { secretName: subdomain, key: longest(253) },
    storage: { size: '999Ti', storageClass: subdomain },
    retentionDays: 3650,
  },
  registry: {
    mode: 'bundled-https',
    ...bundled,
    nodePort: 32_767,
    namespace: 'r'.repeat(63),
    certificateSecret: subdomain,
    htpasswdSecret: subdomain,
  },
  observability: {
    ...OBSERVABILITY['prometheus-operator'],
    labels: Object.fromEntries(times(16, (index) => [`${longest(61)}${index}`, longest(63)])),
    collector: {
      ...collector,
      replicas: 10,
      authorizationSecret: { secretName: subdomain, key: longest(253) },
    },
  },
  teams: {
    lab: {
      ...TEAMS.lab,
      namespace: 't'.repeat(63),
      owner: 'o'.repeat(256),
      egress: times(64, (index) => ({
        cidr: `10.${index}.0.0/16`,
        except: times(32, (host) => `10.${index}.0.${host}/32`),
        ports: times(32, (port) => ({ port: 1_000 + port, protocol: 'UDP' as const })),
      })),
      members: { view: times(256, (index) => ({ kind: 'User' as const, name: `${longest(250)}${index}` })) },
    },
    [longest(63)]: { namespace: 'team-of-a-long-id' },
    ['m'.repeat(54)]: {},
  },
} as const satisfies Partial<Environment>;

const images = {
  repository: 'registry.example.org/mcp-runtime',
  tag: '1.0.0',
  pullSecrets: ['registry-login'],
};

const base = {
  images,
  host: 'mcp.example.org',
  teams: TEAMS,
} as const satisfies Omit<Environment, 'profile'>;

/** What a profile is where nothing more is said than it asks for. */
const PLAIN: Readonly<Record<Profile, Environment>> = {
  laptop: { ...base, profile: 'laptop' },
  team: { ...base, profile: 'team', ingress: INGRESS.gateway },
  production: { ...base, profile: 'production', ingress: INGRESS.gateway, tls: TLS.acme },
};

type Named = readonly [name: string, more: Partial<Environment>];

function along<T>(
  kind: string,
  choices: Readonly<Record<string, T>>,
  of: (choice: T) => Partial<Environment>,
): readonly Named[] {
  return Object.entries(choices).map(([name, choice]) => [`${kind} ${name}`, of(choice)]);
}

const CHOICES: readonly Named[] = [
  ['as it is', {}],
  ...Object.entries(INGRESS).flatMap(([name, ingress]) =>
    along(`ingress ${name}, tls`, TLS, (tls) => ({ ingress, tls })),
  ),
  ...along('dns01', DNS01, (dns01) => ({
    tls: { mode: 'acme', email, dns01 },
    moreHosts: ['*.tools.example.org'],
  })),
  ...along('registry', REGISTRY, (registry) => ({ registry })),
  ...along('observability', OBSERVABILITY, (observability) => ({ observability })),
  ...along('sentinel', SENTINEL, (sentinel) => ({ sentinel })),
  ['as large as it may be', MOST],
  [
    'as large as it may be, behind Traefik',
    {
      ...MOST,
      ingress: {
        class: 'traefik',
        name: subdomain,
        namespace: 'g'.repeat(63),
        controller: 'example.org/traefik',
      },
      tls: { mode: 'secret', secretName: subdomain },
    },
  ],
];

export interface EnvironmentsOfProfile {
  /** By what is said in them beside the least. */
  readonly accepted: ReadonlyMap<string, Environment>;
  /** Names of those that the profile has no place for. */
  readonly refused: readonly string[];
}

export function environmentsOf(profile: Profile): EnvironmentsOfProfile {
  const all = CHOICES.map(([name, more]) => [name, { ...PLAIN[profile], ...more }] as const);
  const isAccepted = (environment: Environment) => parseEnvironment(environment).ok;
  return {
    accepted: new Map(all.filter(([, environment]) => isAccepted(environment))),
    refused: all.filter(([, environment]) => !isAccepted(environment)).map(([name]) => name),
  };
}
