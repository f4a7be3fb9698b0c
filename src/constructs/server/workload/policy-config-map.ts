// The policy document as the pod finds it when it starts.
import { POLICY_FILE_KEY } from '#api/proxy-config.ts';
import { KubeConfigMap } from '#constructs/kit/kubernetes.ts';
import { renderPolicy, type PolicyDocument } from '#policy/document.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

export function addPolicyConfigMap(
  scope: Construct,
  context: WorkloadContext,
  document: PolicyDocument,
): KubeConfigMap {
  return new KubeConfigMap(scope, 'policy', {
    metadata: childMetadata(context, context.names.policyConfigMap),
    data: { [POLICY_FILE_KEY]: renderPolicy(document) },
  });
}
