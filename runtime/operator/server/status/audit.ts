// Whether what the proxy decides is recorded, by what the proxies say of their last batch of events.
import { analyticsOn } from '#api/analytics.ts';
import { CONDITION_REASONS } from '#api/conditions.ts';
import { firstFinding, holds, off, unknown, waits, type Check, type Finding } from './finding.ts';
import { acknowledgementsOf, noSource, sourceLost } from './proxies.ts';
import type { Scene } from './scene.ts';
import { listed } from './words.ts';

const asksForRecording = ({ input }: Scene) =>
  input.server.spec.analytics !== undefined && analyticsOn(input.server.spec.analytics);

const gatewayEnabled: Check<Scene> = (scene) => {
  if (scene.input.resolved.gateway !== undefined) return undefined;
  return asksForRecording(scene)
    ? off(
        CONDITION_REASONS.GATEWAY_DISABLED,
        'Nothing is recorded, because the proxy records and the gateway is off; set spec.gateway.enabled',
      )
    : off(CONDITION_REASONS.ANALYTICS_DISABLED, 'Recording is off (spec.analytics), and so is the gateway');
};

const recordingEnabled: Check<Scene> = ({ input }) =>
  input.resolved.gateway?.analytics === undefined
    ? off(
        CONDITION_REASONS.GATEWAY_ON_AUDIT_OFF,
        'The proxy decides and nothing records what; set spec.analytics',
      )
    : undefined;

const runs: Check<Scene> = ({ scaledToZero }) =>
  scaledToZero
    ? off(CONDITION_REASONS.SCALED_TO_ZERO, 'No pod is asked for, so nothing is recorded')
    : undefined;

const noneDelayed: Check<Scene> = (scene) => {
  const delayed = acknowledgementsOf(scene).filter(({ acknowledgement }) => acknowledgement?.auditDelayed);
  if (delayed.length === 0) return undefined;
  const names = listed(delayed.map(({ pod }) => pod.metadata.name));
  const url = scene.input.resolved.gateway?.analytics?.ingestUrl ?? 'ingest';
  return waits(
    `Events wait or are lost at the proxy of pod ${names}; look whether ${url} takes them, and at the log of the proxy`,
    CONDITION_REASONS.AUDIT_DELAYED,
  );
};

const someDelivered: Check<Scene> = (scene) =>
  acknowledgementsOf(scene).some(({ acknowledgement }) => acknowledgement?.auditDeliveredAt !== undefined)
    ? undefined
    : unknown(CONDITION_REASONS.WAITING, 'No proxy has delivered a batch of events yet');

const CHECKS: readonly Check<Scene>[] = [
  gatewayEnabled,
  recordingEnabled,
  runs,
  noSource,
  sourceLost,
  noneDelayed,
  someDelivered,
];

export function auditFinding(scene: Scene): Finding {
  return firstFinding(CHECKS, scene, holds('The last batches of events arrived'));
}
