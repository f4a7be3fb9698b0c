// How a pod ends. Its containers are told at the same moment, but have to end one after the other: first every node
// forgets the pod, then the proxy lets open calls finish, and only then may the server go.

/** Seconds a pod may take to end, unless its author says otherwise. */
const GRACE_SECONDS = 45;
/** Seconds until no node sends new connections any more. */
const ENDPOINT_REMOVAL_SECONDS = 5;
/** Seconds that are left to the server for ending by itself. */
const SERVER_SECONDS = 5;

export interface Termination {
  /** Seconds from the decision to end the pod until what still runs is killed. */
  readonly graceSeconds: number;
  /** Seconds the proxy waits before it stops to accept. */
  readonly proxySleepSeconds: number;
  /** Milliseconds the proxy then gives open calls. */
  readonly proxyDrainMs: number;
  /** Seconds the server waits: as long as the proxy may still need it. */
  readonly serverSleepSeconds: number;
}

/** Divides the grace period; short ones in proportion, so that every step keeps its place. */
export function terminationOf(graceSeconds: number = GRACE_SECONDS): Termination {
  const proxySleepSeconds = Math.min(ENDPOINT_REMOVAL_SECONDS, Math.floor(graceSeconds / 4));
  const serverSeconds = Math.min(SERVER_SECONDS, Math.ceil(graceSeconds / 4));
  const serverSleepSeconds = Math.max(0, graceSeconds - serverSeconds);
  const proxyDrainMs = Math.max(0, serverSleepSeconds - proxySleepSeconds - 1) * 1000;
  return { graceSeconds, proxySleepSeconds, proxyDrainMs, serverSleepSeconds };
}

/** Seconds that a server without a proxy waits before it ends. */
export function sleepWithoutProxy({ proxySleepSeconds }: Termination): number {
  return proxySleepSeconds;
}
