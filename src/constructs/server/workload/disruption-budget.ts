// How many pods of a server may be missing while nodes are drained. A single pod has no budget: it would hold up every
// drain of its node for ever.
import { podSelector } from '#api/labels.ts';
import type { IntOrPercent } from '#api/resolve-rollout.ts';
import { IntOrString, KubePodDisruptionBudget } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const intOrString = (value: IntOrPercent) =>
  typeof value === 'number' ? IntOrString.fromNumber(value) : IntOrString.fromString(value);

export function addDisruptionBudget(
  scope: Construct,
  context: WorkloadContext,
  maxUnavailable: IntOrPercent,
): KubePodDisruptionBudget {
  return new KubePodDisruptionBudget(scope, 'disruption-budget', {
    metadata: childMetadata(context, context.names.disruptionBudget),
    spec: {
      maxUnavailable: intOrString(maxUnavailable),
      selector: { matchLabels: podSelector(context.resolved.name) },
      // A pod that isn't ready serves nobody, and so doesn't hold up a drain either.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}
