// The way in from outside the cluster.

export interface Route {
  /** Host name of the route, `mcp.example.org`. @default the operator's default host */
  readonly host?: string;
  /** The route is `/<prefix>/mcp`; the proxy strips the prefix. @default the name of the server */
  readonly prefix?: string;
  /** The cluster's ingress class. @default traefik */
  readonly ingressClass?: string;
  /** Annotations of the Ingress, from the allow-list of its class. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** URL under which callers reach the server, where it differs from host and path; OAuth metadata names it. */
  readonly externalUrl?: string;
}
