// Whether the canary pods are available. A canary that waits for a person to promote it is as the spec asks.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { trackFinding } from './deployment.ts';
import { holds, off, type Finding } from './finding.ts';
import type { Scene } from './scene.ts';

/** Which revision the canary pods run, and what a person may do about it. */
function running({ observed }: Scene, message: string): Finding {
  const { phase, canaryRevision = '', stableRevision = '' } = observed.rollout ?? {};
  switch (phase) {
    case 'Progressing':
      return {
        ...holds(
          `${message} with revision ${canaryRevision}, which waits; set spec.rollout.promote or spec.rollout.abort to it`,
        ),
        reason: CONDITION_REASONS.CANARY_WAITING,
      };
    case 'Aborted':
      return {
        ...holds(`${message} with promoted revision ${stableRevision}; ${canaryRevision} was aborted`),
        reason: CONDITION_REASONS.CANARY_ABORTED,
      };
    case 'Idle':
    case undefined:
      return holds(message);
  }
}

export function canaryFinding(scene: Scene): Finding {
  const { rollout, suspended } = scene.input.resolved;
  if (rollout.strategy !== 'Canary') {
    return off(CONDITION_REASONS.CANARY_DISABLED, 'No canary is asked for (spec.rollout.strategy)');
  }
  if (suspended) return off(CONDITION_REASONS.SCALED_TO_ZERO, 'No canary runs while spec.suspend is set');
  if (scene.canary === undefined || rollout.canaryReplicas === 0) {
    return off(
      CONDITION_REASONS.CANARY_DISABLED,
      'No canary pods are asked for (spec.rollout.canaryReplicas)',
    );
  }
  const finding = trackFinding(scene, scene.canary, rollout.canaryReplicas);
  return finding.status === 'True' ? running(scene, finding.message) : finding;
}
