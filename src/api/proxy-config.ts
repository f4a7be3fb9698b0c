// What whoever starts a proxy has to set: the sidecar's renderer, the local platform, a bench. The proxy reads more
// than this (its own tuning, with defaults); that schema lives with the proxy.

/** Name of the proxy's container; people and checks look for a sidecar by this name. */
export const PROXY_CONTAINER = 'mcp-gateway';

export const PROXY_PORTS = {
  /** Default of `spec.gateway.port`. */
  gateway: 8091,
  metrics: 9103,
  /** Where the proxies of one server hand requests of a session to each other. */
  peers: 9104,
} as const;

export const PROXY_PATHS = {
  /** Folder where the policy ConfigMap is mounted. */
  policyFolder: '/var/run/mcp-runtime/policy',
  policyFile: '/var/run/mcp-runtime/policy/policy.json',
  /** Folder with the two tokens and the platform's CA. */
  identityFolder: '/var/run/secrets/mcp-runtime',
  /** Folder where the Secret with the server's keys is mounted, in the proxy alone. */
  keysFolder: '/var/run/secrets/mcp-runtime-keys',
  keysFile: '/var/run/secrets/mcp-runtime-keys/keys.json',
  /** Folder of an emptyDir: the audit spool and the last accepted policy. */
  stateFolder: '/var/lib/mcp-runtime',
  health: '/health',
  ready: '/ready',
  configStatus: '/config/status',
  metrics: '/metrics',
} as const;

/**
 * Flags of the Node that runs a proxy. Requests live for milliseconds and leave little behind: a young generation of 4 MiB
 * saves 3 µs of CPU a request over one of 2, one of 8 hardly more, for twice the memory. With `--expose-gc` an idle proxy
 * gives back what reading its policy took, and a busy one the buffers of large bodies. The figures are in docs/performance.md.
 */
export const PROXY_NODE_FLAGS = ['--max-semi-space-size=4', '--expose-gc'] as const;

/**
 * Variables of the same Node, for its C library: that would give each of V8's threads memory of its own, and keep there what
 * it once used to compile something. All of them share one, which is 4 MiB less in an idle proxy; the event loop has another.
 */
export const PROXY_NODE_ENV = { MALLOC_ARENA_MAX: '2' } as const;

/** Files in the identity folder. Both tokens are replaced in place, long before they expire. */
export const IDENTITY_FILES = {
  policyToken: 'policy-token',
  ingestToken: 'ingest-token',
  ca: 'ca.crt',
} as const;

/** Headers, in lower case, by which the proxy tells the server about the request itself: a caller's are never forwarded. */
export const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'last-event-id',
  'mcp-session-id',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Key of the policy document in its ConfigMap. */
export const POLICY_FILE_KEY = 'policy.json';

/** Environment of a proxy. Every value is text; a missing optional one takes the default given here. */
export interface ProxyEnvironment {
  /** Port of the MCP listener. `0` asks for a free one (the proxy logs which). */
  readonly PORT: string;
  /** Address of both listeners. @default all addresses, as a pod needs */
  readonly BIND_ADDRESS?: string;
  /** Port of metrics, health and readiness. @default 9103 */
  readonly METRICS_PORT?: string;
  /** Origin of the server behind the proxy, `http://127.0.0.1:8088`, with a path only where the server has one. */
  readonly UPSTREAM_URL: string;
  /** File of the policy document; replaced atomically by whoever writes it. */
  readonly POLICY_FILE: string;
  /**
   * Where the distributors are, `https://<name>:9443`; each address of the name gets a stream of its own, and what comes
   * there counts as much as the file. @default none: the file is all there is
   */
  readonly POLICY_STREAM_URL?: string;
  /** Name in the certificates of the distributors. @default the host of POLICY_STREAM_URL */
  readonly POLICY_STREAM_SERVER_NAME?: string;
  /** Folder of `IDENTITY_FILES`. @default /var/run/secrets/mcp-runtime */
  readonly IDENTITY_DIR?: string;
  readonly MCP_SERVER_NAME: string;
  readonly MCP_SERVER_NAMESPACE: string;
  /** @default local */
  readonly MCP_CLUSTER_NAME?: string;
  /** Absolute URL under which callers reach the server: names in metadata come from here, never from Host. */
  readonly EXTERNAL_BASE_URL?: string;
  /** Path prefix removed before forwarding, on segment boundaries. @default none */
  readonly STRIP_PREFIX?: string;
  /** Comma-separated Host names accepted besides loopback and the Service's names; `*.example.org` covers one label. */
  readonly ALLOWED_HOSTS?: string;
  /** Comma-separated origins of web pages that may call, `https://app.example.org`. @default none but loopback */
  readonly ALLOWED_ORIGINS?: string;
  /** Comma-separated request headers that go to the server besides the usual ones. @default none */
  readonly FORWARD_HEADERS?: string;
  /** `http://…/events`; without it nothing is recorded and readiness says `audit: off`. */
  readonly ANALYTICS_INGEST_URL?: string;
  /** @default `<server>-gateway` */
  readonly ANALYTICS_SOURCE?: string;
  /** @default mcp.request */
  readonly ANALYTICS_EVENT_TYPE?: string;
  /** Credential of this server at ingest, sent as `x-api-key`. */
  readonly ANALYTICS_API_KEY?: string;
  /** File of a token for ingest, sent as bearer token where there is no key; read again as it is replaced. */
  readonly ANALYTICS_TOKEN_FILE?: string;
  /** Where spans are sent by OTLP over HTTP, `http://collector:4318`. @default none: there are no spans */
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  /** Name of the proxy in spans. @default `<server>-gateway` */
  readonly OTEL_SERVICE_NAME?: string;
  /** Folder for the audit spool and the last accepted policy. @default /var/lib/mcp-runtime */
  readonly STATE_DIR?: string;
  /**
   * File of the keys that all proxies of the server share (`gatewayKeys`), read again as it is replaced. @default keys of
   * this proxy alone, kept in STATE_DIR
   */
  readonly KEYS_FILE?: string;
  /** Port where proxies of the same server hand over requests; needs KEYS_FILE, POD_IP and POD_UID. @default none */
  readonly PEER_PORT?: string;
  /** Address of the pod: how its peers reach it. */
  readonly POD_IP?: string;
  /** Tells the pod from a later one with its address. */
  readonly POD_UID?: string;
  /** Milliseconds that open requests get at shutdown. @default 25000 */
  readonly DRAIN_MS?: string;
  /** Name of this proxy in audit events. @default the host name, which in a pod is the pod's name */
  readonly INSTANCE?: string;
}
