// Whether the proxy stands in front of the server. Read from the Deployment and from live pods, never from the spec:
// a server whose pods have no proxy is not governed, whatever was asked for.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { firstFinding, holds, off, waits, type Check, type Finding } from './finding.ts';
import { podTrouble } from './pod-trouble.ts';
import { hasReadyProxy, isReady, templateHasProxy, type Scene } from './scene.ts';
import { listed, pods } from './words.ts';

const enabled: Check<Scene> = ({ input }) =>
  input.resolved.gateway === undefined
    ? off(CONDITION_REASONS.GATEWAY_DISABLED, 'The gateway is off (spec.gateway.enabled)')
    : undefined;

const runs: Check<Scene> = ({ scaledToZero }) =>
  scaledToZero ? off(CONDITION_REASONS.SCALED_TO_ZERO, 'No pod is asked for, so no proxy runs') : undefined;

const inTheTemplate: Check<Scene> = ({ tracks, stable }) => {
  if (stable.deployment === undefined) {
    return { ...waits(`Deployment ${stable.name} does not exist yet`), follows: true };
  }
  const without = tracks.flatMap(({ name, deployment }) =>
    deployment === undefined || templateHasProxy(deployment) ? [] : [name],
  );
  if (without.length === 0) return undefined;
  const what = `The pod template of Deployment ${listed(without)} has no container ${PROXY_CONTAINER}`;
  return waits(`${what}, though the gateway is on`, CONDITION_REASONS.PROXY_MISSING);
};

const newestReady = ({ tracks }: Scene) => tracks.flatMap((track) => track.pods.filter(isReady));

const someReady: Check<Scene> = (scene) => {
  if (newestReady(scene).length > 0) return undefined;
  const trouble = podTrouble(scene.tracks.flatMap((track) => track.pods));
  const finding =
    trouble === undefined
      ? waits('No pod of the current template is ready yet')
      : waits(`No pod of the current template is ready; ${trouble.message}`, trouble.reason);
  return { ...finding, follows: true };
};

const allRunIt: Check<Scene> = (scene) => {
  const without = newestReady(scene).filter((pod) => !hasReadyProxy(pod));
  if (without.length === 0) return undefined;
  const names = without.map(({ metadata }) => metadata.name);
  const what = `pod ${listed(names)} counts as ready without a ready container ${PROXY_CONTAINER}`;
  return waits(`${what}; where that stays, delete it`, CONDITION_REASONS.PROXY_NOT_READY);
};

const CHECKS: readonly Check<Scene>[] = [enabled, runs, inTheTemplate, someReady, allRunIt];

/** Older pods may still serve past the proxy while it is rolled out; that is said, though it is not asked here. */
function olderWithoutProxy({ tracks }: Scene): string {
  const older = tracks.flatMap((track) => track.olderPods).filter(isReady);
  const count = older.filter((pod) => !hasReadyProxy(pod)).length;
  return count === 0 ? '' : `; ${pods(count)} of an earlier template still without`;
}

export function gatewayFinding(scene: Scene): Finding {
  const count = newestReady(scene).length;
  return firstFinding(CHECKS, scene, holds(`${pods(count)} ready with proxy${olderWithoutProxy(scene)}`));
}
