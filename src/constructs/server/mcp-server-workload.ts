// The children of a server, exactly as the operator applies them. No stack contains this construct: what the operator
// owns, nobody else renders.
import { App, Chart } from 'cdk8s';
import type { Problem } from '#api/result.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { manifestOf, manifestsOf, type Manifest } from '#constructs/kit/manifest.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { Construct } from 'constructs';
import { addAutoscaler } from './workload/autoscaler.ts';
import { addDeployment } from './workload/deployment.ts';
import { addDisruptionBudget } from './workload/disruption-budget.ts';
import { addNetworkPolicy } from './workload/network-policy.ts';
import { renderPodTemplate, type PodTemplate } from './workload/pod-template.ts';
import { addPolicyConfigMap } from './workload/policy-config-map.ts';
import { addRoute } from './workload/route.ts';
import { addServiceAccount } from './workload/service-account.ts';
import { addService } from './workload/service.ts';
import { warningsOf } from './workload/warnings.ts';
import { workloadContext, type WorkloadContext, type WorkloadInput } from './workload/workload-context.ts';

export { servingPortOf, type PodTemplate } from './workload/pod-template.ts';

export interface McpServerWorkloadProps extends WorkloadInput {
  /** What its proxy enforces. Without it there is no ConfigMap, and pods wait for one. */
  readonly policy?: PolicyDocument | undefined;
  /** Whether an older server has this one's host and path, so that it gets no route. */
  readonly routeRefused?: boolean | undefined;
  /**
   * Template that was promoted last, while a canary runs another: that of the stable Deployment. It has to take calls
   * at the same port as the current one (`servingPortOf`). @default the current one
   */
  readonly promoted?: PodTemplate | undefined;
  /** Whether the canary runs the promoted template too, because its change was aborted. @default false */
  readonly canaryIsPromoted?: boolean | undefined;
}

const MTLS: Problem = {
  path: 'spec.auth.mode',
  message: 'mtls is not served yet; use oauth, or header behind an edge that checks certificates',
};

function problemsOf({ resolved }: WorkloadContext): readonly Problem[] {
  return [...resolved.problems, ...(resolved.gateway?.auth.mode === 'mtls' ? [MTLS] : [])];
}

function addDeployments(scope: Construct, context: WorkloadContext, props: McpServerWorkloadProps): void {
  const { replicas, rollout } = context.resolved;
  const current = renderPodTemplate(context);
  const promoted = props.promoted ?? current;
  addDeployment(scope, context, { track: 'stable', replicas, template: promoted });
  if (rollout.canaryReplicas === 0) return;
  const template = props.canaryIsPromoted === true ? promoted : current;
  addDeployment(scope, context, { track: 'canary', replicas: rollout.canaryReplicas, template });
}

export class McpServerWorkload extends Construct {
  /** @throws InvalidConstructError with what the server needs and neither it nor the installation provides */
  constructor(scope: Construct, id: string, props: McpServerWorkloadProps) {
    const context = workloadContext(props);
    const problems = problemsOf(context);
    if (problems.length > 0) {
      throw new InvalidConstructError('McpServerWorkload', constructPath(scope, id), problems);
    }
    super(scope, id);
    const { policy, routeRefused } = props;
    const { resolved, names } = context;
    const { gateway, autoscaling, disruption } = resolved;
    if (resolved.serviceAccount === names.serviceAccount) addServiceAccount(this, context);
    if (gateway !== undefined && policy !== undefined) addPolicyConfigMap(this, context, policy);
    // Before the pods, so that none is ever reachable past its proxy.
    if (gateway !== undefined) addNetworkPolicy(this, context, gateway);
    addDeployments(this, context, props);
    addService(this, context);
    if (routeRefused !== true) addRoute(this, context);
    if (autoscaling !== undefined) addAutoscaler(this, context, autoscaling);
    if (disruption !== undefined) addDisruptionBudget(this, context, disruption.maxUnavailable);
  }
}

/** The children as plain objects, in the order in which they are applied. @throws InvalidConstructError */
export function workloadObjects(props: McpServerWorkloadProps): readonly Manifest[] {
  const chart = new Chart(new App(), 'workload', { disableResourceNameHashes: true });
  return manifestsOf(new McpServerWorkload(chart, props.server.metadata.name, props));
}

/**
 * The ConfigMap of the policy alone, for a server whose other children can't be rendered: what was revoked has to bite
 * all the same.
 */
export function policyObject(input: WorkloadInput, policy: PolicyDocument): Manifest {
  const chart = new Chart(new App(), 'policy', { disableResourceNameHashes: true });
  return manifestOf(addPolicyConfigMap(chart, workloadContext(input), policy));
}

/**
 * The pod template that the spec asks for now. What differs between stable and canary is not in it, nor is the image of
 * the proxy where the installation chooses it, so its digest changes exactly with what a canary has to try.
 */
export function podTemplateOf(input: WorkloadInput): PodTemplate {
  return renderPodTemplate(workloadContext(input));
}

/** What the author wrote and has no effect, each with its path; none of it stops the server. */
export function workloadWarnings(input: WorkloadInput): readonly Problem[] {
  return warningsOf(workloadContext(input));
}

/** How the server's ingress class is told what its route needs: traefik, nginx, istio, generic or gateway. */
export function ingressStrategyName(input: WorkloadInput): string {
  return workloadContext(input).ingressStrategy;
}
