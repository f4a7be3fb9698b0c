// What an installation decides for all of its servers. It is data: whoever runs the platform reads it from its
// environment (the variables are named here), from a chart or from a test. It holds no credential.

/** A Gateway of the Gateway API, and the listener of it that is meant. */
export interface GatewayAddress {
  readonly namespace: string;
  readonly name: string;
  readonly sectionName?: string | undefined;
}

export interface OperatorConfig {
  /** Name of the cluster in policy and audit; `MCP_CLUSTER_NAME`. */
  readonly clusterName: string;
  /** Domain of Services. */
  readonly clusterDomain: string;
  /** Host of routes whose author sets neither host nor prefix; `MCP_DEFAULT_INGRESS_HOST`. */
  readonly ingressHost?: string | undefined;
  /** Ingress class of servers whose author leaves it empty; `DEFAULT_INGRESS_CLASS`. */
  readonly ingressClass: string;
  /** Gateway of routes of class `gateway` whose author names none; `MCP_DEFAULT_GATEWAY`. */
  readonly defaultGateway?: GatewayAddress | undefined;
  /**
   * When an Ingress counts as in force; `MCP_INGRESS_READINESS_MODE`. `strict`: its controller gave it an address.
   * `permissive`: it has a rule, which is all that some controllers ever show.
   */
  readonly ingressReadiness: 'strict' | 'permissive';
  /** Entry points of Traefik routes, comma-separated; `MCP_DEFAULT_INGRESS_ENTRYPOINTS`. */
  readonly ingressEntrypoints: string;
  /** Whether routes are served with TLS, so that URLs start with https; `MCP_DEFAULT_INGRESS_TLS`. */
  readonly ingressTls: boolean;
  /** Namespace of the ingress controller: its pods may reach the gateway port. */
  readonly ingressNamespace: string;
  /** Registry of the platform, for `useProvisionedRegistry`; `PROVISIONED_REGISTRY_URL`. */
  readonly provisionedRegistryUrl?: string | undefined;
  /**
   * Name of the pull secret of that registry, where its credentials are known;
   * `PROVISIONED_REGISTRY_SECRET_NAME` beside `_USERNAME` and `_PASSWORD`.
   */
  readonly provisionedPullSecret?: string | undefined;
  /** Registry for `useProvisionedRegistry` where nothing else names one; `MCP_REGISTRY_PULL_HOST`, else `MCP_REGISTRY_ENDPOINT`. */
  readonly registryPullHost: string;
  /** Registry that all other images come from, whatever theirs is; `MCP_IMAGE_MIRROR`. Absent: each comes from its own. */
  readonly imageMirror?: string | undefined;
  /** Image of the proxy; `MCP_GATEWAY_PROXY_IMAGE`. */
  readonly gatewayImage?: string | undefined;
  /** Where proxies send traces; `MCP_GATEWAY_OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly gatewayOtlpEndpoint?: string | undefined;
  /** Where proxies hear of policy, `https://<name>:9443`; `MCP_DISTRIBUTOR_URL`. Without it a changed ConfigMap is how they hear. */
  readonly distributorUrl?: string | undefined;
  /** Name in the certificates of the distributors; `MCP_DISTRIBUTOR_SERVER_NAME`. @default the host of `distributorUrl` */
  readonly distributorServerName?: string | undefined;
  /** Where proxies send audit events; `MCP_SENTINEL_INGEST_URL`, else `MCP_ANALYTICS_INGEST_URL`. */
  readonly ingestUrl?: string | undefined;
}

/** An installation that configures nothing: no host, no ingest, no image of the proxy. */
export const DEFAULT_OPERATOR_CONFIG: OperatorConfig = {
  clusterName: 'local',
  clusterDomain: 'cluster.local',
  ingressClass: 'traefik',
  ingressReadiness: 'strict',
  ingressEntrypoints: 'web',
  ingressTls: false,
  ingressNamespace: 'traefik',
  registryPullHost: 'registry.registry.svc.cluster.local:5000',
};
