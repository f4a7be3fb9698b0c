// What all statements look at: the Deployments of a server with the pods that count, parsed once.
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { serverObjectNames } from '#api/names.ts';
import {
  conditionOf,
  viewDeployment,
  viewPod,
  viewReplicaSet,
  type DeploymentView,
  type PodView,
  type ReplicaSetView,
} from './objects.ts';
import type { ObservedServer, StatusInput } from './observed-server.ts';

/** One Deployment of a server. */
export interface Track {
  /** Name of the Deployment. */
  readonly name: string;
  readonly deployment: DeploymentView | undefined;
  /** Pods of the newest ReplicaSet. */
  readonly pods: readonly PodView[];
  /** Pods of earlier ones that are not yet told to end. */
  readonly olderPods: readonly PodView[];
}

export interface Scene {
  readonly input: StatusInput;
  readonly observed: ObservedServer;
  readonly stable: Track;
  /** Where a canary is asked for, or one is left. */
  readonly canary: Track | undefined;
  readonly tracks: readonly Track[];
  /** Ready pods whose proxy is ready, of whichever ReplicaSet: what enforces policy at this moment. */
  readonly proxies: readonly PodView[];
  /** Whether no pod at all is asked for. */
  readonly scaledToZero: boolean;
}

const REVISION = 'deployment.kubernetes.io/revision';

const isPresent = <Value>(value: Value | undefined): value is Value => value !== undefined;

const owns = (uid: string | undefined) => (object: ReplicaSetView | PodView) =>
  uid !== undefined && object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;

const revisionOf = ({ metadata }: ReplicaSetView | DeploymentView) =>
  Number(metadata.annotations?.[REVISION] ?? 0);

/** A pod that is not on its way out. Evicted and finished pods stay as objects, but are no pods of anything. */
function isAlive({ metadata, status }: PodView): boolean {
  return (
    metadata.deletionTimestamp === undefined && status.phase !== 'Failed' && status.phase !== 'Succeeded'
  );
}

export function isReady(pod: PodView): boolean {
  return isAlive(pod) && conditionOf(pod.status, 'Ready')?.status === 'True';
}

/** Whether the pod has a proxy, and the kubelet says that it is ready. */
export function hasReadyProxy({ spec, status }: PodView): boolean {
  return (
    spec.containers.some(({ name }) => name === PROXY_CONTAINER) &&
    status.containerStatuses.some(({ name, ready }) => name === PROXY_CONTAINER && ready)
  );
}

export function templateHasProxy(deployment: DeploymentView): boolean {
  return deployment.spec.template.spec.containers.some(({ name }) => name === PROXY_CONTAINER);
}

/** Whether a Deployment's own status speaks of it as it is now. */
export function isSeenByItsController({ metadata, status }: DeploymentView): boolean {
  return status.observedGeneration >= (metadata.generation ?? 0);
}

/**
 * The ReplicaSet of the current template; undefined where the Deployment already counts one that we don't see yet, or where
 * it has changed and its controller may be about to make one.
 */
function newestOf(
  deployment: DeploymentView,
  replicaSets: readonly ReplicaSetView[],
): ReplicaSetView | undefined {
  if (!isSeenByItsController(deployment)) return undefined;
  const newest = replicaSets
    .filter(owns(deployment.metadata.uid))
    .sort((a, b) => revisionOf(b) - revisionOf(a))[0];
  return newest !== undefined && revisionOf(newest) >= revisionOf(deployment) ? newest : undefined;
}

interface Objects {
  readonly replicaSets: readonly ReplicaSetView[];
  readonly pods: readonly PodView[];
}

function trackOf(name: string, deployment: DeploymentView | undefined, objects: Objects): Track {
  if (deployment === undefined) return { name, deployment, pods: [], olderPods: [] };
  const newest = newestOf(deployment, objects.replicaSets);
  const older = objects.replicaSets.filter((each) => owns(deployment.metadata.uid)(each) && each !== newest);
  const alive = objects.pods.filter(isAlive);
  return {
    name,
    deployment,
    pods: newest === undefined ? [] : alive.filter(owns(newest.metadata.uid)),
    olderPods: alive.filter((pod) => older.some((each) => owns(each.metadata.uid)(pod))),
  };
}

function zeroAskedFor({ resolved }: StatusInput, stable: DeploymentView | undefined): boolean {
  const { replicas, rollout, suspended } = resolved;
  if (suspended) return true;
  if (rollout.canaryReplicas > 0) return false;
  return (replicas ?? stable?.spec.replicas) === 0;
}

export function sceneOf(input: StatusInput): Scene {
  const { observed, resolved } = input;
  const names = serverObjectNames(resolved.name);
  const byName = (a: PodView, b: PodView) => (a.metadata.name < b.metadata.name ? -1 : 1);
  const objects = {
    replicaSets: observed.replicaSets.map(viewReplicaSet).filter(isPresent),
    pods: observed.pods.map(viewPod).filter(isPresent).sort(byName),
  };
  const canaryDeployment = viewDeployment(observed.canaryDeployment);
  const hasCanary = canaryDeployment !== undefined || resolved.rollout.canaryReplicas > 0;
  const stable = trackOf(names.deployment, viewDeployment(observed.deployment), objects);
  const canary = hasCanary ? trackOf(names.canaryDeployment, canaryDeployment, objects) : undefined;
  const tracks = canary === undefined ? [stable] : [stable, canary];
  return {
    input,
    observed,
    stable,
    canary,
    tracks,
    proxies: livePods(tracks).filter((pod) => isReady(pod) && hasReadyProxy(pod)),
    scaledToZero: zeroAskedFor(input, stable.deployment),
  };
}

/** All pods of some Deployments that are not on their way out. */
export function livePods(tracks: readonly Track[]): readonly PodView[] {
  return tracks.flatMap((track) => [...track.pods, ...track.olderPods]);
}
