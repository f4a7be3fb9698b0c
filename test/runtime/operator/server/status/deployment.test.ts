// When a Deployment counts as ready, and what is said while it does not.
import { describe, expect, it } from '@jest/globals';
import type { ApplyFailure } from '#runtime/operator/server/status/observed-server.ts';
import {
  aDeployment,
  aPod,
  aReplicaSet,
  conditionIn,
  containersOf,
  said,
  secondsAgo,
  statusOf,
  type DeploymentFacts,
} from './build.ts';

/** The status of a server with two pods whose Deployment differs in something. */
const withDeployment = (facts: Partial<DeploymentFacts>) =>
  statusOf({
    spec: { replicas: 2 },
    observed: (resolved) => ({
      deployment: aDeployment({ replicas: 2, containers: containersOf(resolved), ...facts }),
    }),
  });

const condition = (type: string, status: string, reason: string, message: string) => ({
  conditions: [{ type, status, reason, message }],
});

describe('a Deployment', () => {
  it('is ready when every pod of the current template is available', () => {
    const status = withDeployment({});
    expect(status.deploymentReady).toBe(true);
    expect(said(status, 'DeploymentReady')).toBe('True Observed');
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 2 });
  });

  it.each([
    [
      'its controller has not seen the change',
      { generation: 2, status: { observedGeneration: 1 } },
      'Waiting',
    ],
    ['fewer pods are updated than asked for', { status: { updatedReplicas: 1 } }, 'Waiting'],
    ['an old pod is left', { status: { replicas: 3 } }, 'Waiting'],
    ['an updated pod is not available', { status: { availableReplicas: 1 } }, 'Waiting'],
    ['somebody scaled it', { replicas: 3 }, 'Waiting'],
    ['the rollout is paused midway', { paused: true, status: { updatedReplicas: 1 } }, 'RolloutPaused'],
    [
      'the rollout got nowhere',
      {
        status: {
          updatedReplicas: 1,
          ...condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'timed out'),
        },
      },
      'ProgressDeadlineExceeded',
    ],
    [
      'a quota is used up',
      {
        status: {
          updatedReplicas: 1,
          ...condition('ReplicaFailure', 'True', 'FailedCreate', 'pods "x" is forbidden: exceeded quota: q'),
        },
      },
      'QuotaExceeded',
    ],
    [
      'admission refuses its pods',
      {
        status: {
          updatedReplicas: 1,
          ...condition('ReplicaFailure', 'True', 'FailedCreate', 'violates PodSecurity "restricted"'),
        },
      },
      'PodsRefused',
    ],
  ] as const)('is not ready while %s', (_what, facts, reason) => {
    const status = withDeployment(facts);
    expect(status.deploymentReady).toBe(false);
    expect(said(status, 'DeploymentReady')).toBe(`False ${reason}`);
    expect(said(status, 'Ready')).toBe(`False ${reason}`);
  });

  it('is not ready while a pod of an earlier template is alive, whatever the counts say', () => {
    const status = statusOf({
      observed: (resolved) => {
        const containers = containersOf(resolved);
        const deployment = aDeployment({ replicas: 1, containers, revision: 2 });
        const [older, newer] = [aReplicaSet(deployment, 1), aReplicaSet(deployment, 2)];
        return {
          deployment,
          replicaSets: [older, newer],
          pods: [aPod(older, 0, { containers }), aPod(newer, 0, { containers })],
        };
      },
    });
    expect(status.deploymentReady).toBe(false);
    expect(status.message).toContain('1 pod of an earlier template still to be ended');
  });

  it('names what keeps the new pod from being ready, where an earlier one serves until it is', () => {
    const status = statusOf({
      observed: (resolved) => {
        const containers = containersOf(resolved);
        const deployment = aDeployment({ replicas: 1, containers, revision: 2 });
        const [older, newer] = [aReplicaSet(deployment, 1), aReplicaSet(deployment, 2)];
        const waiting = { state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } };
        const broken = { containers, ready: false, statuses: { [containers[0]?.name ?? '']: waiting } };
        return {
          deployment,
          replicaSets: [older, newer],
          pods: [aPod(older, 0, { containers }), aPod(newer, 0, broken)],
        };
      },
    });
    expect(said(status, 'DeploymentReady')).toBe('False ImagePullFailed');
    expect(status.message).toContain('1 pod of an earlier template still to be ended; pod ');
  });

  it('is ready while an earlier pod only drains', () => {
    const status = statusOf({
      observed: (resolved) => {
        const containers = containersOf(resolved);
        const deployment = aDeployment({ replicas: 1, containers, revision: 2 });
        const [older, newer] = [aReplicaSet(deployment, 1), aReplicaSet(deployment, 2)];
        return {
          deployment,
          replicaSets: [older, newer],
          pods: [aPod(older, 0, { containers, deleted: true }), aPod(newer, 0, { containers })],
        };
      },
    });
    expect(status.deploymentReady).toBe(true);
  });

  it('is not kept from being ready by an earlier pod that was evicted and is left as an object', () => {
    const status = statusOf({
      observed: (resolved) => {
        const containers = containersOf(resolved);
        const deployment = aDeployment({ replicas: 1, containers, revision: 2 });
        const [older, newer] = [aReplicaSet(deployment, 1), aReplicaSet(deployment, 2)];
        return {
          deployment,
          replicaSets: [older, newer],
          pods: [aPod(older, 0, { containers, phase: 'Failed' }), aPod(newer, 0, { containers })],
        };
      },
    });
    expect(status.deploymentReady).toBe(true);
  });

  it('is not ready while it is being deleted', () => {
    const status = statusOf({
      observed: (resolved) => {
        const deployment = aDeployment({ replicas: 1, containers: containersOf(resolved) });
        const metadata = { ...deployment.metadata, deletionTimestamp: secondsAgo(1) };
        return { deployment: { ...deployment, metadata } };
      },
    });
    expect(status.deploymentReady).toBe(false);
    expect(status.message).toContain('Deployment notes is being deleted');
  });

  it('is ready when its rollout came to its end after the deadline', () => {
    const status = withDeployment({
      status: condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'timed out'),
    });
    expect(status.deploymentReady).toBe(true);
  });

  it('leaves the number of pods to an autoscaler where the spec names none', () => {
    const containers = [{ name: 'notes', image: 'x' }];
    const status = statusOf({ observed: () => ({ deployment: aDeployment({ replicas: 5, containers }) }) });
    expect(status.deploymentReady).toBe(true);
  });

  it('is not there yet', () => {
    const status = statusOf({ observed: () => ({ deployment: undefined, pods: [], replicaSets: [] }) });
    expect(said(status, 'DeploymentReady')).toBe('False Waiting');
    expect(conditionIn(status, 'DeploymentReady').message).toBe('Deployment notes does not exist yet.');
    expect(status).toMatchObject({ replicas: 0, readyReplicas: 0 });
  });

  it('is stalled where its namespace has no quota left, and says what to do', () => {
    const status = withDeployment({
      status: {
        updatedReplicas: 1,
        ...condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota: pods=1'),
      },
    });
    expect(status.phase).toBe('Error');
    expect(said(status, 'Stalled')).toBe('True QuotaExceeded');
    expect(status.message).toContain('exceeded quota: pods=1; raise the quota of the namespace');
  });
});

describe('a server that is scaled to zero', () => {
  const none = { pods: [], replicaSets: [] };

  it('says so when it is suspended, and no boolean claims anything of pods', () => {
    const status = statusOf({
      spec: { suspend: true, replicas: 2, gateway: { enabled: true }, analytics: {} },
      observed: () => none,
    });
    expect(status).toMatchObject({
      phase: 'Suspended',
      deploymentReady: false,
      gatewayReady: false,
      policyReady: false,
    });
    expect(status.message).toContain('spec.suspend');
    for (const type of ['DeploymentReady', 'GatewayReady', 'PolicySynced', 'AuditDelivering'] as const) {
      expect(said(status, type)).toBe('False ScaledToZero');
    }
    expect(said(status, 'Ready')).toBe('True ScaledToZero');
  });

  it('says so when zero replicas are asked for', () => {
    const status = statusOf({ spec: { replicas: 0 }, observed: () => none });
    expect(status).toMatchObject({ phase: 'Suspended', deploymentReady: false });
    expect(said(status, 'DeploymentReady')).toBe('False ScaledToZero');
  });

  it('is still on its way there while pods run', () => {
    const status = statusOf({
      spec: { suspend: true },
      observed: (resolved) => {
        const containers = containersOf(resolved);
        const deployment = aDeployment({ replicas: 0, containers, status: { replicas: 1 } });
        const replicaSet = aReplicaSet(deployment);
        return { deployment, replicaSets: [replicaSet], pods: [aPod(replicaSet, 0, { containers })] };
      },
    });
    expect(status.phase).toBe('Suspended');
    expect(said(status, 'Ready')).toBe('False Waiting');
    expect(said(status, 'Reconciling')).toBe('True Waiting');
    expect(status.message).toContain('1 pod still to be ended');
  });
});

describe('a canary', () => {
  const spec = { replicas: 3, rollout: { strategy: 'Canary', canaryReplicas: 1 } } as const;

  it('is ready with its pods, beside the others', () => {
    const status = statusOf({ spec });
    expect(status).toMatchObject({ phase: 'Ready', canaryReady: true, replicas: 3, readyReplicas: 3 });
    expect(said(status, 'CanaryReady')).toBe('True Observed');
  });

  it.each([
    ['waits for a person', 'Progressing', 'CanaryWaiting', 'spec.rollout.promote'],
    ['was aborted', 'Aborted', 'CanaryAborted', 'bbb was aborted'],
  ] as const)('says that its revision %s', (_what, phase, reason, words) => {
    const rollout = { stableRevision: 'aaa', canaryRevision: 'bbb', phase, traffic: 'ReplicaRatio' } as const;
    const status = statusOf({ spec, observed: () => ({ rollout }) });
    expect(said(status, 'CanaryReady')).toBe(`True ${reason}`);
    expect(conditionIn(status, 'CanaryReady').message).toContain(words);
    expect(status.rollout).toMatchObject(rollout);
    expect(status.phase).toBe('Ready');
  });

  it('keeps the server from being ready while its pods are not', () => {
    const status = statusOf({
      spec,
      observed: (resolved) => ({
        canaryDeployment: aDeployment({
          name: 'notes-canary',
          replicas: 1,
          containers: containersOf(resolved),
          status: { availableReplicas: 0 },
        }),
      }),
    });
    expect(status).toMatchObject({ phase: 'PartiallyReady', canaryReady: false, deploymentReady: true });
  });

  it('is off where none is asked for', () => {
    expect(said(statusOf(), 'CanaryReady')).toBe('False CanaryDisabled');
  });

  it('that is left over keeps the server from being ready, because it still serves', () => {
    const containers = [{ name: 'notes', image: 'x' }];
    const left = aDeployment({ name: 'notes-canary', replicas: 1, containers });
    const status = statusOf({ observed: () => ({ canaryDeployment: left }) });
    expect(status.deploymentReady).toBe(false);
    expect(status.message).toContain('Deployment notes-canary is no longer asked for');
  });
});

describe('what the API server refuses', () => {
  const failing = (failure: Partial<ApplyFailure>) =>
    statusOf({
      observed: () => ({
        failures: [
          { child: 'Deployment notes', code: 'invalid', message: 'no', at: secondsAgo(1), ...failure },
        ],
      }),
    });

  it.each([
    ['forbidden', 'deployments.apps is forbidden', 'Forbidden', 'Stalled'],
    ['forbidden', 'exceeded quota: count/deployments.apps=1', 'QuotaExceeded', 'Stalled'],
    ['namespace_terminating', 'being terminated', 'NamespaceTerminating', 'Stalled'],
    ['invalid', 'spec.template: Invalid value', 'Refused', 'Stalled'],
    ['unknown_kind', 'no such resource', 'KindNotFound', 'Stalled'],
    ['already_exists', 'exists', 'ApplyFailed', 'Stalled'],
    ['conflict', 'modified', 'ApplyFailed', 'Reconciling'],
    ['unavailable', 'connection refused', 'ApplyFailed', 'Reconciling'],
    ['timeout', 'no answer', 'ApplyFailed', 'Reconciling'],
    ['too_many_requests', 'slow down', 'ApplyFailed', 'Reconciling'],
  ] as const)('as %s (%s) is %s', (code, message, reason, condition) => {
    const status = failing({ code, message });
    expect(status.deploymentReady).toBe(false);
    expect(said(status, 'DeploymentReady')).toBe(`False ${reason}`);
    expect(said(status, condition)).toBe(`True ${reason}`);
    expect(status.message).toContain(`Deployment notes could not be applied: ${message}`);
    expect(status.phase).toBe(condition === 'Stalled' ? 'Error' : 'PartiallyReady');
  });

  it('keeps the server from being ready also where no statement speaks of the child', () => {
    const status = failing({ child: 'NetworkPolicy notes-gateway', code: 'forbidden' });
    expect(status.deploymentReady).toBe(true);
    expect(said(status, 'Ready')).toBe('False Forbidden');
    expect(status.message).toContain('NetworkPolicy notes-gateway could not be applied');
  });

  it.each([
    ['Service notes', 'ServiceReady'],
    ['Ingress notes', 'IngressReady'],
  ] as const)('of %s is told by %s', (child, type) => {
    expect(said(failing({ child }), type)).toBe('False Refused');
  });

  it('leaves out nothing that still runs', () => {
    expect(failing({}).message).toContain(
      'Meanwhile 1 pod runs registry.example.org/notes:1.0.0 without a proxy.',
    );
  });
});
