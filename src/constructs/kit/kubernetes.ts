// The Kubernetes classes that constructs are made of. Nothing else imports cdk8s-plus, and of it we take the
// generated classes only: its own constructs put a hash of the path into immutable selectors and inject limits and
// probes of their own. Deployments, which need what 1.28 lacks, are in a file beside this one.
export {
  IntOrString,
  KubeConfigMap,
  KubeHorizontalPodAutoscalerV2,
  KubeIngress,
  KubeNamespace,
  KubeNetworkPolicy,
  KubePodDisruptionBudget,
  KubeService,
  KubeServiceAccount,
  KubeStatefulSet,
  Quantity,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
export type {
  Container,
  EnvVar,
  HttpIngressPath,
  IngressTls,
  MetricSpecV2,
  NetworkPolicyIngressRule,
  NetworkPolicyEgressRule,
  NetworkPolicyPort,
  ObjectMeta,
  PodSecurityContext,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  SecurityContext,
  ServicePort,
  TopologySpreadConstraint,
  Volume,
  VolumeMount,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
