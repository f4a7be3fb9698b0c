// What an installation says about its sentinel. The token of its API is never part of it: this names the Secret that holds
// it.
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import type { ResolvedResources } from '#api/resolve-resources.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import type { Exemption } from '#constructs/kit/security.ts';

/** A Secret in the sentinel's namespace with the token of its API: 16 characters or more, better 32 random bytes. */
export interface ApiTokenRef {
  readonly secretName: string;
  /** @default token */
  readonly key?: string;
}

/** A volume that outlives the pod. */
export interface SentinelVolume {
  /** Whole Gi or Ti, `5Gi` or more. @default 20Gi */
  readonly size?: string;
  /** @default that of the cluster */
  readonly storageClass?: string;
}

/** Copies of the events on a volume of their own. Each is whole, and the volume holds one more than are kept. */
export interface SentinelBackup {
  /** From one to the next, a minute or more: `24h`, `90m`. @default 24h */
  readonly every?: string;
  /** How many are kept, 1 to 1000. @default 7 */
  readonly retain?: number;
  /** @default a volume of 20Gi, of the cluster's own storage class, that outlives the program's removal from Git */
  readonly volume?: SentinelVolume | { readonly existingClaim: string };
  /** Restored before the sentinel starts, once; it may stay here, or go when it is done. @default nothing */
  readonly restoreFrom?: SentinelRestore;
}

export interface SentinelRestore {
  /** Of the backup, as `mcp-runtime sentinel backups` lists it. */
  readonly name: string;
  /** In place of the events that are there, which are kept aside on their volume. @default false: the pod doesn't start where there are any */
  readonly replace?: boolean;
}

/** Pods that may call the API and the console. */
export interface SentinelClient {
  readonly namespace: string;
  /** @default every pod of the namespace */
  readonly podLabels?: Readonly<Record<string, string>>;
}

export interface SentinelProps {
  /** Image of the sentinel, with its version or digest; `latest` is refused. */
  readonly image: string;
  readonly apiToken: ApiTokenRef;
  /**
   * Where events are kept. `ephemeral` loses all of them with the pod, which a test may want.
   * @default a volume of 20Gi, of the cluster's own storage class
   */
  readonly storage?: SentinelVolume | { readonly ephemeral: Exemption };
  /** @default none */
  readonly backup?: SentinelBackup;
  /** How long events are kept. @default 90 */
  readonly retentionDays?: number;
  /** Who may call the API and read metrics, beside a port-forward. Ingest is open to the pods of servers. @default nobody */
  readonly clients?: readonly SentinelClient[];
  /** Names under which clients call the API, an Ingress's host among them. @default those of its Service */
  readonly hosts?: readonly string[];
  /** Domain of Services. @default cluster.local */
  readonly clusterDomain?: string;
  /** @default requests 200m and 512Mi, limits 1 and 2Gi */
  readonly resources?: DeepReadonly<ResolvedResources>;
  /** @default info */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Ports on which API servers listen: that of their Service, and that of the machines behind it. @default 443, 6443 */
  readonly apiServerPorts?: readonly number[];
  /** Names of pull secrets, in the sentinel's namespace. @default none */
  readonly imagePullSecrets?: readonly string[];
}

export const DEFAULT_SIZE = '20Gi';

export const DEFAULT_EVERY = '24h';

export const DEFAULT_TOKEN_KEY = 'token';

export const DEFAULT_CLUSTER_DOMAIN = DEFAULT_OPERATOR_CONFIG.clusterDomain;

export const DEFAULT_RESOURCES: ResolvedResources = {
  requests: { cpu: '200m', memory: '512Mi' },
  limits: { cpu: '1', memory: '2Gi' },
};
