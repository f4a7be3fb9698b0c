// How many pods a server has and who decides it: its author, an autoscaler, or the drain of a node. The autoscaler is
// the real one of Kubernetes, which holds a Deployment within its bounds without any metrics.
import { describe, expect, it } from '@jest/globals';
import { FIELD_MANAGERS } from '#api/names.ts';
import { cluster } from './harness/cluster.ts';
import { stays, until } from './harness/eventually.ts';
import { aServer, becomes, goes, isObserved, make, phaseOf } from './harness/builders.ts';
import { namespace } from './harness/namespace.ts';
import { at, conditionLine, items, type KubeObject } from './harness/objects.ts';
import { watching, type Watching } from './harness/watching.ts';

const world = cluster();
const ns = namespace('scaling');

const HANDOVER = 'mcp-runtime-handover';

const patchServer = (name: string, spec: object) => world.patch('MCPServer', name, ns, { spec });
const replicasOf = (deployment: KubeObject) => at(deployment, 'spec', 'replicas');

/** Managers that own the number of pods. */
function ownersOf(deployment: KubeObject): readonly string[] {
  return items(deployment, 'metadata', 'managedFields')
    .filter((entry) => at(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined)
    .map((entry) => String(at(entry, 'manager')))
    .toSorted();
}

const watchReplicas = (server: string): Promise<Watching> =>
  watching(world, `deployment/${server}`, ns, '{.spec.replicas}');

/** What a watch has told until now is behind what a request sees, so the last value is waited for. */
const wereSeen = (watched: Watching, ...values: readonly string[]) =>
  until(
    `the watch has told ${values.join(', ')}`,
    () => watched.values,
    (seen) => JSON.stringify(seen) === JSON.stringify(values),
  );

/** Whether the operator has looked at a server as it is now. */
const isSeen = (server: KubeObject) => phaseOf(server) !== 'behind';

const scale = (server: string, replicas: number) =>
  world.kubectl(['scale', `deployment/${server}`, '-n', ns, `--replicas=${replicas}`]);

describe('an autoscaler', () => {
  it('is rendered from what the author says, with a target of its own where he names none', async () => {
    await make(
      aServer(ns, 'cpu', { autoscaling: { maxReplicas: 5 } }),
      aServer(ns, 'both', {
        autoscaling: { minReplicas: 2, maxReplicas: 6, cpuPercent: 60, memoryPercent: 75 },
      }),
    );
    const targets = (scaler: KubeObject) => [
      at(scaler, 'spec', 'scaleTargetRef', 'kind'),
      at(scaler, 'spec', 'scaleTargetRef', 'name'),
      at(scaler, 'spec', 'minReplicas'),
      at(scaler, 'spec', 'maxReplicas'),
      ...items(scaler, 'spec', 'metrics').map(
        (metric) =>
          `${String(at(metric, 'resource', 'name'))} ${String(at(metric, 'resource', 'target', 'averageUtilization'))}`,
      ),
    ];
    await becomes('HorizontalPodAutoscaler', ns, 'cpu', targets, ['Deployment', 'cpu', 1, 5, 'cpu 80']);
    const expected = ['Deployment', 'both', 2, 6, 'cpu 60', 'memory 75'];
    await becomes('HorizontalPodAutoscaler', ns, 'both', targets, expected);
    // The controller of Kubernetes acts on it: it raises to the fewest that are asked for.
    await becomes('Deployment', ns, 'both', replicasOf, 2);
  });

  it('takes the number of pods over without a dip', async () => {
    await make(aServer(ns, 'handed', { replicas: 4 }));
    await becomes('Deployment', ns, 'handed', replicasOf, 4);
    const watched = await watchReplicas('handed');
    await patchServer('handed', { replicas: null, autoscaling: { minReplicas: 1, maxReplicas: 8 } });
    await becomes('MCPServer', ns, 'handed', isSeen, true);
    await becomes('Deployment', ns, 'handed', ownersOf, [HANDOVER]);
    expect(watched.values).toEqual(['4']);

    await scale('handed', 6);
    await becomes('Deployment', ns, 'handed', replicasOf, 6);
    // Whoever scales owns the number from now on; whoever held it has let go.
    const owners = await becomes(
      'Deployment',
      ns,
      'handed',
      (live) => ownersOf(live).includes(HANDOVER),
      false,
    );
    expect(ownersOf(owners)).toEqual(['kubectl']);
    await scale('handed', 3);
    await becomes('Deployment', ns, 'handed', replicasOf, 3);
    const since = world.audit.mark();
    // A change of the pods leaves their number alone.
    await patchServer('handed', { image: 'registry.example.org/handed:2.0.0' });
    await becomes('MCPServer', ns, 'handed', isSeen, true);
    await becomes('Deployment', ns, 'handed', imageOf, 'registry.example.org/handed:2.0.0');
    expect(replicasOf(await world.must('Deployment', 'handed', ns))).toBe(3);
    await wereSeen(watched, '4', '6', '3');
    const scaled = world.audit.read({
      since,
      namespace: ns,
      name: 'handed',
      resource: 'deployments',
      writes: true,
    });
    expect(
      scaled.filter(({ user, subresource }) => user === world.operatorUser && subresource === 'scale'),
    ).toEqual([]);
    await watched.stop();
  });

  it('of Kubernetes itself raises the number at once, and nobody lowers it again', async () => {
    await make(aServer(ns, 'raised', { replicas: 3 }));
    await becomes('Deployment', ns, 'raised', replicasOf, 3);
    const watched = await watchReplicas('raised');
    await patchServer('raised', { replicas: null, autoscaling: { minReplicas: 5, maxReplicas: 8 } });
    await becomes('Deployment', ns, 'raised', replicasOf, 5);
    await becomes(
      'Deployment',
      ns,
      'raised',
      (live) => ownersOf(live).includes(FIELD_MANAGERS.operator),
      false,
    );
    await becomes('Deployment', ns, 'raised', (live) => ownersOf(live).includes(HANDOVER), false);
    await becomes(
      'MCPServer',
      ns,
      'raised',
      (server) => conditionLine(server, 'DeploymentReady'),
      'True Observed',
    );
    await patchServer('raised', { description: 'Asked for once more.' });
    await becomes('MCPServer', ns, 'raised', isSeen, true);
    await stays(
      'there are five',
      async () => replicasOf(await world.must('Deployment', 'raised', ns)) === 5,
      {
        forMs: 2_500,
      },
    );
    await wereSeen(watched, '3', '5');
    await watched.stop();
  });

  it('leaves the number to the author again when it is switched off', async () => {
    await make(aServer(ns, 'back', { autoscaling: { minReplicas: 3, maxReplicas: 8 } }));
    await becomes('Deployment', ns, 'back', replicasOf, 3);
    const watched = await watchReplicas('back');
    await patchServer('back', { autoscaling: null, replicas: 2 });
    await goes('HorizontalPodAutoscaler', ns, 'back');
    const live = await becomes('Deployment', ns, 'back', replicasOf, 2);
    expect(ownersOf(live)).toContain(FIELD_MANAGERS.operator);
    await wereSeen(watched, '3', '2');
    await watched.stop();
    // And handed over once more.
    await patchServer('back', { replicas: null, autoscaling: { minReplicas: 2, maxReplicas: 8 } });
    await becomes('HorizontalPodAutoscaler', ns, 'back', (scaler) => at(scaler, 'spec', 'minReplicas'), 2);
    await becomes('MCPServer', ns, 'back', isSeen, true);
    expect(replicasOf(await world.must('Deployment', 'back', ns))).toBe(2);
  });

  it('is away while the server is suspended, and nobody scales it meanwhile', async () => {
    await make(aServer(ns, 'idle', { autoscaling: { minReplicas: 2, maxReplicas: 8 } }));
    await becomes('Deployment', ns, 'idle', replicasOf, 2);
    await patchServer('idle', { suspend: true });
    await goes('HorizontalPodAutoscaler', ns, 'idle');
    await becomes('Deployment', ns, 'idle', replicasOf, 0);
    await patchServer('idle', { suspend: null });
    // An autoscaler does nothing at zero, so somebody has to begin.
    await becomes('Deployment', ns, 'idle', replicasOf, 2);
  });

  it('and a fixed number exclude each other', async () => {
    const both = aServer(ns, 'both-ways', { replicas: 2, autoscaling: { maxReplicas: 3 } });
    const refused = await world.apply(both, { allowFailure: true });
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('replicas and autoscaling both decide the number of pods; set one of them'),
    ]);
  });
});

describe('the number of pods', () => {
  it('is put right where the author names it, and left alone where he does not', async () => {
    await make(aServer(ns, 'fixed', { replicas: 2 }), aServer(ns, 'free'));
    await becomes('Deployment', ns, 'fixed', replicasOf, 2);
    await becomes('Deployment', ns, 'free', replicasOf, 1);
    await Promise.all([scale('fixed', 5), scale('free', 3)]);
    await becomes('Deployment', ns, 'fixed', replicasOf, 2);
    await patchServer('free', { description: 'Looked at once more.' });
    await becomes('MCPServer', ns, 'free', isSeen, true);
    await stays('there are three', async () => replicasOf(await world.must('Deployment', 'free', ns)) === 3, {
      forMs: 1_000,
    });
  });

  it('changes no pod template, whatever else depends on it', async () => {
    await make(aServer(ns, 'grown', { replicas: 1, gateway: { enabled: true } }));
    const spread = (deployment: KubeObject) =>
      items(deployment, 'spec', 'template', 'spec', 'topologySpreadConstraints').map((each) => [
        at(each, 'topologyKey'),
        at(each, 'whenUnsatisfiable'),
      ]);
    const before = await becomes('Deployment', ns, 'grown', spread, [
      ['topology.kubernetes.io/zone', 'ScheduleAnyway'],
      ['kubernetes.io/hostname', 'ScheduleAnyway'],
    ]);
    await patchServer('grown', { replicas: 3, disruption: { maxUnavailable: '50%' } });
    const seen = (deployment: KubeObject) => [replicasOf(deployment), isObserved(deployment)];
    const after = await becomes('Deployment', ns, 'grown', seen, [3, true]);
    expect(at(after, 'spec', 'template')).toEqual(at(before, 'spec', 'template'));
    expect(await world.list('ReplicaSet', ns, 'app=grown')).toHaveLength(1);
  });
});

describe('a disruption budget', () => {
  it('is there from two pods on, and only then: one pod would hold up every drain', async () => {
    const allowed = (budget: KubeObject) => at(budget, 'spec', 'maxUnavailable');
    await make(aServer(ns, 'drained', { replicas: 1 }), aServer(ns, 'drained-marker', { replicas: 2 }));
    const budget = await becomes('PodDisruptionBudget', ns, 'drained-marker', allowed, 1);
    expect(at(budget, 'spec', 'selector', 'matchLabels', 'app')).toBe('drained-marker');
    await becomes('MCPServer', ns, 'drained', isSeen, true);
    expect(await world.get('PodDisruptionBudget', 'drained', ns)).toBeUndefined();

    await patchServer('drained', { replicas: 4, disruption: { maxUnavailable: '50%' } });
    await becomes('PodDisruptionBudget', ns, 'drained', allowed, '50%');
    await becomes(
      'PodDisruptionBudget',
      ns,
      'drained',
      (live) => at(live, 'status', 'disruptionsAllowed'),
      2,
    );
    await patchServer('drained', { replicas: 1 });
    await goes('PodDisruptionBudget', ns, 'drained');

    await patchServer('drained', { replicas: null, autoscaling: { minReplicas: 2, maxReplicas: 3 } });
    await becomes('PodDisruptionBudget', ns, 'drained', allowed, '50%');
    await patchServer('drained', { suspend: true });
    await goes('PodDisruptionBudget', ns, 'drained');
  });
});

const imageOf = (deployment: KubeObject) =>
  at(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image');
