// What the ready proxies of a server said of themselves last, and the checks on whether anybody listens to them.
import { CONDITION_REASONS } from '#api/conditions.ts';
import type { Acknowledgement } from '../../acknowledgements.ts';
import { unknown, type Check } from './finding.ts';
import type { PodView } from './objects.ts';
import type { Scene } from './scene.ts';

export interface ProxyWord {
  readonly pod: PodView;
  /** Absent where it said nothing yet. */
  readonly acknowledgement: Acknowledgement | undefined;
}

/** One entry a ready proxy; what is left of pods that are gone counts for nothing. */
export function acknowledgementsOf({ proxies, observed }: Scene): readonly ProxyWord[] {
  const byPod = new Map(observed.acknowledgements.map((each) => [each.podUid, each]));
  return proxies.map((pod) => ({ pod, acknowledgement: byPod.get(pod.metadata.uid ?? '') }));
}

export const noSource: Check<Scene> = ({ observed }) =>
  observed.acknowledgementSource === 'absent'
    ? unknown(
        CONDITION_REASONS.NO_ACKNOWLEDGEMENT_SOURCE,
        'Nobody collects what proxies say of themselves; set MCP_ACKNOWLEDGEMENTS_URL of the operator',
      )
    : undefined;

/** Words that are still there count while their collector is away; silence means nothing then. */
export const sourceLost: Check<Scene> = (scene) =>
  scene.observed.acknowledgementSource === 'disconnected' &&
  acknowledgementsOf(scene).some(({ acknowledgement }) => acknowledgement === undefined)
    ? unknown(
        CONDITION_REASONS.ACKNOWLEDGEMENT_SOURCE_LOST,
        'Who collects what proxies say of themselves does not answer; look at the distributor',
      )
    : undefined;
