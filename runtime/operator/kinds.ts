// The kinds that only the operator reads and writes; those of policy are in runtime/policy-book.
import type { ResourceType } from '#runtime/kube/object.ts';
import { clusterWide, CONFIG_MAP, namespaced } from '#runtime/policy-book/kinds.ts';

export const SERVICE = namespaced('', 'v1', 'Service', 'services');
export const SERVICE_ACCOUNT = namespaced('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const DEPLOYMENT = namespaced('apps', 'v1', 'Deployment', 'deployments');
export const REPLICA_SET = namespaced('apps', 'v1', 'ReplicaSet', 'replicasets');
export const CONTROLLER_REVISION = namespaced('apps', 'v1', 'ControllerRevision', 'controllerrevisions');
export const AUTOSCALER = namespaced(
  'autoscaling',
  'v2',
  'HorizontalPodAutoscaler',
  'horizontalpodautoscalers',
);
export const DISRUPTION_BUDGET = namespaced('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets');
export const INGRESS = namespaced('networking.k8s.io', 'v1', 'Ingress', 'ingresses');
export const INGRESS_CLASS = clusterWide('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses');
export const NETWORK_POLICY = namespaced('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies');
export const HTTP_ROUTE = namespaced('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes');
export const GATEWAY = namespaced('gateway.networking.k8s.io', 'v1', 'Gateway', 'gateways');
export const LEASE = namespaced('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const CRD = clusterWide(
  'apiextensions.k8s.io',
  'v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
);

/** Kinds of the children of a server, in the order in which they are applied. */
export const CHILD_TYPES: readonly ResourceType[] = [
  CONFIG_MAP,
  SERVICE_ACCOUNT,
  CONTROLLER_REVISION,
  DEPLOYMENT,
  SERVICE,
  INGRESS,
  HTTP_ROUTE,
  NETWORK_POLICY,
  AUTOSCALER,
  DISRUPTION_BUDGET,
];

/** Lease of the replica that works, in the namespace of the operator. */
export const OPERATOR_LEASE = 'mcp-runtime-operator';
