// Where callers reach a server: path, host and URL.
import type { McpServerSpec } from './mcp-server.ts';
import type { OperatorConfig } from './operator-config.ts';

export interface ResolvedRoute {
  /** Path of the MCP endpoint as callers see it, `/notes/mcp`. */
  readonly path: string;
  /** Host of the route; absent: it holds for every host. */
  readonly host?: string | undefined;
  /** Where callers reach the server, as far as that is known: `externalURL`, else host and path. */
  readonly url?: string | undefined;
  /** Name of the cluster's ingress class. */
  readonly ingressClass: string;
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

export function resolveRoute(name: string, spec: McpServerSpec, config: OperatorConfig): ResolvedRoute {
  const path = pathOf(name, spec);
  const host = hostOf(spec, config);
  const origin = host === undefined ? undefined : `${config.ingressTls ? 'https' : 'http'}://${host}`;
  return {
    path,
    host,
    url: spec.externalURL ?? (origin === undefined ? undefined : `${origin}${path}`),
    ingressClass: given(spec.ingressClass) ?? 'traefik',
    annotations: spec.ingressAnnotations ?? {},
  };
}
