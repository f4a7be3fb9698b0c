// Where callers reach a server: path, host and URL, and what brings them there.
import type { McpServerSpec } from './mcp-server.ts';
import type { GatewayAddress, OperatorConfig } from './operator-config.ts';
import type { Problem } from './result.ts';

/** Class of servers whose route belongs to a Gateway of the Gateway API. */
export const GATEWAY_CLASS = 'gateway';

/** The certificate of a route. */
export interface ResolvedTls {
  /** Secret that holds it. */
  readonly secretName: string;
  /** Issuer of cert-manager that fills the Secret; absent: somebody else does. */
  readonly issuer?: { readonly kind: 'ClusterIssuer' | 'Issuer'; readonly name: string } | undefined;
}

export interface ResolvedRoute {
  /** What the route is made of. */
  readonly kind: 'Ingress' | 'HTTPRoute';
  /** Path of the MCP endpoint as callers see it, `/notes/mcp`. */
  readonly path: string;
  /** Host of the route; absent: it holds for every host. */
  readonly host?: string | undefined;
  /** Where callers reach the server, as far as that is known: `externalURL`, else host and path. */
  readonly url?: string | undefined;
  /** Name of the cluster's ingress class; `gateway` for an HTTPRoute. */
  readonly ingressClass: string;
  /** Gateway of an HTTPRoute; absent where nobody names one, and then there is a problem too. */
  readonly parent?: GatewayAddress | undefined;
  /** Certificate of an Ingress. */
  readonly tls?: ResolvedTls | undefined;
  /** Annotations that the author asks for; the class decides which of them are taken. */
  readonly annotations: Readonly<Record<string, string>>;
}

const given = (text: string | undefined) => (text === '' ? undefined : text);

/** A prefix wins over an explicit path; without both the server's name is the prefix. */
function pathOf(name: string, { publicPathPrefix, ingressPath }: McpServerSpec): string {
  const prefix = given(publicPathPrefix)?.replace(/^\/+|\/+$/g, '');
  if (prefix !== undefined) return `/${prefix}/mcp`;
  const path = given(ingressPath);
  if (path === undefined) return `/${name}/mcp`;
  return path.startsWith('/') ? path : `/${path}`;
}

/** The installation's host is for authors who chose neither a host nor a prefix. */
function hostOf(spec: McpServerSpec, config: OperatorConfig): string | undefined {
  const host = given(spec.ingressHost);
  if (host !== undefined) return host;
  return given(spec.publicPathPrefix) === undefined ? given(config.ingressHost) : undefined;
}

function parentOf(
  namespace: string,
  { gatewayRef }: McpServerSpec,
  config: OperatorConfig,
): GatewayAddress | undefined {
  if (gatewayRef === undefined) return config.defaultGateway;
  const { name, sectionName } = gatewayRef;
  return { namespace: gatewayRef.namespace ?? namespace, name, sectionName };
}

function tlsOf(name: string, { ingressTLS }: McpServerSpec): ResolvedTls | undefined {
  if (ingressTLS === undefined) return undefined;
  const { secretName = `${name}-tls`, clusterIssuer, issuer } = ingressTLS;
  if (clusterIssuer !== undefined)
    return { secretName, issuer: { kind: 'ClusterIssuer', name: clusterIssuer } };
  return { secretName, issuer: issuer === undefined ? undefined : { kind: 'Issuer', name: issuer } };
}

/** @param server name and namespace of the server */
export function resolveRoute(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  spec: McpServerSpec,
  config: OperatorConfig,
): ResolvedRoute {
  const path = pathOf(name, spec);
  const host = hostOf(spec, config);
  const ingressClass = given(spec.ingressClass) ?? given(config.ingressClass) ?? 'traefik';
  const isGateway = ingressClass === GATEWAY_CLASS;
  const tls = isGateway ? undefined : tlsOf(name, spec);
  const scheme = config.ingressTls || tls !== undefined ? 'https' : 'http';
  const origin = host === undefined ? undefined : `${scheme}://${host}`;
  return {
    kind: isGateway ? 'HTTPRoute' : 'Ingress',
    path,
    host,
    url: spec.externalURL ?? (origin === undefined ? undefined : `${origin}${path}`),
    ingressClass,
    parent: isGateway ? parentOf(namespace, spec, config) : undefined,
    tls,
    annotations: spec.ingressAnnotations ?? {},
  };
}

/** What a route needs and nobody provides, or what it can't have. */
export function routeProblems(spec: McpServerSpec, route: ResolvedRoute): readonly Problem[] {
  const noGateway =
    'names no Gateway for ingressClass gateway, and neither does the installation (MCP_DEFAULT_GATEWAY)';
  const isGateway = route.kind === 'HTTPRoute';
  const misplaced = (given: unknown, path: string, message: string) =>
    given === undefined ? [] : [{ path, message }];
  return [
    ...(isGateway && route.parent === undefined ? [{ path: 'spec.gatewayRef', message: noGateway }] : []),
    ...(route.tls !== undefined && route.host === undefined
      ? [{ path: 'spec.ingressHost', message: 'is required with ingressTLS: a certificate is for a host' }]
      : []),
    // The rules of the CRD say so of a class that is written out; these are about the installation's.
    ...(isGateway
      ? misplaced(
          spec.ingressTLS,
          'spec.ingressTLS',
          "has no effect with the installation's ingressClass gateway; the listener of the Gateway has the certificate",
        )
      : [
          ...misplaced(
            spec.gatewayRef,
            'spec.gatewayRef',
            `needs ingressClass gateway; that of the installation is ${route.ingressClass}`,
          ),
          ...misplaced(
            spec.rollout?.canaryWeight,
            'spec.rollout.canaryWeight',
            `needs ingressClass gateway; that of the installation is ${route.ingressClass}`,
          ),
        ]),
  ];
}
