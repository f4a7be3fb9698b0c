// The children of a server, exactly as the operator applies them. No stack contains this construct: what the operator
// owns, nobody else renders.
import { ApiObject, App, Chart } from 'cdk8s';
import type { McpServer } from '#api/mcp-server.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import type { Problem } from '#api/result.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { manifestOf, type Manifest } from '#constructs/kit/manifest.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { Construct } from 'constructs';
import { addDeployment } from './workload/deployment.ts';
import { addIngress } from './workload/ingress.ts';
import { addNetworkPolicy } from './workload/network-policy.ts';
import { addPolicyConfigMap } from './workload/policy-config-map.ts';
import { addServiceAccount } from './workload/service-account.ts';
import { addService } from './workload/service.ts';
import { workloadContext, type WorkloadContext } from './workload/workload-context.ts';

export interface McpServerWorkloadProps {
  /** The server as the API server stores it. With a uid, it owns the children. */
  readonly server: McpServer;
  readonly config: OperatorConfig;
  /** What its proxy enforces. Without it there is no ConfigMap, and pods wait for one. */
  readonly policy?: PolicyDocument | undefined;
}

const MTLS: Problem = {
  path: 'spec.auth.mode',
  message: 'mtls is not served yet; use oauth, or header behind an edge that checks certificates',
};

function problemsOf({ resolved }: WorkloadContext): readonly Problem[] {
  return [...resolved.problems, ...(resolved.gateway?.auth.mode === 'mtls' ? [MTLS] : [])];
}

export class McpServerWorkload extends Construct {
  /** @throws InvalidConstructError with what the server needs and neither it nor the installation provides */
  constructor(scope: Construct, id: string, { server, config, policy }: McpServerWorkloadProps) {
    const context = workloadContext(server, config);
    const problems = problemsOf(context);
    if (problems.length > 0) {
      throw new InvalidConstructError('McpServerWorkload', constructPath(scope, id), problems);
    }
    super(scope, id);
    const { resolved, names } = context;
    const { gateway, rollout } = resolved;
    if (resolved.serviceAccount === names.serviceAccount) addServiceAccount(this, context);
    if (gateway !== undefined && policy !== undefined) addPolicyConfigMap(this, context, policy);
    addDeployment(this, context, 'stable', resolved.replicas);
    if (rollout.canaryReplicas > 0) addDeployment(this, context, 'canary', rollout.canaryReplicas);
    addService(this, context);
    addIngress(this, context);
    if (gateway !== undefined) addNetworkPolicy(this, context, gateway);
  }
}

/** The children as plain objects, in the order in which they are applied. @throws InvalidConstructError */
export function workloadObjects(props: McpServerWorkloadProps): readonly Manifest[] {
  const chart = new Chart(new App(), 'workload', { disableResourceNameHashes: true });
  const workload = new McpServerWorkload(chart, props.server.metadata.name, props);
  return workload.node
    .findAll()
    .filter((construct) => ApiObject.isApiObject(construct))
    .map(manifestOf);
}
