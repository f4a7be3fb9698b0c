// Why pods are not ready, as far as the kubelet and the scheduler say. The gravest cause comes first, and the words
// are the same through every turn of a back-off: a status that follows each restart would be a stream of writes.
import { CONDITION_REASONS, type ConditionReason } from '#api/conditions.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { conditionOf, type ContainerStatusView, type PodView } from './objects.ts';
import { quoted } from './words.ts';

export interface Trouble {
  readonly reason: ConditionReason;
  /** Continues the name of the pod. */
  readonly message: string;
}

type Symptom = (pod: PodView) => Trouble | undefined;

const IMAGE_REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** The kubelet repeats the cause of a back-off behind these words. */
const BACK_OFF = /^Back-off pulling image "[^"]*":?\s*/;
const PULL_CODE = /^(ErrImagePull|ImagePullBackOff|RegistryUnavailable):\s*/;

const containersOf = ({ status }: PodView): readonly ContainerStatusView[] => [
  ...status.initContainerStatuses,
  ...status.containerStatuses,
];

const isProxy = (container: ContainerStatusView) => container.name === PROXY_CONTAINER;

function imageOf(pod: PodView, { name }: ContainerStatusView): string {
  return pod.spec.containers.find((each) => each.name === name)?.image ?? 'its image';
}

/** A symptom that one container shows. */
function ofContainer(look: (container: ContainerStatusView, pod: PodView) => Trouble | undefined): Symptom {
  return (pod) => {
    for (const container of containersOf(pod)) {
      const trouble = look(container, pod);
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  };
}

const unschedulable: Symptom = ({ status }) => {
  const scheduled = conditionOf(status, 'PodScheduled');
  if (scheduled?.status !== 'False' || scheduled.reason === 'SchedulingGated') return undefined;
  const why = scheduled.message === undefined ? '' : ` (${quoted(scheduled.message)})`;
  const todo = 'add nodes, or ask for less in spec.resources, spec.topologySpread or spec.podTemplate';
  return { reason: CONDITION_REASONS.UNSCHEDULABLE, message: `no node takes it${why}; ${todo}` };
};

const imageMissing = ofContainer((container, pod) => {
  const { reason, message = '' } = container.state.waiting ?? {};
  if (reason === undefined || !IMAGE_REASONS.has(reason)) return undefined;
  const cause = quoted(message.replace(BACK_OFF, '').replace(PULL_CODE, ''));
  const todo = isProxy(container)
    ? 'correct spec.gateway.image or MCP_GATEWAY_PROXY_IMAGE of the operator'
    : 'correct spec.image and spec.imageTag, or name a pull secret in spec.imagePullSecrets';
  const what = `container ${container.name} can't have the image ${imageOf(pod, container)}`;
  return {
    reason: CONDITION_REASONS.IMAGE_PULL_FAILED,
    message: `${what}${cause === '' ? '' : ` (${cause})`}; ${todo}`,
  };
});

const configMissing = ofContainer(({ name, state }) => {
  if (state.waiting?.reason !== 'CreateContainerConfigError') return undefined;
  const cause = quoted(state.waiting.message ?? 'something that it names does not exist');
  return {
    reason: CONDITION_REASONS.CONTAINER_CONFIG_INVALID,
    message: `container ${name} can't be configured (${cause}); create what is missing, or correct spec.secretEnvVars or spec.podTemplate`,
  };
});

const notStarted = ofContainer(({ name, state }) => {
  const { reason, message = '' } = state.waiting ?? {};
  if (reason !== 'CreateContainerError' && reason !== 'RunContainerError') return undefined;
  return {
    reason: CONDITION_REASONS.CONTAINER_NOT_STARTED,
    message: `container ${name} can't be started (${quoted(message)}); correct its command and volumes in spec.podTemplate, or its image`,
  };
});

/** How a container that is not ready ended last; undefined where it never did. */
function lastEnd({ ready, state, lastState }: ContainerStatusView) {
  return ready ? undefined : (state.terminated ?? lastState.terminated);
}

const outOfMemory = ofContainer((container) => {
  if (lastEnd(container)?.reason !== 'OOMKilled') return undefined;
  const field = isProxy(container) ? 'spec.gateway.resources.limits.memory' : 'spec.resources.limits.memory';
  return {
    reason: CONDITION_REASONS.OUT_OF_MEMORY,
    message: `container ${container.name} was ended because it used more memory than it may; raise ${field}`,
  };
});

/** Ended and not running again, or running between two ends of many. An init container may end, with code 0. */
function isLooping(container: ContainerStatusView, pod: PodView): boolean {
  const { state, restartCount } = container;
  const isInit = pod.status.initContainerStatuses.includes(container);
  if (state.waiting?.reason === 'CrashLoopBackOff') return true;
  if (state.terminated !== undefined) return !isInit || state.terminated.exitCode !== 0;
  return restartCount >= 2;
}

const crashLooping = ofContainer((container, pod) => {
  const end = lastEnd(container);
  if (end === undefined || !isLooping(container, pod)) return undefined;
  const { name, namespace = 'default' } = pod.metadata;
  const command = `kubectl logs -n ${namespace} ${name} -c ${container.name} --previous`;
  return {
    reason: CONDITION_REASONS.CRASH_LOOPING,
    message: `container ${container.name} ends again and again, last with exit code ${end.exitCode}; read \`${command}\``,
  };
});

/** With a proxy in the pod, both containers are as ready as the proxy says, because it alone reaches the server. */
const notReady: Symptom = ({ spec, status }) => {
  const silent = status.containerStatuses.filter(({ ready, state }) => !ready && state.running !== undefined);
  if (silent.length === 0 || silent.length < status.containerStatuses.filter((each) => !each.ready).length) {
    return undefined;
  }
  const [first] = silent;
  const behindProxy = spec.containers.some(({ name }) => name === PROXY_CONTAINER);
  const message = behindProxy
    ? `its proxy does not say that it is ready: it has no policy yet, or the server does not listen on its port (spec.port)`
    : `container ${first?.name ?? ''} runs and does not answer its readiness probe yet; check that it listens on spec.port`;
  return { reason: CONDITION_REASONS.READINESS_FAILING, message };
};

/** A kubelet that finds a pod unready says why; the cluster, which does so once a kubelet is silent, does not. */
const nodeLost: Symptom = ({ spec, status }) => {
  const saysWhy = (conditionOf(status, 'Ready')?.reason ?? '') !== '';
  const { nodeName } = spec;
  if (nodeName === undefined || saysWhy) return undefined;
  if (conditionOf(status, 'ContainersReady')?.status !== 'True') return undefined;
  return {
    reason: CONDITION_REASONS.NODE_LOST,
    message: `node ${nodeName} no longer says how it is; look at \`kubectl describe node ${nodeName}\``,
  };
};

const SYMPTOMS: readonly Symptom[] = [
  unschedulable,
  nodeLost,
  imageMissing,
  configMissing,
  notStarted,
  outOfMemory,
  crashLooping,
  notReady,
];

/** What keeps some of these pods from being ready, said of the first that shows it; undefined where nobody says. */
export function podTrouble(pods: readonly PodView[]): Trouble | undefined {
  const unready = pods.filter(({ status }) => conditionOf(status, 'Ready')?.status !== 'True');
  for (const symptom of SYMPTOMS) {
    for (const pod of unready) {
      const trouble = symptom(pod);
      if (trouble !== undefined) {
        return { reason: trouble.reason, message: `pod ${pod.metadata.name}: ${trouble.message}` };
      }
    }
  }
  return undefined;
}
