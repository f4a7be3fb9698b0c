// Where kinds are served. A table, because asking the API server each time would be most of what a test does.

const KINDS = {
  MCPServer: 'apis/mcpruntime.org/v1alpha1/mcpservers',
  MCPAccessGrant: 'apis/mcpruntime.org/v1alpha1/mcpaccessgrants',
  MCPAgentSession: 'apis/mcpruntime.org/v1alpha1/mcpagentsessions',
  ConfigMap: 'api/v1/configmaps',
  Secret: 'api/v1/secrets',
  Service: 'api/v1/services',
  ServiceAccount: 'api/v1/serviceaccounts',
  Pod: 'api/v1/pods',
  Event: 'api/v1/events',
  LimitRange: 'api/v1/limitranges',
  ResourceQuota: 'api/v1/resourcequotas',
  Namespace: 'api/v1/namespaces',
  Node: 'api/v1/nodes',
  Deployment: 'apis/apps/v1/deployments',
  ReplicaSet: 'apis/apps/v1/replicasets',
  ControllerRevision: 'apis/apps/v1/controllerrevisions',
  HorizontalPodAutoscaler: 'apis/autoscaling/v2/horizontalpodautoscalers',
  PodDisruptionBudget: 'apis/policy/v1/poddisruptionbudgets',
  Ingress: 'apis/networking.k8s.io/v1/ingresses',
  IngressClass: 'apis/networking.k8s.io/v1/ingressclasses',
  NetworkPolicy: 'apis/networking.k8s.io/v1/networkpolicies',
  Lease: 'apis/coordination.k8s.io/v1/leases',
  Role: 'apis/rbac.authorization.k8s.io/v1/roles',
  RoleBinding: 'apis/rbac.authorization.k8s.io/v1/rolebindings',
  ClusterRole: 'apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: 'apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  CustomResourceDefinition: 'apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ValidatingAdmissionPolicy: 'apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  Gateway: 'apis/gateway.networking.k8s.io/v1/gateways',
  GatewayClass: 'apis/gateway.networking.k8s.io/v1/gatewayclasses',
  HTTPRoute: 'apis/gateway.networking.k8s.io/v1/httproutes',
} as const;

/** A kind of the table above; any other text throws. */
export type Kind = string;

/** `/api/v1/namespaces/a/pods/b`; without a namespace that of all, without a name the collection. */
export function pathOf(kind: Kind, namespace?: string, name?: string): string {
  const place = Object.entries(KINDS).find(([known]) => known === kind)?.[1];
  if (place === undefined)
    throw new Error(`tests do not know where ${kind} is served: add it to the table of kinds`);
  // The API server knows no such path and answers 404, which a test may take for the object's absence.
  if (namespace === '') throw new Error(`${kind} ${name ?? ''}: an object of no namespace has none, not ''`);
  const slash = place.lastIndexOf('/');
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/${place.slice(0, slash)}${within}${place.slice(slash)}${name === undefined ? '' : `/${name}`}`;
}
