// What an installation says about its control plane. Credentials are never part of it: where the operator needs one,
// this names the Secret that holds it.
import type { OperatorConfig } from '#api/operator-config.ts';
import type { ResolvedResources } from '#api/resolve-resources.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import type { Exemption } from '#constructs/kit/security.ts';

/** A Secret in the platform's namespace with user and password of the platform's registry. */
export interface RegistryCredentialsRef {
  readonly secretName: string;
  /** @default username */
  readonly usernameKey?: string;
  /** @default password */
  readonly passwordKey?: string;
}

/** The programs that bring policy to proxies, and tell the operator what these enforce. */
export interface DistributorProps {
  /** Image of the distributor, with its version or digest; `latest` is refused. */
  readonly image: string;
  /** All of them work; a proxy holds a stream to each. @default 2 */
  readonly replicas?: number;
  /** @default requests 100m and 128Mi, limits 500m and 256Mi */
  readonly resources?: DeepReadonly<ResolvedResources>;
}

/**
 * No distributors: proxies hear of a change when the kubelet brings the ConfigMap, a minute later or two, and a server
 * with the gateway on is Ready only where `acknowledgementsUrl` names somebody else who knows.
 */
export interface DistributorOff {
  readonly off: Exemption;
}

export function isDistributorOff(
  distributor: DistributorProps | DistributorOff,
): distributor is DistributorOff {
  return 'off' in distributor;
}

export interface ControlPlaneProps {
  /** Image of the operator, with its version or digest; `latest` is refused. */
  readonly image: string;
  /**
   * What the installation decides for its servers, the image of the proxy among it.
   * @default what `DEFAULT_OPERATOR_CONFIG` says, member by member
   */
  readonly config?: Partial<DeepReadonly<OperatorConfig>>;
  /** Credentials of `config.provisionedRegistryUrl`. @default the operator makes no pull secrets */
  readonly registryCredentials?: RegistryCredentialsRef;
  readonly distributor: DistributorProps | DistributorOff;
  /** Where the operator learns which policy each proxy enforces. @default the distributors, where there are any */
  readonly acknowledgementsUrl?: string;
  /** When the platform's authority is replaced (docs/operator.md, Certificates). */
  readonly authority?: {
    /** Its age in seconds at which another one is made. @default 240 days */
    readonly rotateAfterSeconds?: number;
    /** How long that one is made known before it signs, in seconds; more than kubelets need. @default 1 day */
    readonly overlapSeconds?: number;
  };
  /** The keys that the proxies of a server share (docs/operator.md, Keys). */
  readonly keys?: {
    /** Age in seconds at which the newest gets a successor, at least an hour. @default 30 days */
    readonly rotateAfterSeconds?: number;
  };
  /** Raised by one after the cluster was restored from a backup, so that proxies take what is older again. @default 0 */
  readonly policyEpoch?: number;
  /** Seconds after which a server that is not ready is looked at again, event or not. @default 10 */
  readonly requeueSeconds?: number;
  /** Field managers of an operator that ran here before. @default those of the Go system */
  readonly legacyFieldManagers?: readonly string[];
  /** @default info */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** How many operators run; one works, the others wait for it to end. @default 2 */
  readonly replicas?: number;
  /** @default requests 100m and 128Mi, limits 500m and 512Mi */
  readonly resources?: DeepReadonly<ResolvedResources>;
  /**
   * Ports on which API servers listen, for the operator's NetworkPolicy: that of their Service, and that of the
   * machines behind it.
   * @default 443, 6443
   */
  readonly apiServerPorts?: readonly number[];
  /** Names of pull secrets, in the platform's namespace, for the operator's own image. @default none */
  readonly imagePullSecrets?: readonly string[];
}

export const DEFAULT_REPLICAS = 2;

/** What the operator does where nobody decides. */
export const DEFAULT_AUTHORITY = { rotateAfterSeconds: 240 * 86_400, overlapSeconds: 86_400 } as const;

export const DEFAULT_DISTRIBUTOR_REPLICAS = 2;

export const DEFAULT_DISTRIBUTOR_RESOURCES: ResolvedResources = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { cpu: '500m', memory: '256Mi' },
};

export const DEFAULT_RESOURCES: ResolvedResources = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { cpu: '500m', memory: '512Mi' },
};
