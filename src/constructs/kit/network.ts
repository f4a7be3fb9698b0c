// What NetworkPolicies of the platform have in common: a namespace is closed, and what may pass is said beside whoever needs
// it.
import { IntOrString, KubeNetworkPolicy, type NetworkPolicyPort, type ObjectMeta } from './kubernetes.ts';
import type { Construct } from 'constructs';

/** Name of the policy that closes a namespace. */
export const DEFAULT_DENY = 'default-deny';

/** Ports on which API servers listen: that of their Service, and that of the machines behind it. */
export const DEFAULT_API_SERVER_PORTS: readonly number[] = [443, 6443];

export function policyPort(number: number, protocol = 'TCP'): NetworkPolicyPort {
  return { port: IntOrString.fromNumber(number), protocol };
}

/** Nothing may pass in the namespace unless a policy beside it says so. */
export function addDefaultDeny(scope: Construct, metadata: ObjectMeta): KubeNetworkPolicy {
  return new KubeNetworkPolicy(scope, 'default-deny', {
    metadata,
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
}
