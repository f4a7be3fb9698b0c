// One Deployment of a server: how many pods of which template, and how they are replaced.
import { ApiObject } from 'cdk8s';
import { deploymentSelector, workloadLabels, type RolloutTrack } from '#api/labels.ts';
import type { ResolvedRollout } from '#api/resolve-rollout.ts';
import type { Construct } from 'constructs';
import { completeTemplate, type PodTemplate } from './pod-template.ts';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

export interface DeploymentShape {
  readonly track: RolloutTrack;
  /** Pods; absent: left to an autoscaler, or to Kubernetes' default of 1. */
  readonly replicas?: number | undefined;
  readonly template: PodTemplate;
}

function strategyOf({ strategy, maxSurge, maxUnavailable }: ResolvedRollout) {
  if (strategy === 'Recreate') return { type: 'Recreate' };
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
}

export function addDeployment(
  scope: Construct,
  context: WorkloadContext,
  { track, replicas, template }: DeploymentShape,
): ApiObject {
  const { resolved, names, config } = context;
  const name = track === 'stable' ? names.deployment : names.canaryDeployment;
  const labels = workloadLabels(resolved.name, track);
  const proxyImage = config.gatewayImage ?? resolved.gateway?.image;
  return new ApiObject(scope, track === 'stable' ? 'deployment' : 'canary-deployment', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...childMetadata(context, name, { labels }) },
    spec: {
      replicas,
      selector: { matchLabels: deploymentSelector(resolved.name, track) },
      strategy: strategyOf(resolved.rollout),
      template: completeTemplate(template, track, proxyImage),
    },
  });
}
