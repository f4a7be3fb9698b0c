// Whether the policy is written and in force. A change travels for a moment, and ten seconds of it are no fault.
import { describe, expect, it } from '@jest/globals';
import { serverStatus } from '#runtime/operator/server/status/server-status.ts';
import type { ObservedServer } from '#runtime/operator/server/status/observed-server.ts';
import {
  aDeployment,
  anAcknowledgement,
  aPod,
  aReplicaSet,
  conditionIn,
  containersOf,
  GATEWAY_ON,
  NEWER,
  OLDER,
  REVISION,
  said,
  secondsAgo,
  statusInput,
  statusOf,
} from './build.ts';

const on = (observed: Partial<ObservedServer> = {}, desiredRevision: string | undefined = REVISION) =>
  statusOf({ spec: GATEWAY_ON, desiredRevision, observed: () => observed });

const POD = 'notes-1-0';

describe('PolicySynced', () => {
  it('holds when every ready proxy acknowledged what is written', () => {
    const status = on();
    expect(said(status, 'PolicySynced')).toBe('True Observed');
    expect(status).toMatchObject({ policyReady: true, policyRevision: REVISION, phase: 'Ready' });
  });

  it.each([
    ['an earlier revision, a moment ago', 5, OLDER, 'True Syncing'],
    ['an earlier revision, ten seconds ago', 10, OLDER, 'False PolicyLagging'],
    ['nothing, a moment ago', 5, undefined, 'False PolicyLagging'],
  ] as const)('after a write with %s acknowledged', (_what, writtenSecondsAgo, revision, expected) => {
    const acknowledgements = revision === undefined ? [] : [anAcknowledgement(POD, { revision })];
    const nowMs = revision === undefined ? Date.parse(secondsAgo(-6)) : Date.parse(secondsAgo(0));
    const status = statusOf({
      spec: GATEWAY_ON,
      nowMs,
      observed: () => ({ policyWrittenAt: secondsAgo(writtenSecondsAgo), acknowledgements }),
    });
    expect(said(status, 'PolicySynced')).toBe(expected);
    expect(status.policyReady).toBe(expected.startsWith('True'));
  });

  it('is not known of a pod that only just became ready and said nothing yet', () => {
    const containers = containersOf(statusInput({ spec: GATEWAY_ON }).resolved);
    const deployment = aDeployment({ replicas: 1, containers });
    const replicaSet = aReplicaSet(deployment);
    const at = (readySecondsAgo: number) =>
      on({
        deployment,
        replicaSets: [replicaSet],
        pods: [aPod(replicaSet, 0, { containers, readySecondsAgo })],
        acknowledgements: [],
      });
    expect(said(at(3), 'PolicySynced')).toBe('Unknown Syncing');
    expect(at(3)).toMatchObject({ policyReady: false, gatewayReady: true });
    expect(said(at(11), 'PolicySynced')).toBe('False PolicyLagging');
    expect(conditionIn(at(11), 'PolicySynced').message).toContain(POD);
  });

  it('names pods of older templates in one order, however their ReplicaSets are listed', () => {
    const containers = containersOf(statusInput({ spec: GATEWAY_ON }).resolved);
    const deployment = aDeployment({ replicas: 2, containers, revision: 3 });
    const older = [1, 2].map((revision) => aReplicaSet(deployment, revision));
    const replicaSets = [...older, aReplicaSet(deployment, 3)];
    const pods = older.map((replicaSet) => aPod(replicaSet, 0, { containers }));
    const acknowledgements = pods.map(({ metadata }) =>
      anAcknowledgement(metadata.name, { revision: OLDER }),
    );
    const observed = { deployment, pods, acknowledgements, policyWrittenAt: secondsAgo(60) };
    for (const listed of [replicaSets, replicaSets.toReversed()]) {
      const { message } = conditionIn(on({ ...observed, replicaSets: listed }), 'PolicySynced');
      expect(message).toContain('notes-1-0 and notes-2-0');
    }
  });

  it('counts what a proxy got by stream before it was written', () => {
    const status = statusOf({
      spec: GATEWAY_ON,
      desiredRevision: NEWER,
      observed: () => ({
        policyDueMs: 3000,
        acknowledgements: [anAcknowledgement(POD, { revision: NEWER })],
      }),
    });
    expect(said(status, 'PolicySynced')).toBe('True Observed');
  });

  it('asks to be computed again when the ten seconds are over, and not before', () => {
    const acknowledgements = [anAcknowledgement(POD, { revision: OLDER })];
    const input = statusInput({
      spec: GATEWAY_ON,
      observed: () => ({ policyWrittenAt: secondsAgo(4), acknowledgements }),
    });
    const { lookAgainMs } = serverStatus(input);
    expect(lookAgainMs).toBe(6000);
    const later = serverStatus({ ...input, nowMs: input.nowMs + 6000 });
    expect(said(later.status, 'PolicySynced')).toBe('False PolicyLagging');
    expect(later.lookAgainMs).toBeUndefined();
  });

  it('does not wait for time where only an event can help', () => {
    expect(serverStatus(statusInput({ spec: GATEWAY_ON })).lookAgainMs).toBeUndefined();
  });

  it('ignores what is left of pods that are gone, and pods that are not ready', () => {
    const containers = containersOf(statusInput({ spec: GATEWAY_ON }).resolved);
    const deployment = aDeployment({ replicas: 1, containers });
    const replicaSet = aReplicaSet(deployment);
    const status = on({
      deployment,
      replicaSets: [replicaSet],
      pods: [aPod(replicaSet, 0, { containers }), aPod(replicaSet, 1, { containers, ready: false })],
      acknowledgements: [anAcknowledgement(POD), anAcknowledgement('gone', { revision: OLDER })],
    });
    expect(said(status, 'PolicySynced')).toBe('True Observed');
  });

  it('is not known where nobody collects acknowledgements', () => {
    const status = on({ acknowledgementSource: 'absent', acknowledgements: [] });
    expect(said(status, 'PolicySynced')).toBe('Unknown NoAcknowledgementSource');
    expect(said(status, 'PolicyReady')).toBe('False NoAcknowledgementSource');
    expect(status).toMatchObject({ policyReady: false, gatewayReady: true, phase: 'PartiallyReady' });
    expect(status.message).toContain('MCP_ACKNOWLEDGEMENTS_URL');
  });

  it('still holds by what was said before the collector went away', () => {
    expect(said(on({ acknowledgementSource: 'disconnected' }), 'PolicySynced')).toBe('True Observed');
    const behind = [anAcknowledgement(POD, { revision: OLDER })];
    const lost = on({ acknowledgementSource: 'disconnected', acknowledgements: behind });
    expect(said(lost, 'PolicySynced')).toBe('Unknown AcknowledgementSourceLost');
  });

  it('does not hold where no ready proxy is there to enforce anything', () => {
    const status = on({ pods: [] });
    expect(said(status, 'PolicySynced')).toBe('False Waiting');
    expect(status.policyReady).toBe(false);
  });
});

describe('PolicyReady', () => {
  it.each([
    ['nothing is written', { policyRevision: undefined }, REVISION],
    ['what is written is not of this generation', { policyRevision: OLDER }, REVISION],
  ] as const)('does not hold while %s', (_what, observed, desired) => {
    const status = on(observed, desired);
    expect(said(status, 'PolicyReady')).toBe('False Waiting');
    expect(status.policyReady).toBe(false);
  });

  it('does not hold while the policy is not compiled', () => {
    const status = statusOf({ spec: GATEWAY_ON, desiredRevision: undefined });
    expect(said(status, 'PolicyReady')).toBe('False Waiting');
  });

  it('holds while a newer document is held back for a moment', () => {
    const status = on({ policyDueMs: 4000 }, NEWER);
    expect(said(status, 'PolicyReady')).toBe('True Syncing');
    expect(status.phase).toBe('Ready');
  });

  it('names the ConfigMap that could not be written', () => {
    const child = 'ConfigMap notes-gateway-policy';
    const status = on({ failures: [{ child, code: 'forbidden', message: 'no', at: secondsAgo(1) }] });
    expect(said(status, 'PolicyReady')).toBe('False Forbidden');
    expect(status.message?.split(child)).toHaveLength(2);
  });

  it('holds by the stream where the document is too large, and says what that means', () => {
    const status = on({ policyForm: 'stub' });
    expect(said(status, 'PolicyReady')).toBe('True PolicyTooLarge');
    expect(status.policyReady).toBe(true);
  });
});
