// How many pods a server has where their load decides.
import type { ResolvedAutoscaling } from '#api/resolve-scaling.ts';
import { KubeHorizontalPodAutoscalerV2, type MetricSpecV2 } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

function metric(name: string, averageUtilization: number | undefined): MetricSpecV2[] {
  if (averageUtilization === undefined) return [];
  return [{ type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } }];
}

export function addAutoscaler(
  scope: Construct,
  context: WorkloadContext,
  { minReplicas, maxReplicas, cpuPercent, memoryPercent }: ResolvedAutoscaling,
): KubeHorizontalPodAutoscalerV2 {
  const { names } = context;
  return new KubeHorizontalPodAutoscalerV2(scope, 'autoscaler', {
    metadata: childMetadata(context, names.autoscaler),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: names.deployment },
      minReplicas,
      maxReplicas,
      metrics: [...metric('cpu', cpuPercent), ...metric('memory', memoryPercent)],
    },
  });
}
