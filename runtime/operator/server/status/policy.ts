// Whether the policy is written, and whether the proxies enforce it. What they enforce is known from their
// acknowledgements alone. A change needs a moment to arrive, so lag counts only after ten seconds: a revocation at a
// thousand servers must not become a thousand status writes.
import { CONDITION_REASONS, type ConditionReason } from '#api/conditions.ts';
import { serverObjectNames } from '#api/names.ts';
import { failureOf } from './failures.ts';
import { firstFinding, holds, off, unknown, waits, type Check, type Finding } from './finding.ts';
import { conditionOf, type PodView } from './objects.ts';
import type { Scene } from './scene.ts';
import { listed, pods, shortRevision } from './words.ts';

/** How long a change may travel before it counts as late. */
export const LAG_MS = 10_000;

interface Progress {
  readonly pod: PodView;
  readonly state: 'current' | 'earlier' | 'silent';
  /** Until when it may be behind; in the past where nobody knows since when it is. */
  readonly graceUntilMs: number;
}

/** Milliseconds of an ISO time; the beginning of time where there is none. */
const timeOf = (iso: string | null | undefined) => Date.parse(iso ?? '') || 0;

function progressOf(scene: Scene): readonly Progress[] {
  const { observed, input } = scene;
  const wanted = new Set([observed.policyRevision, input.desiredRevision]);
  const acknowledged = new Map(observed.acknowledgements.map((each) => [each.podUid, each.revision]));
  const writtenMs = timeOf(observed.policyWrittenAt);
  return scene.proxies.map((pod) => {
    const revision = acknowledged.get(pod.metadata.uid ?? '');
    if (revision !== undefined) {
      const state = wanted.has(revision) ? 'current' : 'earlier';
      return { pod, state, graceUntilMs: writtenMs + LAG_MS };
    }
    const readyMs = timeOf(conditionOf(pod.status, 'Ready')?.lastTransitionTime);
    return { pod, state: 'silent', graceUntilMs: Math.max(writtenMs, readyMs) + LAG_MS };
  });
}

const enabled: Check<Scene> = ({ input }) =>
  input.resolved.gateway === undefined
    ? off(CONDITION_REASONS.POLICY_DISABLED, 'The gateway is off, so no policy is enforced')
    : undefined;

const writable: Check<Scene> = ({ input, observed }) =>
  failureOf(observed.failures, 'ConfigMap', serverObjectNames(input.resolved.name).policyConfigMap);

const written: Check<Scene> = ({ input, observed }) => {
  const { policyRevision } = observed;
  if (policyRevision !== undefined) return undefined;
  const name = serverObjectNames(input.resolved.name).policyConfigMap;
  return waits(`The policy is not written to ConfigMap ${name} yet`);
};

const runs: Check<Scene> = ({ scaledToZero }) =>
  scaledToZero
    ? off(CONDITION_REASONS.SCALED_TO_ZERO, 'No pod is asked for, so no proxy enforces it')
    : undefined;

const someProxy: Check<Scene> = ({ proxies }) =>
  proxies.length > 0 ? undefined : { ...waits('No ready proxy enforces it yet'), follows: true };

const allAcknowledged: Check<Scene> = (scene) => {
  const progress = progressOf(scene);
  return progress.every(({ state }) => state === 'current')
    ? holds(`Every proxy enforces revision ${shortRevision(scene.observed.policyRevision ?? '')}`)
    : undefined;
};

const sourceExists: Check<Scene> = ({ observed }) =>
  observed.acknowledgementSource === 'absent'
    ? unknown(
        CONDITION_REASONS.NO_ACKNOWLEDGEMENT_SOURCE,
        'What the proxies enforce is not known; set MCP_ACKNOWLEDGEMENTS_URL of the operator',
      )
    : undefined;

/** When the grace of the next proxy that is behind ends; undefined where none has any left. */
function nextExpiryMs(scene: Scene): number | undefined {
  const left = progressOf(scene)
    .filter(({ state }) => state !== 'current')
    .map(({ graceUntilMs }) => graceUntilMs - scene.input.nowMs)
    .filter((ms) => ms > 0);
  return left.length === 0 ? undefined : Math.min(...left);
}

/** Behind for too long, or so it seems while whoever collects acknowledgements is away. */
const inTime: Check<Scene> = (scene) => {
  const { input, observed } = scene;
  const late = progressOf(scene).filter(
    ({ state, graceUntilMs }) => state !== 'current' && graceUntilMs <= input.nowMs,
  );
  if (late.length === 0) return undefined;
  if (observed.acknowledgementSource === 'disconnected') {
    const message = 'Who collects what proxies enforce does not answer; look at the distributor';
    return unknown(CONDITION_REASONS.ACKNOWLEDGEMENT_SOURCE_LOST, message);
  }
  const names = listed(late.map(({ pod }) => pod.metadata.name));
  const revision = shortRevision(observed.policyRevision ?? '');
  const message = `The proxy of pod ${names} does not enforce revision ${revision}; look at its log, and at its connection to the distributor`;
  return waits(message, CONDITION_REASONS.POLICY_LAGGING);
};

const onItsWay: Check<Scene> = (scene) => {
  const behind = progressOf(scene).filter(({ state }) => state !== 'current');
  const revision = shortRevision(scene.observed.policyRevision ?? '');
  const silent = behind.filter(({ state }) => state === 'silent').length;
  if (silent > 0) {
    const message = `The proxies of ${pods(silent)} have not said yet what they enforce`;
    return unknown(CONDITION_REASONS.SYNCING, message);
  }
  const message = `Revision ${revision} is on its way to the proxies of ${pods(behind.length)}`;
  return { ...holds(message), reason: CONDITION_REASONS.SYNCING };
};

const SYNCED: readonly Check<Scene>[] = [
  enabled,
  written,
  runs,
  someProxy,
  allAcknowledged,
  sourceExists,
  inTime,
  onItsWay,
];

/** Reasons of findings that the clock alone may change: another proxy may be late next. */
const CLOCKED: readonly ConditionReason[] = [CONDITION_REASONS.SYNCING, CONDITION_REASONS.POLICY_LAGGING];

/** Whether every ready proxy enforces the policy that is written. */
export function policySyncedFinding(scene: Scene): Finding {
  const finding = firstFinding(SYNCED, scene, waits('The policy is on its way'));
  const isOfTime = CLOCKED.includes(finding.reason);
  const lookAgainMs = isOfTime ? nextExpiryMs(scene) : undefined;
  return lookAgainMs === undefined ? finding : { ...finding, lookAgainMs };
}

const current: Check<Scene> = ({ input, observed }) => {
  const { desiredRevision: desired } = input;
  if (desired === undefined) return waits('The policy of this generation is not compiled yet');
  if (observed.policyRevision === desired || observed.policyDueMs !== undefined) return undefined;
  return waits(`Revision ${shortRevision(desired)} of the policy is not written yet`);
};

/** A newer document that is held back for a moment is no reason to say that there is no policy. */
function withRemark({ input, observed }: Scene, synced: Finding): Finding {
  if (synced.status !== 'True') return synced;
  if (observed.policyRevision !== input.desiredRevision) {
    const message = `${synced.message}; changes of the last seconds are about to be written`;
    return { ...synced, reason: CONDITION_REASONS.SYNCING, message };
  }
  if (observed.policyForm !== 'stub') return synced;
  const message = `${synced.message}; it is too large for a ConfigMap, so a pod that starts denies every call until a distributor serves it: fold grants of single people into grants of their team`;
  return { ...synced, reason: CONDITION_REASONS.POLICY_TOO_LARGE, message };
}

const WRITTEN: readonly Check<Scene>[] = [enabled, writable, written, current];

/** Whether the document of the current generation is in the ConfigMap, and in force. */
export function policyFinding(scene: Scene, synced: Finding): Finding {
  const finding = firstFinding(WRITTEN, scene, synced);
  if (finding !== synced) return finding;
  if (synced.status === 'Unknown') return { ...synced, status: 'False' };
  return withRemark(scene, synced);
}
