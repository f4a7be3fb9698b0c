// The pods of a server: its own container, and the proxy beside it where the gateway is on.
import type { ApiObject } from 'cdk8s';
import { deploymentSelector, workloadLabels, type RolloutTrack } from '#api/labels.ts';
import { addDeploymentObject, addPreStopSleep } from '#constructs/kit/deployment.ts';
import { IntOrString, type DeploymentStrategy, type PodTemplateSpec } from '#constructs/kit/kubernetes.ts';
import { podSecurity } from '#constructs/kit/security.ts';
import type { IntOrPercent, ResolvedRollout } from '#api/resolve.ts';
import type { Construct } from 'constructs';
import { podTemplatePatches } from './pod-template-patches.ts';
import { proxyContainer } from './proxy-container.ts';
import { proxyVolumes } from './proxy-volumes.ts';
import { serverContainer } from './server-container.ts';
import { sleepWithoutProxy, terminationOf, type Termination } from './termination.ts';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const intOrString = (value: IntOrPercent) =>
  typeof value === 'number' ? IntOrString.fromNumber(value) : IntOrString.fromString(value);

function strategyOf({ strategy, maxSurge, maxUnavailable }: ResolvedRollout): DeploymentStrategy {
  if (strategy === 'Recreate') return { type: 'Recreate' };
  return {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: intOrString(maxSurge), maxUnavailable: intOrString(maxUnavailable) },
  };
}

function podTemplate(context: WorkloadContext, track: RolloutTrack, end: Termination): PodTemplateSpec {
  const { server, resolved } = context;
  const { gateway } = resolved;
  const own = server.spec.podTemplate;
  const pullSecrets = resolved.pullSecrets.map((name) => ({ name }));
  return {
    metadata: {
      labels: { ...own?.metadata?.labels, ...workloadLabels(resolved.name, track) },
      annotations: own?.metadata?.annotations,
    },
    spec: {
      serviceAccountName: resolved.serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: podSecurity(),
      imagePullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
      terminationGracePeriodSeconds: end.graceSeconds,
      containers: [
        serverContainer(context),
        ...(gateway === undefined ? [] : [proxyContainer(context, gateway, end)]),
      ],
      volumes: gateway === undefined ? [] : [...proxyVolumes(context)],
    },
  };
}

/** Adds the Deployment of one track. */
export function addDeployment(
  scope: Construct,
  context: WorkloadContext,
  track: RolloutTrack,
  replicas: number | undefined,
): ApiObject {
  const { server, resolved, names } = context;
  const end = terminationOf(server.spec.podTemplate?.spec?.terminationGracePeriodSeconds);
  const name = track === 'stable' ? names.deployment : names.canaryDeployment;
  const id = track === 'stable' ? 'deployment' : 'canary-deployment';
  const deployment = addDeploymentObject(scope, id, {
    metadata: childMetadata(context, name, { labels: workloadLabels(resolved.name, track) }),
    spec: {
      replicas,
      selector: { matchLabels: deploymentSelector(resolved.name, track) },
      strategy: strategyOf(resolved.rollout),
      template: podTemplate(context, track, end),
    },
  });
  const gatewayOn = resolved.gateway !== undefined;
  addPreStopSleep(deployment, 0, gatewayOn ? end.serverSleepSeconds : sleepWithoutProxy(end));
  if (gatewayOn) addPreStopSleep(deployment, 1, end.proxySleepSeconds);
  deployment.addJsonPatch(...podTemplatePatches(server));
  return deployment;
}
