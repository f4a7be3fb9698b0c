// How the distributors are found, and who may connect: pods of servers and the operator, to the one port that asks who
// they are.
import { ApiObject } from 'cdk8s';
import { DISTRIBUTOR_PORTS } from '#api/distributor-api.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { DISTRIBUTOR } from '#api/names.ts';
import { IntOrString, KubeNetworkPolicy, KubeService } from '#constructs/kit/kubernetes.ts';
import { DEFAULT_API_SERVER_PORTS, policyPort } from '#constructs/kit/network.ts';
import type { Construct } from 'constructs';
import type { ControlPlaneProps } from '../control-plane-props.ts';
import {
  DISTRIBUTOR_LABELS,
  DISTRIBUTOR_SELECTOR,
  OPERATOR_SELECTOR,
  platformMetadata,
} from '../metadata.ts';

export function addDistributorServices(scope: Construct): void {
  const selector = { ...DISTRIBUTOR_SELECTOR };
  const stream = {
    name: 'stream',
    port: DISTRIBUTOR_PORTS.stream,
    targetPort: IntOrString.fromString('stream'),
  };
  const pages = { name: 'pages', port: DISTRIBUTOR_PORTS.pages, targetPort: IntOrString.fromString('pages') };
  new KubeService(scope, 'distributor-service', {
    metadata: platformMetadata(DISTRIBUTOR.service, DISTRIBUTOR_LABELS),
    spec: { type: 'ClusterIP', selector, ports: [stream, pages] },
  });
  new KubeService(scope, 'distributor-pods-service', {
    metadata: platformMetadata(DISTRIBUTOR.podsService, DISTRIBUTOR_LABELS),
    spec: { type: 'ClusterIP', clusterIp: 'None', selector, ports: [stream] },
  });
}

export function addDistributorDisruptionBudget(scope: Construct): ApiObject {
  return new ApiObject(scope, 'distributor-disruption-budget', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: platformMetadata(DISTRIBUTOR.deployment, DISTRIBUTOR_LABELS),
    spec: { maxUnavailable: 1, selector: { matchLabels: { ...DISTRIBUTOR_SELECTOR } } },
  });
}

/**
 * In: streams of pods that the operator made, and of the operator; metrics and probes. Out: names, API servers, and the
 * pods of servers, at which it is tried whether their own port can be reached.
 */
export function addDistributorNetworkPolicy(
  scope: Construct,
  { apiServerPorts = DEFAULT_API_SERVER_PORTS }: ControlPlaneProps,
): KubeNetworkPolicy {
  const pods = { namespaceSelector: {}, podSelector: { matchLabels: { [LABELS.managedBy]: PLATFORM } } };
  const operator = { podSelector: { matchLabels: { ...OPERATOR_SELECTOR } } };
  return new KubeNetworkPolicy(scope, 'distributor-network-policy', {
    metadata: platformMetadata(DISTRIBUTOR.deployment, DISTRIBUTOR_LABELS),
    spec: {
      podSelector: { matchLabels: { ...DISTRIBUTOR_SELECTOR } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [pods, operator], ports: [policyPort(DISTRIBUTOR_PORTS.stream)] },
        { ports: [policyPort(DISTRIBUTOR_PORTS.pages)] },
      ],
      egress: [
        { ports: [policyPort(53, 'UDP'), policyPort(53)] },
        { ports: apiServerPorts.map((number) => policyPort(number)) },
        { to: [pods] },
      ],
    },
  });
}
