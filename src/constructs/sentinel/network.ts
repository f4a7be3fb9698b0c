// How the sentinel is found and who may connect: the pods of servers to ingest, which asks who they are, and to the API
// whoever was named. Out it may go to API servers alone: what it was told stays here.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';
import { IntOrString, KubeNetworkPolicy, KubeService } from '#constructs/kit/kubernetes.ts';
import type { NetworkPolicyIngressRule } from '#constructs/kit/kubernetes.ts';
import { DEFAULT_API_SERVER_PORTS, policyPort } from '#constructs/kit/network.ts';
import type { Construct } from 'constructs';
import { SENTINEL_SELECTOR, sentinelMetadata } from './names.ts';
import type { SentinelClient, SentinelProps } from './sentinel-props.ts';

export function addService(scope: Construct): KubeService {
  const port = (name: keyof typeof SENTINEL_PORTS) => ({
    name,
    port: SENTINEL_PORTS[name],
    targetPort: IntOrString.fromString(name),
  });
  return new KubeService(scope, 'service', {
    metadata: sentinelMetadata(),
    spec: { type: 'ClusterIP', selector: { ...SENTINEL_SELECTOR }, ports: [port('ingest'), port('api')] },
  });
}

/** No rule at all without clients: one whose list is empty would let everybody in. */
function apiRules(clients: readonly SentinelClient[]): NetworkPolicyIngressRule[] {
  if (clients.length === 0) return [];
  const from = clients.map(({ namespace, podLabels }) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: podLabels && { matchLabels: { ...podLabels } },
  }));
  return [{ from, ports: [policyPort(SENTINEL_PORTS.api)] }];
}

export function addNetworkPolicy(
  scope: Construct,
  { clients = [], apiServerPorts = DEFAULT_API_SERVER_PORTS }: SentinelProps,
): KubeNetworkPolicy {
  const pods = { namespaceSelector: {}, podSelector: { matchLabels: { [LABELS.managedBy]: PLATFORM } } };
  return new KubeNetworkPolicy(scope, 'network-policy', {
    metadata: sentinelMetadata(),
    spec: {
      podSelector: { matchLabels: { ...SENTINEL_SELECTOR } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [pods], ports: [policyPort(SENTINEL_PORTS.ingest)] }, ...apiRules(clients)],
      egress: [{ ports: apiServerPorts.map((number) => policyPort(number)) }],
    },
  });
}
