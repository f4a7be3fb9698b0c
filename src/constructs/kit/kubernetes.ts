// The Kubernetes classes that constructs are made of. Nothing else imports cdk8s-plus, and of it we take the
// generated classes only: its own constructs put a hash of the path into immutable selectors and inject limits and
// probes of their own. What Kubernetes 1.28 lacks is patched in beside this file, with types.
export {
  IntOrString,
  KubeConfigMap,
  KubeDeployment,
  KubeIngress,
  KubeNamespace,
  KubeNetworkPolicy,
  KubeService,
  KubeServiceAccount,
  Quantity,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
export type {
  Container,
  DeploymentStrategy,
  EnvVar,
  HttpIngressPath,
  NetworkPolicyIngressRule,
  NetworkPolicyEgressRule,
  NetworkPolicyPort,
  ObjectMeta,
  PodSecurityContext,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  SecurityContext,
  Volume,
  VolumeMount,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
