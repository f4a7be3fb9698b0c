// Why pods are not ready: each of the causes that the kubelet and the scheduler know, with words that say what to do
// and that stay the same through the turns of a back-off.
import { describe, expect, it } from '@jest/globals';
import { aDeployment, aPod, aReplicaSet, conditionIn, said, statusOf, type PodFacts } from './build.ts';

const CONTAINERS = [
  { name: 'notes', image: 'registry.example.org/notes:1.0.0' },
  { name: 'mcp-gateway', image: 'registry.example.org/proxy:1.0.0' },
];

const ALONE = CONTAINERS.slice(0, 1);

function troubled(facts: Partial<PodFacts>) {
  const containers = facts.containers ?? ALONE;
  const deployment = aDeployment({
    replicas: 1,
    containers,
    status: { availableReplicas: 0, readyReplicas: 0 },
  });
  const replicaSet = aReplicaSet(deployment);
  const pods = [aPod(replicaSet, 0, { containers, ready: false, ...facts })];
  const gateway = { enabled: containers.length > 1 };
  return statusOf({
    spec: { gateway },
    observed: () => ({ deployment, replicaSets: [replicaSet], pods }),
  });
}

const waiting = (reason: string, message: string, more: object = {}) => ({
  state: { waiting: { reason, message } },
  ...more,
});
const ended = (exitCode: number, reason = 'Error') => ({ terminated: { exitCode, reason } });

const PULL = 'rpc error: code = NotFound desc = notes:1.0.0: not found';

describe('a pod that is not ready', () => {
  it.each([
    [
      'has an image that can not be had',
      { statuses: { notes: waiting('ErrImagePull', PULL) } },
      'ImagePullFailed',
      ['registry.example.org/notes:1.0.0', PULL, 'spec.image', 'spec.imagePullSecrets'],
    ],
    [
      'has an image with no valid name',
      { statuses: { notes: waiting('InvalidImageName', 'invalid reference format') } },
      'ImagePullFailed',
      ['invalid reference format'],
    ],
    [
      'has a proxy whose image can not be had',
      { containers: CONTAINERS, statuses: { 'mcp-gateway': waiting('ErrImagePull', PULL) } },
      'ImagePullFailed',
      ['container mcp-gateway', 'spec.gateway.image', 'MCP_GATEWAY_PROXY_IMAGE'],
    ],
    [
      'names a Secret that does not exist',
      { statuses: { notes: waiting('CreateContainerConfigError', 'secret "token" not found') } },
      'ContainerConfigInvalid',
      ['secret "token" not found', 'spec.secretEnvVars'],
    ],
    [
      'has a command that does not exist',
      { statuses: { notes: waiting('RunContainerError', 'exec: "serve": not found') } },
      'ContainerNotStarted',
      ['exec: "serve": not found', 'spec.podTemplate'],
    ],
    [
      'crashes',
      {
        statuses: {
          notes: waiting('CrashLoopBackOff', 'back-off 5m', { restartCount: 4, lastState: ended(3) }),
        },
      },
      'CrashLooping',
      ['exit code 3', 'kubectl logs -n team-a notes-1-0 -c notes --previous'],
    ],
    [
      'ends with success, which a server must not',
      { statuses: { notes: { state: ended(0, 'Completed') } } },
      'CrashLooping',
      ['exit code 0'],
    ],
    [
      'uses too much memory',
      {
        statuses: { notes: waiting('CrashLoopBackOff', 'back-off', { lastState: ended(137, 'OOMKilled') }) },
      },
      'OutOfMemory',
      ['raise spec.resources.limits.memory'],
    ],
    [
      'has a proxy that uses too much memory',
      { containers: CONTAINERS, statuses: { 'mcp-gateway': { state: ended(137, 'OOMKilled') } } },
      'OutOfMemory',
      ['raise spec.gateway.resources.limits.memory'],
    ],
    [
      'fits on no node',
      {
        phase: 'Pending',
        statuses: { notes: { state: {} } },
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available: 3 Insufficient memory.',
          },
        ],
      },
      'Unschedulable',
      ['0/3 nodes are available: 3 Insufficient memory', 'spec.resources'],
    ],
    [
      'runs on a node that fell silent, which left everything else as it was',
      {
        containers: CONTAINERS,
        statuses: { notes: { ready: true }, 'mcp-gateway': { ready: true } },
        conditions: [{ type: 'ContainersReady', status: 'True' }],
      },
      'NodeLost',
      ['pod notes-1-0: node node-1 no longer says how it is', 'kubectl describe node node-1'],
    ],
    ['does not answer its probe', {}, 'ReadinessFailing', ['container notes', 'spec.port']],
    ['has a proxy that is not ready', { containers: CONTAINERS }, 'ReadinessFailing', ['its proxy']],
    [
      'is being created',
      { statuses: { notes: waiting('ContainerCreating', '') } },
      'Waiting',
      ['0 of 1 pod available'],
    ],
  ] as const)('%s', (_what, facts, reason, words) => {
    const status = troubled(facts);
    expect(said(status, 'DeploymentReady')).toBe(`False ${reason}`);
    for (const word of words) expect(conditionIn(status, 'DeploymentReady').message).toContain(word);
    expect(said(status, 'Reconciling')).toBe(`True ${reason}`);
    expect(status.phase).toBe('PartiallyReady');
  });

  it('is not said to crash because an init container came to its end', () => {
    const deployment = aDeployment({ replicas: 1, containers: ALONE, status: { availableReplicas: 0 } });
    const replicaSet = aReplicaSet(deployment);
    const creating = waiting('PodInitializing', '');
    const pod = aPod(replicaSet, 0, { containers: ALONE, ready: false, statuses: { notes: creating } });
    const initContainerStatuses = [{ name: 'injected', ready: false, restartCount: 0, state: ended(0) }];
    const read = (status: unknown) => (typeof status === 'object' ? status : {});
    const pods = [{ ...pod, status: { ...read(pod['status']), initContainerStatuses } }];
    const status = statusOf({ observed: () => ({ deployment, replicaSets: [replicaSet], pods }) });
    expect(said(status, 'DeploymentReady')).toBe('False Waiting');
  });

  it('is not told by how a container ended that is ready again', () => {
    const recovered = { ready: true, restartCount: 1, lastState: ended(137, 'OOMKilled') };
    const status = troubled({ containers: CONTAINERS, statuses: { 'mcp-gateway': recovered } });
    expect(said(status, 'DeploymentReady')).toBe('False ReadinessFailing');
  });

  it('is told in the same words through every turn of a back-off', () => {
    const pulls = [
      waiting('ErrImagePull', PULL),
      waiting(
        'ImagePullBackOff',
        `Back-off pulling image "registry.example.org/notes:1.0.0": ErrImagePull: ${PULL}`,
      ),
    ].map((notes) => troubled({ statuses: { notes } }).message);
    expect(new Set(pulls).size).toBe(1);
    const crashes = [
      waiting('CrashLoopBackOff', 'back-off 10s', { restartCount: 2, lastState: ended(1) }),
      waiting('CrashLoopBackOff', 'back-off 20s', { restartCount: 3, lastState: ended(1) }),
      { state: { running: {} }, restartCount: 3, lastState: ended(1) },
      { state: ended(1), restartCount: 3, lastState: ended(1) },
    ].map((notes) => troubled({ statuses: { notes } }).message);
    expect(new Set(crashes).size).toBe(1);
    expect(crashes[0]).toContain('exit code 1');
  });

  it('is the cause that the deadline of a rollout is told with', () => {
    const deployment = aDeployment({
      replicas: 1,
      containers: ALONE,
      status: {
        availableReplicas: 0,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
    });
    const replicaSet = aReplicaSet(deployment);
    const pods = [
      aPod(replicaSet, 0, {
        containers: ALONE,
        ready: false,
        statuses: { notes: waiting('ImagePullBackOff', '') },
      }),
    ];
    const status = statusOf({ observed: () => ({ deployment, replicaSets: [replicaSet], pods }) });
    expect(said(status, 'Stalled')).toBe('True ImagePullFailed');
    expect(status.message).toContain('got nowhere within its deadline');
    expect(status.phase).toBe('Error');
  });

  it('is told once, though the proxy waits for it too', () => {
    const { message = '' } = troubled({
      containers: CONTAINERS,
      statuses: { notes: waiting('ErrImagePull', PULL) },
    });
    expect(message.split(PULL)).toHaveLength(2);
  });

  it('names the first of several that suffer the same', () => {
    const deployment = aDeployment({ replicas: 2, containers: ALONE, status: { availableReplicas: 0 } });
    const replicaSet = aReplicaSet(deployment);
    const pod = (index: number) =>
      aPod(replicaSet, index, {
        containers: ALONE,
        ready: false,
        statuses: { notes: waiting('ErrImagePull', PULL) },
      });
    const messages = [
      [pod(0), pod(1)],
      [pod(1), pod(0)],
    ].map((pods) => {
      const observed = () => ({ deployment, replicaSets: [replicaSet], pods });
      return statusOf({ spec: { replicas: 2 }, observed }).message;
    });
    expect(messages[0]).toContain('pod notes-1-0: ');
    expect(messages[0]).toBe(messages[1]);
  });

  it('does not fill the status with what another program says', () => {
    const status = troubled({ statuses: { notes: waiting('ErrImagePull', 'x'.repeat(100_000)) } });
    expect((status.message ?? '').length).toBeLessThan(4000);
  });
});
