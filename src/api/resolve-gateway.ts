// What exists only with the gateway on: the proxy, how it identifies callers, how it decides and what it records.
import { parseDurationSeconds } from './duration.ts';
import type { RedactableField } from './audit-event.ts';
import { analyticsOn } from './analytics.ts';
import { pulledImage } from './image-mirror.ts';
import type { McpServerSpec } from './mcp-server.ts';
import { mcpServerSpec } from './mcp-server-spec.ts';
import type { OperatorConfig } from './operator-config.ts';
import { OWN_HEADERS } from './proxy-config.ts';
import { resolveResources, type ResolvedResources } from './resolve-resources.ts';
import type { ResolvedRoute } from './resolve-route.ts';
import type { Problem } from './result.ts';

export interface ResolvedAuth {
  readonly mode: 'none' | 'header' | 'oauth' | 'mtls';
  readonly humanHeader: string;
  readonly agentHeader: string;
  readonly teamHeader: string;
  readonly sessionHeader: string;
  readonly tokenHeader: string;
  readonly issuerUrl?: string | undefined;
  readonly audience?: string | undefined;
  readonly trustDomain?: string | undefined;
  readonly claims: {
    readonly human: string;
    readonly agent?: string | undefined;
    readonly teams?: string | undefined;
  };
  /** Whether a grant with an empty subject also means callers that only assert who they are. */
  readonly emptySubjectMatchesAsserted: boolean;
}

export interface ResolvedPolicy {
  readonly mode: 'allow-list' | 'observe';
  readonly defaultDecision: 'allow' | 'deny';
  /** Label that audit carries. */
  readonly version: string;
  /** How old the last good policy may be before everything is denied. */
  readonly maxStalenessSeconds: number;
  /** Absent: the proxy's own. */
  readonly subjectRate?: ResolvedRate | undefined;
}

/** How often something may happen: so many a minute on average, of which a burst may come at once. */
export interface ResolvedRate {
  readonly perMinute: number;
  readonly burst: number;
}

export interface ResolvedSession {
  readonly required: boolean;
  /** Longest life of a session, from its creation. */
  readonly maxLifetimeSeconds: number;
  /** A session ends when it was not used for so long. */
  readonly idleTimeoutSeconds: number;
  /** Header that carries a credential to the server. */
  readonly upstreamTokenHeader: string;
}

export interface ResolvedAudit {
  /** `by-effect`: strict for destructive tools, batched for all others. */
  readonly durability: 'by-effect' | 'batched' | 'strict';
  readonly arguments: 'none' | 'digest';
  /** Fields that are not recorded as they are, in code-point order. */
  readonly redact: readonly RedactableField[];
}

/** Where the proxy sends audit events, and as what. */
export interface ResolvedAnalytics {
  readonly ingestUrl: string;
  readonly source: string;
  readonly eventType: string;
  readonly apiKeySecretRef?: { readonly name: string; readonly key: string } | undefined;
}

export interface ResolvedGateway {
  /** Absent where neither the server nor the installation names one; then there is a problem too. */
  readonly image?: string | undefined;
  readonly port: number;
  readonly upstreamUrl: string;
  readonly stripPrefix?: string | undefined;
  readonly resources: ResolvedResources;
  /** URL of the MCP endpoint as callers see it, the one source of metadata about the server. */
  readonly externalUrl?: string | undefined;
  /** Host names that callers may use besides loopback. */
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly forwardHeaders: readonly string[];
  readonly auth: ResolvedAuth;
  readonly policy: ResolvedPolicy;
  readonly session: ResolvedSession;
  readonly audit: ResolvedAudit;
  /** Absent where nothing is recorded. */
  readonly analytics?: ResolvedAnalytics | undefined;
}

interface Input {
  readonly name: string;
  readonly namespace: string;
  readonly spec: McpServerSpec;
  readonly route: ResolvedRoute;
  readonly config: OperatorConfig;
}

type ToolSpec = NonNullable<McpServerSpec['tools']>[number];

const given = (text: string | undefined) => (text === '' ? undefined : text);
const blocks = mcpServerSpec.shape;

function resolveAuth({ spec, route }: Input): ResolvedAuth {
  const auth = spec.auth ?? blocks.auth.unwrap().parse({});
  return {
    mode: auth.mode,
    humanHeader: auth.humanIDHeader,
    agentHeader: auth.agentIDHeader,
    teamHeader: auth.teamIDHeader,
    sessionHeader: auth.sessionIDHeader,
    tokenHeader: auth.tokenHeader,
    issuerUrl: given(auth.issuerURL),
    audience: given(auth.audience) ?? route.url,
    trustDomain: given(auth.trustDomain),
    claims: auth.claims ?? { human: 'sub' },
    emptySubjectMatchesAsserted: spec.access?.emptySubjectMatchesAsserted === true,
  };
}

function resolvePolicy({ spec }: Input): ResolvedPolicy {
  const policy = spec.policy ?? blocks.policy.unwrap().parse({});
  return {
    mode: policy.mode,
    defaultDecision: policy.defaultDecision,
    version: policy.policyVersion,
    maxStalenessSeconds: parseDurationSeconds(policy.maxStaleness),
    subjectRate: policy.subjectRate && resolveRate(policy.subjectRate),
  };
}

/** Part of a minute that a burst is worth, where nothing else is said. */
const BURST_SHARE = 1 / 30;

export function resolveRate({ perMinute, burst }: NonNullable<ToolSpec['rate']>): ResolvedRate {
  return { perMinute, burst: burst ?? Math.ceil(perMinute * BURST_SHARE) };
}

function resolveAudit({ spec: { audit } }: Input): ResolvedAudit {
  return {
    durability: audit?.durability ?? 'by-effect',
    arguments: audit?.arguments ?? 'none',
    redact: (audit?.redact ?? []).toSorted(),
  };
}

function resolveSession({ spec }: Input): ResolvedSession {
  const session = spec.session ?? blocks.session.unwrap().parse({});
  return {
    required: session.required,
    maxLifetimeSeconds: parseDurationSeconds(session.maxLifetime),
    idleTimeoutSeconds: parseDurationSeconds(session.idleTimeout),
    upstreamTokenHeader: session.upstreamTokenHeader,
  };
}

function resolveAnalytics({ name, spec, config }: Input): ResolvedAnalytics | undefined {
  const { analytics } = spec;
  const ingestUrl = analytics?.ingestURL ?? config.ingestUrl;
  if (analytics === undefined || !analyticsOn(analytics) || ingestUrl === undefined) return undefined;
  return {
    ingestUrl,
    source: given(analytics.source) ?? `${name}-gateway`,
    eventType: given(analytics.eventType) ?? 'mcp.request',
    apiKeySecretRef: analytics.apiKeySecretRef,
  };
}

/** The names under which the pod is rightly called. Loopback is the proxy's own and always allowed. */
function allowedHostsOf({ name, namespace, spec, route, config }: Input): readonly string[] {
  const service = [
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.${config.clusterDomain}`,
  ];
  const external = spec.externalURL === undefined ? undefined : URL.parse(spec.externalURL)?.hostname;
  const outside = [route.host, external].filter((host) => host !== undefined);
  return [...new Set([...outside, ...service, ...(spec.gateway?.allowedHosts ?? [])])];
}

function problemsOf({ spec, config }: Input, gateway: ResolvedGateway): readonly Problem[] {
  const ingestUrl = spec.analytics?.ingestURL ?? config.ingestUrl;
  const recorded = spec.analytics !== undefined && analyticsOn(spec.analytics);
  const image = 'names no image of the proxy, and neither does the installation (MCP_GATEWAY_PROXY_IMAGE)';
  const ingest = 'is not set, and neither is that of the installation (MCP_SENTINEL_INGEST_URL)';
  const audience = 'is needed for mode oauth where externalURL and host are unknown';
  return [
    ...(gateway.image === undefined ? [{ path: 'spec.gateway.image', message: image }] : []),
    ...(recorded && ingestUrl === undefined ? [{ path: 'spec.analytics.ingestURL', message: ingest }] : []),
    ...(gateway.auth.mode === 'oauth' && gateway.auth.audience === undefined
      ? [{ path: 'spec.auth.audience', message: audience }]
      : []),
  ];
}

/** The proxy of a server and what it still lacks; undefined with the gateway off. */
export function resolveGateway(
  input: Input,
): { readonly gateway: ResolvedGateway; readonly problems: readonly Problem[] } | undefined {
  const { spec, config, route } = input;
  if (spec.gateway?.enabled !== true) return undefined;
  const image = given(spec.gateway.image) ?? given(config.gatewayImage);
  const gateway: ResolvedGateway = {
    image: image === undefined ? undefined : pulledImage(image, config),
    port: spec.gateway.port,
    upstreamUrl: spec.gateway.upstreamURL ?? `http://127.0.0.1:${spec.port}`,
    stripPrefix: given(spec.gateway.stripPrefix),
    resources: resolveResources(spec.gateway.resources),
    externalUrl: route.url,
    allowedHosts: allowedHostsOf(input),
    allowedOrigins: spec.gateway.allowedOrigins ?? [],
    forwardHeaders: (spec.gateway.forwardHeaders ?? []).filter(
      (name) => !OWN_HEADERS.has(name.toLowerCase()),
    ),
    auth: resolveAuth(input),
    policy: resolvePolicy(input),
    session: resolveSession(input),
    audit: resolveAudit(input),
    analytics: resolveAnalytics(input),
  };
  return { gateway, problems: problemsOf(input, gateway) };
}
