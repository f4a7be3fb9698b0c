import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { deploymentOf, objectsOf, ofKind, storedServer } from '../workload-build.ts';

const rendered = (spec: Readonly<Record<string, unknown>>) => objectsOf(storedServer(spec));
const specsOf = (objects: readonly Manifest[], kind: string) =>
  ofKind(objects, kind).map((object) => object['spec']);

describe('the autoscaler of a server', () => {
  const target = (name: string, averageUtilization: number) => ({
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization } },
  });

  it('decides about the pods of its Deployment, which then says no number', () => {
    const objects = rendered({ autoscaling: { minReplicas: 2, maxReplicas: 5 } });
    expect(ofKind(objects, 'HorizontalPodAutoscaler')).toMatchObject([
      { apiVersion: 'autoscaling/v2', metadata: { name: 'notes', namespace: 'team-a' } },
    ]);
    expect(specsOf(objects, 'HorizontalPodAutoscaler')).toEqual([
      {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'notes' },
        minReplicas: 2,
        maxReplicas: 5,
        metrics: [target('cpu', 80)],
      },
    ]);
    expect(deploymentOf(objects).spec).not.toHaveProperty('replicas');
  });

  it('follows CPU, memory or both', () => {
    const both = rendered({ autoscaling: { maxReplicas: 5, cpuPercent: 60, memoryPercent: 70 } });
    const memory = rendered({ autoscaling: { maxReplicas: 5, memoryPercent: 70 } });
    expect([
      ...specsOf(both, 'HorizontalPodAutoscaler'),
      ...specsOf(memory, 'HorizontalPodAutoscaler'),
    ]).toMatchObject([
      { metrics: [target('cpu', 60), target('memory', 70)] },
      { metrics: [target('memory', 70)] },
    ]);
  });

  it('is not there unless it is asked for, nor while the server is suspended', () => {
    expect(specsOf(rendered({ replicas: 3 }), 'HorizontalPodAutoscaler')).toEqual([]);
    const suspended = rendered({ autoscaling: { maxReplicas: 5 }, suspend: true });
    expect(specsOf(suspended, 'HorizontalPodAutoscaler')).toEqual([]);
    expect(deploymentOf(suspended).spec.replicas).toBe(0);
  });
});

describe('the budget for disruptions', () => {
  it('lets one of several pods go at a time, unless something else is said', () => {
    const matchLabels = { app: 'notes', 'app.kubernetes.io/managed-by': 'mcp-runtime' };
    const rest = { selector: { matchLabels }, unhealthyPodEvictionPolicy: 'AlwaysAllow' };
    expect(specsOf(rendered({ replicas: 2 }), 'PodDisruptionBudget')).toEqual([
      { maxUnavailable: 1, ...rest },
    ]);
    const half = rendered({
      autoscaling: { minReplicas: 2, maxReplicas: 4 },
      disruption: { maxUnavailable: '50%' },
    });
    expect(specsOf(half, 'PodDisruptionBudget')).toEqual([{ maxUnavailable: '50%', ...rest }]);
  });

  it('is not there for a single pod, which it would tie to its node', () => {
    for (const spec of [
      {},
      { replicas: 1 },
      { autoscaling: { maxReplicas: 4 } },
      { replicas: 4, suspend: true },
    ]) {
      expect(specsOf(rendered(spec), 'PodDisruptionBudget')).toEqual([]);
    }
  });
});
