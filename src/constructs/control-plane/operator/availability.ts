// What others may do to the operators: take one at a time, read their metrics, and nothing else.
import { ApiObject } from 'cdk8s';
import { IntOrString, KubeNetworkPolicy, KubeService } from '#constructs/kit/kubernetes.ts';
import { DEFAULT_API_SERVER_PORTS, policyPort } from '#constructs/kit/network.ts';
import type { Construct } from 'constructs';
import type { ControlPlaneProps } from '../control-plane-props.ts';
import { DISTRIBUTOR_SELECTOR, OPERATOR_LABELS, OPERATOR_SELECTOR, platformMetadata } from '../metadata.ts';
import { OPERATOR, OPERATOR_PORTS } from '../names.ts';

/** By what may be missing, not by what must be there: with one operator, nodes can still be drained. */
export function addDisruptionBudget(scope: Construct): ApiObject {
  return new ApiObject(scope, 'disruption-budget', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: platformMetadata(OPERATOR.disruptionBudget, OPERATOR_LABELS),
    spec: { maxUnavailable: 1, selector: { matchLabels: { ...OPERATOR_SELECTOR } } },
  });
}

export function addMetricsService(scope: Construct): KubeService {
  const targetPort = IntOrString.fromString('metrics');
  return new KubeService(scope, 'metrics-service', {
    metadata: platformMetadata(OPERATOR.metricsService, OPERATOR_LABELS),
    spec: {
      type: 'ClusterIP',
      selector: { ...OPERATOR_SELECTOR },
      ports: [{ name: 'metrics', port: OPERATOR_PORTS.metrics, targetPort }],
    },
  });
}

/**
 * In: metrics, and the kubelet's probes. Out: names, the distributors, and API servers, of which only the port can be
 * said: their address is not a pod's, and differs by cluster.
 */
export function addOperatorNetworkPolicy(
  scope: Construct,
  { apiServerPorts = DEFAULT_API_SERVER_PORTS }: ControlPlaneProps,
): KubeNetworkPolicy {
  return new KubeNetworkPolicy(scope, 'network-policy', {
    metadata: platformMetadata(OPERATOR.networkPolicy, OPERATOR_LABELS),
    spec: {
      podSelector: { matchLabels: { ...OPERATOR_SELECTOR } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [policyPort(OPERATOR_PORTS.metrics), policyPort(OPERATOR_PORTS.probes)] }],
      egress: [
        { ports: [policyPort(53, 'UDP'), policyPort(53)] },
        { ports: apiServerPorts.map((number) => policyPort(number)) },
        { to: [{ podSelector: { matchLabels: { ...DISTRIBUTOR_SELECTOR } } }] },
      ],
    },
  });
}
