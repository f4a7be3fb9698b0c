// What runs the platform in a cluster: the operator and the distributors with their accounts, the roles of people, and the rules by which the
// API server decides who may grant. The kinds themselves come first, with the bootstrap stack.
import { App, Chart } from 'cdk8s';
import { NAMESPACES } from '#api/names.ts';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { KubeNamespace } from '#constructs/kit/kubernetes.ts';
import { manifestsOf, type Manifest } from '#constructs/kit/manifest.ts';
import { addDefaultDeny, DEFAULT_DENY } from '#constructs/kit/network.ts';
import { RESTRICTED_NAMESPACE } from '#constructs/kit/security.ts';
import { Construct } from 'constructs';
import { addAccessPolicies } from './admission/access-policies.ts';
import { addConfigMapPolicy } from './admission/config-map-policy.ts';
import { addSecretPolicy } from './admission/secret-policy.ts';
import { controlPlaneProblems } from './control-plane-problems.ts';
import { isDistributorOff, type ControlPlaneProps } from './control-plane-props.ts';
import { addDistributorAccount } from './distributor/account.ts';
import {
  addDistributorDisruptionBudget,
  addDistributorNetworkPolicy,
  addDistributorServices,
} from './distributor/availability.ts';
import { addDistributorDeployment } from './distributor/deployment.ts';
import { clusterMetadata, PLATFORM_LABELS, platformMetadata } from './metadata.ts';
import { addOperatorAccount } from './operator/account.ts';
import { addDisruptionBudget, addMetricsService, addOperatorNetworkPolicy } from './operator/availability.ts';
import { addOperatorDeployment } from './operator/deployment.ts';
import { DEFAULT_PULL_SECRET } from './names.ts';
import { addUserRoles } from './user-roles.ts';

export class ControlPlane extends Construct {
  /** What the installation decides for its servers. */
  readonly config: OperatorConfig;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: ControlPlaneProps) {
    const problems = controlPlaneProblems(props);
    if (problems.length > 0) {
      throw new InvalidConstructError('ControlPlane', constructPath(scope, id), problems);
    }
    super(scope, id);
    this.config = { ...DEFAULT_OPERATOR_CONFIG, ...props.config };
    const metadata = clusterMetadata(NAMESPACES.platform, { ...PLATFORM_LABELS, ...RESTRICTED_NAMESPACE });
    clusterScoped(new KubeNamespace(this, 'namespace', { metadata }));
    addUserRoles(this);
    addAccessPolicies(this);
    addConfigMapPolicy(this);
    addSecretPolicy(this, props.config?.provisionedPullSecret ?? DEFAULT_PULL_SECRET);
    addOperatorAccount(this, props);
    addDefaultDeny(this, platformMetadata(DEFAULT_DENY));
    addOperatorNetworkPolicy(this, props);
    addMetricsService(this);
    addDisruptionBudget(this);
    addDistributors(this, props);
    addOperatorDeployment(this, props);
  }
}

function addDistributors(scope: Construct, props: ControlPlaneProps): void {
  const { distributor } = props;
  if (isDistributorOff(distributor)) return;
  addDistributorAccount(scope);
  addDistributorNetworkPolicy(scope, props);
  addDistributorServices(scope);
  addDistributorDisruptionBudget(scope);
  addDistributorDeployment(scope, props, distributor);
}

/**
 * The objects of a control plane as plain data, in the order in which they are applied; the operator's Deployment is
 * the last. @throws InvalidConstructError
 */
export function controlPlaneObjects(props: ControlPlaneProps): readonly Manifest[] {
  const chart = new Chart(new App(), 'control-plane', { disableResourceNameHashes: true });
  return manifestsOf(new ControlPlane(chart, 'control-plane', props));
}
