// How hardened pods look, constructed once. Every pod of the platform takes these two contexts; whoever leaves a part
// of them names what is left and says why, so that a reviewer finds every exception by searching for its option.
import type { PodSecurityContext, SecurityContext } from './kubernetes.ts';

/** User and group of every process: no name, no home, no file of the node belongs to it. */
export const NONROOT_ID = 65532;

/** Why a default is left, in a sentence. */
export interface Exemption {
  readonly reason: string;
}

export interface ContainerSecurityOptions {
  /** Leaves the root file system writable, where the image isn't ours and may need it. @default read-only */
  readonly writableRoot?: Exemption;
}

/** Security context of a pod: never root, the runtime's system call filter, volumes readable by our group. */
export function podSecurity(): PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: NONROOT_ID,
    runAsGroup: NONROOT_ID,
    fsGroup: NONROOT_ID,
    // Without it the kubelet walks a whole volume at every start.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Security context of a container: no capability, no way to gain one, and no file of its image can change. */
export function containerSecurity(options: ContainerSecurityOptions = {}): SecurityContext {
  if (options.writableRoot?.reason.trim() === '') {
    throw new TypeError('writableRoot: say in `reason` why the root file system has to be writable');
  }
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    privileged: false,
    readOnlyRootFilesystem: options.writableRoot === undefined,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Labels of a namespace in which the API server refuses pods that are not hardened like ours. */
export const RESTRICTED_NAMESPACE: Readonly<Record<string, string>> = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/enforce-version': 'latest',
  'pod-security.kubernetes.io/audit': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};
