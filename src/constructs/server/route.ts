// The way in from outside the cluster.

/** The certificate of a route. Without an issuer, somebody else fills the Secret. */
export interface RouteTls {
  /** Secret that holds it. @default <name>-tls */
  readonly secretName?: string;
  /** ClusterIssuer of cert-manager that fills the Secret. */
  readonly clusterIssuer?: string;
  /** Issuer of cert-manager, in the server's namespace, that fills the Secret. */
  readonly issuer?: string;
}

/** A Gateway of the Gateway API. */
export interface GatewayListener {
  readonly name: string;
  /** @default the namespace of the server */
  readonly namespace?: string;
  /** Listener of the Gateway. @default every one that fits */
  readonly sectionName?: string;
}

export interface Route {
  /** Host name of the route, `mcp.example.org`. @default the operator's default host */
  readonly host?: string;
  /** The route is `/<prefix>/mcp`; the proxy strips the prefix. @default the name of the server */
  readonly prefix?: string;
  /** The cluster's ingress class; `gateway` is a route of the installation's Gateway. @default that of the environment, else traefik, or gateway where one is named */
  readonly ingressClass?: string;
  /** Gateway that the route belongs to, instead of an ingress class. */
  readonly gateway?: GatewayListener;
  /** Serves the route with a certificate for its host. A Gateway has its own. @default none */
  readonly tls?: RouteTls;
  /** Annotations of the Ingress, from the allow-list of its class. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** URL under which callers reach the server, where it differs from host and path; OAuth metadata names it. */
  readonly externalUrl?: string;
}
