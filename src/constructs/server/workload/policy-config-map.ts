// The policy document as the pod finds it when it starts.
import { KubeConfigMap } from '#constructs/kit/kubernetes.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { policyFiles } from '#policy/policy-file.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

export function addPolicyConfigMap(
  scope: Construct,
  context: WorkloadContext,
  document: PolicyDocument,
): KubeConfigMap {
  const { data, binaryData } = policyFiles(document);
  return new KubeConfigMap(scope, 'policy', {
    metadata: childMetadata(context, context.names.policyConfigMap),
    ...(data !== undefined && { data }),
    ...(binaryData !== undefined && { binaryData }),
  });
}
