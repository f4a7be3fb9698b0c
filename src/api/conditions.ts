// Conditions in the status of our kinds, and the reasons they carry. Both are stable: people wait on them
// (`kubectl wait --for=condition=Ready`) and alerts match them. A condition says what was observed for the generation
// it names; what is switched off is False with a reason of its own, never True.

/** Conditions that every kind has; kstatus, Argo CD and Flux read them. */
export const COMMON_CONDITIONS = {
  /** Everything the spec asks for was observed. */
  READY: 'Ready',
  /** True while work towards the spec goes on. */
  RECONCILING: 'Reconciling',
  /** True where nothing happens until somebody changes something. */
  STALLED: 'Stalled',
} as const;

export const SERVER_CONDITIONS = {
  ...COMMON_CONDITIONS,
  /** Every replica of the current template is available. */
  DEPLOYMENT_READY: 'DeploymentReady',
  /** The Service has an address. */
  SERVICE_READY: 'ServiceReady',
  /** The route is in force. */
  INGRESS_READY: 'IngressReady',
  /** Every ready pod of the current template runs the proxy, ready. */
  GATEWAY_READY: 'GatewayReady',
  /** The current generation's policy is written and, with the gateway on, in force. */
  POLICY_READY: 'PolicyReady',
  /** The canary pods are available. */
  CANARY_READY: 'CanaryReady',
  /** Host and path are this server's, not another's. */
  ACCEPTED: 'Accepted',
  /** Every proxy acknowledged the newest policy; False only after ten seconds of lag. */
  POLICY_SYNCED: 'PolicySynced',
  /** The last batch of audit events was acknowledged. */
  AUDIT_DELIVERING: 'AuditDelivering',
  /** Callers prove who they are. */
  IDENTITY_VERIFIED: 'IdentityVerified',
  /** The server's port can't be reached past the proxy. */
  ISOLATED: 'Isolated',
  /** Nothing that the spec says was left out; the message names what was. */
  SPEC_HONOURED: 'SpecHonoured',
} as const;

/** Conditions of grants and sessions. */
export const ACCESS_CONDITIONS = {
  ...COMMON_CONDITIONS,
  /** The server exists and takes grants and sessions of this namespace. */
  BOUND: 'Bound',
  /** It is in force: not disabled, expired, revoked or invalid. */
  ACTIVE: 'Active',
} as const;

export const CONDITION_REASONS = {
  /** It holds. */
  OBSERVED: 'Observed',
  /** It does not hold yet. */
  WAITING: 'Waiting',
  /** The spec can't be carried out; the message names the field. */
  INVALID_SPEC: 'InvalidSpec',
  /** The spec needs something that the installation does not configure. */
  NOT_CONFIGURED: 'NotConfigured',
  /** The API server or another system refused or failed. */
  APPLY_FAILED: 'ApplyFailed',
  GATEWAY_DISABLED: 'GatewayDisabled',
  POLICY_DISABLED: 'PolicyDisabled',
  ANALYTICS_DISABLED: 'AnalyticsDisabled',
  CANARY_DISABLED: 'CanaryDisabled',
  /** Zero replicas were asked for, or the server is suspended. */
  SCALED_TO_ZERO: 'ScaledToZero',
  /** The gateway is on and nothing records what it decides. */
  GATEWAY_ON_AUDIT_OFF: 'GatewayOnAuditOff',
  /** An older object claims the same host and path. */
  ROUTE_CONFLICT: 'RouteConflict',
  /** Callers name themselves in headers, which anybody who reaches the port can set. */
  ASSERTED_BY_HEADERS: 'AssertedByHeaders',
  /** Nobody is identified (auth mode none). */
  NOBODY_IDENTIFIED: 'NobodyIdentified',
  /** A connection past the proxy got through. */
  REACHABLE_PAST_PROXY: 'ReachablePastProxy',
  SERVER_NOT_FOUND: 'ServerNotFound',
  /** The server does not list this namespace in spec.access.fromNamespaces. */
  NAMESPACE_NOT_ADMITTED: 'NamespaceNotAdmitted',
  DISABLED: 'Disabled',
  EXPIRED: 'Expired',
  REVOKED: 'Revoked',
  /** A session of this name was revoked before, so this object counts as revoked too. */
  REVOKED_BEFORE: 'RevokedBefore',
  /** The spec of the server can't be carried out, so nothing is known of what depends on it. */
  SERVER_INVALID: 'ServerInvalid',

  /** A newer policy is on its way to proxies that enforce an earlier one. */
  SYNCING: 'Syncing',
  /** A proxy does not enforce the newest policy ten seconds after it was written. */
  POLICY_LAGGING: 'PolicyLagging',
  /** Nobody collects what proxies say of themselves. */
  NO_ACKNOWLEDGEMENT_SOURCE: 'NoAcknowledgementSource',
  /** Who collects it does not answer. */
  ACKNOWLEDGEMENT_SOURCE_LOST: 'AcknowledgementSourceLost',
  /** The pod template has no proxy, though the gateway is on. */
  PROXY_MISSING: 'ProxyMissing',
  /** A pod counts as ready whose proxy is not. */
  PROXY_NOT_READY: 'ProxyNotReady',
  /** Audit events wait longer at a proxy than they should. */
  AUDIT_DELAYED: 'AuditDelayed',
  /** The policy does not fit into a ConfigMap, so pods that start deny everything until a distributor serves them. */
  POLICY_TOO_LARGE: 'PolicyTooLarge',
  /** The canary runs a change that was neither promoted nor aborted yet. */
  CANARY_WAITING: 'CanaryWaiting',
  /** The change was aborted, and the canary runs what was promoted before. */
  CANARY_ABORTED: 'CanaryAborted',
  /** A part of the spec has no effect. */
  PARTLY_IGNORED: 'PartlyIgnored',

  /** The cluster has no ingress class of that name. */
  INGRESS_CLASS_NOT_FOUND: 'IngressClassNotFound',
  /** The Gateway that the route names does not exist. */
  ROUTE_PARENT_NOT_FOUND: 'RouteParentNotFound',
  /** The Gateway that the route names does not listen. */
  ROUTE_PARENT_NOT_READY: 'RouteParentNotReady',
  /** The controller of the Gateway refused the route. */
  ROUTE_NOT_ACCEPTED: 'RouteNotAccepted',

  /** An image can't be had. */
  IMAGE_PULL_FAILED: 'ImagePullFailed',
  /** A container ends again and again. */
  CRASH_LOOPING: 'CrashLooping',
  /** A container was ended because it used more memory than it may. */
  OUT_OF_MEMORY: 'OutOfMemory',
  /** No node takes the pod. */
  UNSCHEDULABLE: 'Unschedulable',
  /** A container names a Secret, ConfigMap or key that does not exist. */
  CONTAINER_CONFIG_INVALID: 'ContainerConfigInvalid',
  /** A container can't be created or started. */
  CONTAINER_NOT_STARTED: 'ContainerNotStarted',
  /** A container runs and does not say that it is ready. */
  READINESS_FAILING: 'ReadinessFailing',
  /** The node of the pod no longer says anything. */
  NODE_LOST: 'NodeLost',
  /** A rollout got nowhere for as long as the Deployment allows. */
  PROGRESS_DEADLINE_EXCEEDED: 'ProgressDeadlineExceeded',
  /** Somebody paused the rollout. */
  ROLLOUT_PAUSED: 'RolloutPaused',
  /** A quota of the namespace is used up. */
  QUOTA_EXCEEDED: 'QuotaExceeded',
  /** Something in the cluster refuses the pods. */
  PODS_REFUSED: 'PodsRefused',
  /** The operator may not do what the spec asks for. */
  FORBIDDEN: 'Forbidden',
  /** The API server finds an object invalid. */
  REFUSED: 'Refused',
  /** The cluster does not have a kind that the spec needs. */
  KIND_NOT_FOUND: 'KindNotFound',
  /** The namespace is being deleted, so nothing can be made in it. */
  NAMESPACE_TERMINATING: 'NamespaceTerminating',
} as const;

export type ServerConditionType = (typeof SERVER_CONDITIONS)[keyof typeof SERVER_CONDITIONS];
export type AccessConditionType = (typeof ACCESS_CONDITIONS)[keyof typeof ACCESS_CONDITIONS];
export type ConditionReason = (typeof CONDITION_REASONS)[keyof typeof CONDITION_REASONS];
