// Whether a proxy stands before the server: read from the Deployment and from live pods, never from the spec alone.
import { describe, expect, it } from '@jest/globals';
import {
  aDeployment,
  aPod,
  aReplicaSet,
  aTrack,
  conditionIn,
  containersOf,
  GATEWAY_ON,
  said,
  statusOf,
  type PodFacts,
} from './build.ts';

const WITHOUT = [{ name: 'notes', image: 'registry.example.org/notes:1.0.0' }];
const WITH = [...WITHOUT, { name: 'mcp-gateway', image: 'registry.example.org/proxy:1.0.0' }];

/** A server with the gateway on, whose template and pods are as said. */
function world(template: typeof WITH, ...pods: readonly PodFacts[]) {
  const deployment = aDeployment({ replicas: pods.length, containers: template });
  const replicaSet = aReplicaSet(deployment);
  return statusOf({
    spec: { ...GATEWAY_ON, replicas: pods.length },
    observed: () => ({
      deployment,
      replicaSets: [replicaSet],
      pods: pods.map((facts, index) => aPod(replicaSet, index, facts)),
    }),
  });
}

describe('gatewayReady', () => {
  it('is true where a ready pod runs the proxy, ready', () => {
    const status = world(WITH, { containers: WITH });
    expect(status.gatewayReady).toBe(true);
    expect(said(status, 'GatewayReady')).toBe('True Observed');
  });

  it('is false, with that as its reason, where the gateway is off, whatever runs', () => {
    const track = aTrack({ replicas: 1, containers: WITH });
    const status = statusOf({
      observed: () => ({ deployment: track.deployment, replicaSets: [track.replicaSet], pods: track.pods }),
    });
    expect(status).toMatchObject({ gatewayReady: false, policyReady: false });
    expect(said(status, 'GatewayReady')).toBe('False GatewayDisabled');
    expect(said(status, 'PolicyReady')).toBe('False PolicyDisabled');
    expect(said(status, 'PolicySynced')).toBe('False PolicyDisabled');
  });

  it.each([
    ['the template has no proxy', WITHOUT, [{ containers: WITH }], 'ProxyMissing'],
    ['no pod is there', WITH, [], 'Waiting'],
    ['no pod is ready', WITH, [{ containers: WITH, ready: false }], 'ReadinessFailing'],
    ['the ready pod has no proxy', WITH, [{ containers: WITHOUT }], 'ProxyNotReady'],
    [
      "the ready pod's proxy is not ready",
      WITH,
      [{ containers: WITH, statuses: { 'mcp-gateway': { ready: false } } }],
      'ProxyNotReady',
    ],
    [
      'one of two ready pods has no proxy',
      WITH,
      [{ containers: WITH }, { containers: WITHOUT }],
      'ProxyNotReady',
    ],
    ['its only ready pod is on its way out', WITH, [{ containers: WITH, deleted: true }], 'Waiting'],
  ] as const)('is false where %s', (_what, template, pods, reason) => {
    const deployment = aDeployment({ replicas: 2, containers: template });
    const replicaSet = aReplicaSet(deployment);
    const status = statusOf({
      spec: { ...GATEWAY_ON, replicas: 2 },
      observed: () => ({
        deployment,
        replicaSets: [replicaSet],
        pods: pods.map((facts, index) => aPod(replicaSet, index, facts)),
      }),
    });
    expect(status.gatewayReady).toBe(false);
    expect(said(status, 'GatewayReady')).toBe(`False ${reason}`);
    expect(status.phase).not.toBe('Ready');
  });

  it('is true where one pod is ready with its proxy and another is not ready at all', () => {
    const status = world(WITH, { containers: WITH }, { containers: WITH, ready: false });
    expect(status.gatewayReady).toBe(true);
  });

  it('is false while a change of the Deployment may be about to make another ReplicaSet', () => {
    const deployment = aDeployment({
      replicas: 1,
      containers: WITH,
      generation: 2,
      status: { observedGeneration: 1 },
    });
    const replicaSet = aReplicaSet(deployment);
    const pods = [aPod(replicaSet, 0, { containers: WITH })];
    const status = statusOf({
      spec: GATEWAY_ON,
      observed: () => ({ deployment, replicaSets: [replicaSet], pods }),
    });
    expect(said(status, 'GatewayReady')).toBe('False Waiting');
    expect(status.message).toContain('its controller has not looked at it yet');
  });

  it('asks the newest ReplicaSet, and says what older pods lack', () => {
    const deployment = aDeployment({
      replicas: 1,
      containers: WITH,
      revision: 10,
      status: { replicas: 2, updatedReplicas: 1 },
    });
    const [older, newer] = [aReplicaSet(deployment, 9), aReplicaSet(deployment, 10)];
    const status = statusOf({
      spec: GATEWAY_ON,
      observed: () => ({
        deployment,
        replicaSets: [older, newer],
        pods: [aPod(older, 0, { containers: WITHOUT }), aPod(newer, 0, { containers: WITH })],
      }),
    });
    expect(status).toMatchObject({ gatewayReady: true, deploymentReady: false, phase: 'PartiallyReady' });
    expect(conditionIn(status, 'GatewayReady').message).toContain(
      '1 pod of an earlier template still without',
    );
    expect(status.message).toContain('1 pod runs registry.example.org/notes:1.0.0 without a proxy');
  });

  it('is false while the ReplicaSet that the Deployment counts is not seen yet', () => {
    const deployment = aDeployment({ replicas: 1, containers: WITH, revision: 2 });
    const older = aReplicaSet(deployment, 1);
    const status = statusOf({
      spec: GATEWAY_ON,
      observed: () => ({ deployment, replicaSets: [older], pods: [aPod(older, 0, { containers: WITH })] }),
    });
    expect(said(status, 'GatewayReady')).toBe('False Waiting');
  });

  it('asks the canary too: its pods are behind the same Service', () => {
    const spec = { ...GATEWAY_ON, replicas: 2, rollout: { strategy: 'Canary', canaryReplicas: 1 } } as const;
    expect(statusOf({ spec }).gatewayReady).toBe(true);
    const status = statusOf({
      spec,
      observed: (resolved) => {
        const stable = aTrack({ replicas: 1, containers: WITHOUT });
        const canary = aTrack({ name: 'notes-canary', replicas: 1, containers: containersOf(resolved) });
        return {
          deployment: stable.deployment,
          canaryDeployment: canary.deployment,
          replicaSets: [stable.replicaSet, canary.replicaSet],
          pods: [...stable.pods, ...canary.pods],
        };
      },
    });
    expect(said(status, 'GatewayReady')).toBe('False ProxyMissing');
    expect(conditionIn(status, 'GatewayReady').message).toContain('Deployment notes has no container');
  });

  it('does not follow policy revisions', () => {
    const status = statusOf({
      spec: GATEWAY_ON,
      observed: () => ({ policyRevision: undefined, acknowledgements: [] }),
    });
    expect(status).toMatchObject({ gatewayReady: true, policyReady: false });
  });
});
