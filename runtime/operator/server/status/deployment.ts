// Whether a Deployment is what the spec asks for: seen by its controller, every pod of the current template available,
// none of an earlier one left. During a rollout it is not, however many pods answer.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { failureOf, missingFinding } from './failures.ts';
import { firstFinding, holds, off, stuck, waits, type Check, type Finding } from './finding.ts';
import { conditionOf, type DeploymentView } from './objects.ts';
import { podTrouble } from './pod-trouble.ts';
import { isSeenByItsController, livePods, type Scene, type Track } from './scene.ts';
import { pods, quoted } from './words.ts';

/** A Deployment and how many pods it is meant to have; undefined: as many as an autoscaler says. */
interface Subject {
  readonly scene: Scene;
  readonly track: Track;
  readonly wanted: number | undefined;
}

/** A check that needs the Deployment; it passes where there is none. */
const seen =
  (look: (deployment: DeploymentView, subject: Subject) => Finding | undefined): Check<Subject> =>
  (subject) =>
    subject.track.deployment === undefined ? undefined : look(subject.track.deployment, subject);

/** Progress with the cause of what is missing, where one is known. */
function because(progress: string, { track }: Subject): Finding {
  const trouble = podTrouble(track.pods);
  if (trouble === undefined) return waits(progress);
  return waits(`${progress}; ${trouble.message}`, trouble.reason);
}

const applied: Check<Subject> = ({ scene, track }) =>
  failureOf(scene.observed.failures, 'Deployment', track.name);

const exists: Check<Subject> = ({ scene, track }) =>
  track.deployment === undefined
    ? missingFinding(scene.observed.failures, `Deployment ${track.name}`)
    : undefined;

const stays = seen(({ metadata }) =>
  metadata.deletionTimestamp === undefined
    ? undefined
    : waits(`Deployment ${metadata.name} is being deleted; it is made again when it is gone`),
);

const observedByItsController = seen((deployment) =>
  isSeenByItsController(deployment)
    ? undefined
    : waits(
        `Deployment ${deployment.metadata.name} was changed, and its controller has not looked at it yet`,
      ),
);

const asksForTheRightNumber = seen(({ metadata, spec }, { wanted }) =>
  wanted === undefined || spec.replicas === wanted
    ? undefined
    : waits(`Deployment ${metadata.name} asks for ${pods(spec.replicas)} instead of ${wanted}`),
);

const scaledToZero: Check<Subject> = ({ scene }) => {
  if (!scene.scaledToZero) return undefined;
  const left = livePods(scene.tracks).length;
  const counted = scene.tracks.reduce((sum, { deployment }) => sum + (deployment?.status.replicas ?? 0), 0);
  if (left > 0 || counted > 0) return waits(`${pods(Math.max(left, counted))} still to be ended`);
  const why = scene.input.resolved.suspended ? 'spec.suspend' : 'zero replicas';
  return off(CONDITION_REASONS.SCALED_TO_ZERO, `No pod runs, as asked for (${why})`);
};

/** A canary Deployment that nobody asks for any more still serves: the Service selects its pods too. */
const noCanaryLeft: Check<Subject> = ({ scene, track }) =>
  track === scene.stable && scene.canary !== undefined && scene.input.resolved.rollout.canaryReplicas === 0
    ? waits(`Deployment ${scene.canary.name} is no longer asked for and still to be deleted`)
    : undefined;

const podsAccepted = seen(({ metadata, status }) => {
  const failure = conditionOf(status, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const message = quoted(failure.message ?? 'no reason given');
  const what = `pods of Deployment ${metadata.name} can't be created: ${message}`;
  if (/exceeded quota/i.test(message)) {
    const todo = 'raise the quota of the namespace, or ask for less in spec.resources or spec.replicas';
    return stuck(CONDITION_REASONS.QUOTA_EXCEEDED, `${what}; ${todo}`);
  }
  const todo = 'change what refuses them, or what they ask for in spec.podTemplate';
  return stuck(CONDITION_REASONS.PODS_REFUSED, `${what}; ${todo}`);
});

const isIncomplete = ({ spec, status }: DeploymentView) =>
  status.updatedReplicas < spec.replicas || status.availableReplicas < spec.replicas;

const notPaused = seen((deployment) =>
  deployment.spec.paused && isIncomplete(deployment)
    ? stuck(
        CONDITION_REASONS.ROLLOUT_PAUSED,
        `the rollout of Deployment ${deployment.metadata.name} is paused; resume it with \`kubectl rollout resume\``,
      )
    : undefined,
);

const withinDeadline = seen((deployment, { track }) => {
  const progressing = conditionOf(deployment.status, 'Progressing');
  if (progressing?.reason !== 'ProgressDeadlineExceeded' || !isIncomplete(deployment)) return undefined;
  const { updatedReplicas, availableReplicas } = deployment.status;
  const trouble = podTrouble(track.pods);
  const why = trouble?.message ?? `${pods(updatedReplicas)} updated, ${availableReplicas} available`;
  return stuck(
    trouble?.reason ?? CONDITION_REASONS.PROGRESS_DEADLINE_EXCEEDED,
    `the rollout of Deployment ${deployment.metadata.name} got nowhere within its deadline; ${why}`,
  );
});

const allUpdated = seen(({ spec, status }, subject) =>
  status.updatedReplicas >= spec.replicas
    ? undefined
    : because(`${status.updatedReplicas} of ${pods(spec.replicas)} updated`, subject),
);

/** Earlier pods stay as long as new ones don't become ready, and then it is those that have to be told about. */
const noneOfBefore = seen(({ status }, subject) => {
  const old = Math.max(status.replicas - status.updatedReplicas, subject.track.olderPods.length);
  return old > 0 ? because(`${pods(old)} of an earlier template still to be ended`, subject) : undefined;
});

const allAvailable = seen(({ spec, status }, subject) =>
  status.availableReplicas >= spec.replicas
    ? undefined
    : because(`${status.availableReplicas} of ${pods(spec.replicas)} available`, subject),
);

const CHECKS: readonly Check<Subject>[] = [
  applied,
  exists,
  stays,
  observedByItsController,
  asksForTheRightNumber,
  scaledToZero,
  noCanaryLeft,
  podsAccepted,
  notPaused,
  withinDeadline,
  allUpdated,
  noneOfBefore,
  allAvailable,
];

/** The finding on one Deployment. */
export function trackFinding(scene: Scene, track: Track, wanted: number | undefined): Finding {
  const available = track.deployment?.status.availableReplicas ?? 0;
  return firstFinding(CHECKS, { scene, track, wanted }, holds(`${pods(available)} available`));
}

export function deploymentFinding(scene: Scene): Finding {
  return trackFinding(scene, scene.stable, scene.input.resolved.replicas);
}
