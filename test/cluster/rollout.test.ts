// How a change goes out: all at once, pod by pod, or to a canary first, until somebody promotes or aborts it. What runs
// is read from Deployments, ReplicaSets and pods; kwok plays the pods.
import { describe, expect, it } from '@jest/globals';
import { FIELD_MANAGERS } from '#api/names.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { OUTCOME_ANNOTATION, type Outcome } from '#scripts/engines/stages.ts';
import { cluster } from './harness/cluster.ts';
import { eventually, stays, until } from './harness/eventually.ts';
import {
  aServer,
  becomes,
  conditionLines,
  goes,
  isObserved,
  make,
  messageOf,
  phaseOf,
} from './harness/builders.ts';
import { namespace } from './harness/namespace.ts';
import { at, byName, conditionLine, items, type KubeObject } from './harness/objects.ts';

const world = cluster();
const ns = namespace('rollout');

const CANARY = { replicas: 3, rollout: { strategy: 'Canary', canaryReplicas: 1 } };
const imageOf = (server: string, version: string) => `registry.example.org/${server}:${version}`;

const patchServer = (name: string, spec: object) => world.patch('MCPServer', name, ns, { spec });
const release = (name: string, version: string) => patchServer(name, { image: imageOf(name, version) });

/** `2 of 1.0.0`: what a Deployment asks for. */
function askedFor(deployment: KubeObject | undefined): string {
  if (deployment === undefined) return 'nothing';
  const containers = items(deployment, 'spec', 'template', 'spec', 'containers');
  const server = containers.find((each) => at(each, 'name') !== PROXY_CONTAINER);
  return `${String(at(deployment, 'spec', 'replicas'))} of ${versionOf(server)}`;
}

const versionOf = (container: unknown) => String(at(container, 'image')).split(':').at(-1) ?? '';

/** `{'1.0.0': 2}`: the pods of a server that are ready and stay, by the version that they run. */
async function readyPods(server: string): Promise<Readonly<Record<string, number>>> {
  const counts = new Map<string, number>();
  for (const pod of await world.list('Pod', ns, `app=${server}`)) {
    if (pod.metadata.deletionTimestamp !== undefined || !conditionLine(pod, 'Ready').startsWith('True'))
      continue;
    const version = versionOf(byName(items(pod, 'spec', 'containers'), server));
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => a.localeCompare(b)));
}

const podsAre = (server: string, wanted: Readonly<Record<string, number>>) =>
  until(
    `the ready pods of ${server} are ${JSON.stringify(wanted)}`,
    () => readyPods(server),
    (seen) => JSON.stringify(seen) === JSON.stringify(wanted),
  );

/** What both Deployments of a server with a canary ask for: `3 of 1.0.0`, or `nothing`. */
const tracksOf = async (server: string) =>
  await Promise.all(
    [server, `${server}-canary`].map(async (name) => askedFor(await world.get('Deployment', name, ns))),
  );

const tracksAre = (server: string, stable: string, canary: string) =>
  until(
    `the Deployments of ${server} are ${stable} and ${canary}`,
    () => tracksOf(server),
    ([one, other]) => one === stable && other === canary,
  );

/** Waits until status speaks of a phase of the rollout, and returns both revisions. */
async function rolloutIs(server: string, phase: string): Promise<{ stable: string; canary: string }> {
  const see = (object: KubeObject) =>
    phaseOf(object) === 'behind' ? 'behind' : at(object, 'status', 'rollout', 'phase');
  const { status } = await becomes('MCPServer', ns, server, see, phase);
  const revision = (which: string) => String(at(status, 'rollout', which));
  return { stable: revision('stableRevision'), canary: revision('canaryRevision') };
}

/** Versions that are on record as promoted; one, once the operator has cleaned up. */
async function recordsOf(server: string): Promise<readonly string[]> {
  const records = await world.list('ControllerRevision', ns, `app=${server}`);
  return records.map((record) =>
    versionOf(byName(items(record, 'data', 'template', 'spec', 'containers'), server)),
  );
}

const recordIs = (server: string, version: string) =>
  until(
    `the record of ${server} is ${version} alone`,
    () => recordsOf(server),
    (seen) => JSON.stringify(seen) === JSON.stringify([version]),
  );

const strategyOf = (deployment: KubeObject) => at(deployment, 'spec', 'strategy');

const playing = (outcome: Outcome) => ({
  podTemplate: { metadata: { annotations: { [OUTCOME_ANNOTATION]: outcome } } },
});

describe('a server without a canary', () => {
  it('is rolled out as its strategy says, which may change', async () => {
    await make(aServer(ns, 'plain', { replicas: 2 }));
    await becomes('Deployment', ns, 'plain', strategyOf, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
    });
    await patchServer('plain', { rollout: { maxSurge: '2', maxUnavailable: '0' } });
    await becomes('Deployment', ns, 'plain', strategyOf, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 2 },
    });
    await patchServer('plain', { rollout: { strategy: 'Recreate' } });
    await becomes('Deployment', ns, 'plain', strategyOf, { type: 'Recreate' });
    await patchServer('plain', { rollout: null });
    const seen = (live: KubeObject) => [strategyOf(live), isObserved(live)];
    const deployment = await becomes('Deployment', ns, 'plain', seen, [
      { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      true,
    ]);
    // None of that is a change of the pods.
    expect(at(deployment, 'metadata', 'annotations', 'deployment.kubernetes.io/revision')).toBe('1');
    expect(at(await world.must('MCPServer', 'plain', ns), 'status', 'rollout')).toBeUndefined();
  });

  it('keeps its pods while new ones do not become ready, and says what is wrong: RollingUpdate', async () => {
    await make(aServer(ns, 'rolling', { replicas: 3, rollout: { maxUnavailable: '0', maxSurge: '1' } }));
    await podsAre('rolling', { '1.0.0': 3 });
    await patchServer('rolling', { image: imageOf('rolling', '2.0.0'), ...playing('image-pull-failed') });
    const failing = await becomes(
      'MCPServer',
      ns,
      'rolling',
      (server) => conditionLine(server, 'DeploymentReady'),
      'False ImagePullFailed',
    );
    expect(messageOf(failing, 'DeploymentReady')).toContain('not found');
    expect(await readyPods('rolling')).toEqual({ '1.0.0': 3 });
    await patchServer('rolling', playing('ready'));
    await podsAre('rolling', { '2.0.0': 3 });
  });

  it('ends all its pods before it starts new ones: Recreate', async () => {
    await make(aServer(ns, 'recreated', { replicas: 3, rollout: { strategy: 'Recreate' } }));
    await podsAre('recreated', { '1.0.0': 3 });
    await patchServer('recreated', { image: imageOf('recreated', '2.0.0'), ...playing('unready') });
    await podsAre('recreated', {});
    await patchServer('recreated', playing('ready'));
    await podsAre('recreated', { '2.0.0': 3 });
  });
});

describe('a server with a canary', () => {
  it('tries a change with the canary alone, until its revision is promoted', async () => {
    await make(aServer(ns, 'promoted', CANARY));
    await tracksAre('promoted', '2 of 1.0.0', '1 of 1.0.0');
    await podsAre('promoted', { '1.0.0': 3 });
    const first = await rolloutIs('promoted', 'Idle');
    expect(first.canary).toBe(first.stable);
    await recordIs('promoted', '1.0.0');
    const record = await world.list('ControllerRevision', ns, 'app=promoted');
    expect(record[0]?.metadata.name).toBe(`promoted-${first.stable}`);
    expect(items(record[0], 'metadata', 'ownerReferences').map((owner) => at(owner, 'name'))).toEqual([
      'promoted',
    ]);
    const before = await world.must('Deployment', 'promoted', ns);

    await release('promoted', '2.0.0');
    await podsAre('promoted', { '1.0.0': 2, '2.0.0': 1 });
    const pending = await rolloutIs('promoted', 'Progressing');
    expect(pending.stable).toBe(first.stable);
    expect(pending.canary).not.toBe(first.stable);
    const waiting = await becomes(
      'MCPServer',
      ns,
      'promoted',
      (server) => conditionLine(server, 'CanaryReady'),
      'True CanaryWaiting',
    );
    expect(messageOf(waiting, 'CanaryReady')).toContain(pending.canary);
    expect((await world.must('Deployment', 'promoted', ns)).metadata.generation).toBe(
      before.metadata.generation,
    );
    await recordIs('promoted', '1.0.0');

    // A revision that nobody runs promotes nothing.
    await patchServer('promoted', { rollout: { promote: 'cafecafe00' } });
    await rolloutIs('promoted', 'Progressing');
    expect(await tracksOf('promoted')).toEqual(['2 of 1.0.0', '1 of 2.0.0']);

    await patchServer('promoted', { rollout: { promote: pending.canary } });
    await podsAre('promoted', { '2.0.0': 3 });
    expect(await rolloutIs('promoted', 'Idle')).toEqual({ stable: pending.canary, canary: pending.canary });
    await recordIs('promoted', '2.0.0');

    // What promoted one change promotes no other.
    await release('promoted', '3.0.0');
    await podsAre('promoted', { '2.0.0': 2, '3.0.0': 1 });
    await rolloutIs('promoted', 'Progressing');
  });

  it('gives its canary back what was promoted where a change is aborted, and tries the next one', async () => {
    await make(aServer(ns, 'aborted', CANARY));
    await podsAre('aborted', { '1.0.0': 3 });
    await patchServer('aborted', { image: imageOf('aborted', '2.0.0'), ...playing('crash-loop') });
    const { canary, stable } = await rolloutIs('aborted', 'Progressing');
    await becomes(
      'MCPServer',
      ns,
      'aborted',
      (server) => conditionLine(server, 'CanaryReady'),
      'False CrashLooping',
    );
    expect((await readyPods('aborted'))['1.0.0']).toBeGreaterThanOrEqual(2);

    await patchServer('aborted', { rollout: { abort: canary } });
    await podsAre('aborted', { '1.0.0': 3 });
    expect(await rolloutIs('aborted', 'Aborted')).toEqual({ stable, canary });
    const aborted = await becomes(
      'MCPServer',
      ns,
      'aborted',
      (server) => conditionLine(server, 'CanaryReady'),
      'True CanaryAborted',
    );
    expect(messageOf(aborted, 'CanaryReady')).toContain(canary);
    await recordIs('aborted', '1.0.0');

    // The next change is another revision, so the word against the last one does not stop it.
    await patchServer('aborted', { image: imageOf('aborted', '2.0.1'), podTemplate: null });
    await podsAre('aborted', { '1.0.0': 2, '2.0.1': 1 });
    await rolloutIs('aborted', 'Progressing');

    // And who takes the change itself back is where he was.
    await release('aborted', '1.0.0');
    await podsAre('aborted', { '1.0.0': 3 });
    expect(await rolloutIs('aborted', 'Idle')).toEqual({ stable, canary: stable });
  });

  it('has neither a canary nor a record when it is switched off, and all pods run the change', async () => {
    await make(aServer(ns, 'off', CANARY));
    await podsAre('off', { '1.0.0': 3 });
    await release('off', '2.0.0');
    await podsAre('off', { '1.0.0': 2, '2.0.0': 1 });
    await patchServer('off', { rollout: { strategy: 'RollingUpdate', canaryReplicas: null } });
    await goes('Deployment', ns, 'off-canary');
    await podsAre('off', { '2.0.0': 3 });
    await eventually('no record is left', async () => (await recordsOf('off')).length === 0);
    const server = await becomes(
      'MCPServer',
      ns,
      'off',
      (object) => conditionLines(object, 'CanaryReady', 'DeploymentReady'),
      ['CanaryReady: False CanaryDisabled', 'DeploymentReady: True Observed'],
    );
    expect(at(server, 'status', 'rollout')).toBeUndefined();
  });

  it('changes the share of its canary without a change of the pods', async () => {
    await make(aServer(ns, 'shared', { ...CANARY, replicas: 4 }));
    await tracksAre('shared', '3 of 1.0.0', '1 of 1.0.0');
    await release('shared', '2.0.0');
    await tracksAre('shared', '3 of 1.0.0', '1 of 2.0.0');
    await patchServer('shared', { rollout: { canaryReplicas: 2 } });
    await tracksAre('shared', '2 of 1.0.0', '2 of 2.0.0');
    await podsAre('shared', { '1.0.0': 2, '2.0.0': 2 });
    await patchServer('shared', { replicas: 5 });
    await tracksAre('shared', '3 of 1.0.0', '2 of 2.0.0');
  });

  it('sends calls to a port that its pods take, whatever is switched on meanwhile', async () => {
    await make(aServer(ns, 'ported', CANARY));
    await podsAre('ported', { '1.0.0': 3 });
    await release('ported', '2.0.0');
    await rolloutIs('ported', 'Progressing');
    await tracksAre('ported', '2 of 1.0.0', '1 of 2.0.0');

    await patchServer('ported', { gateway: { enabled: true } });
    await becomes('Service', ns, 'ported', targetOf, 8091);
    for (const name of ['ported', 'ported-canary'])
      await becomes('Deployment', ns, name, (deployment) => servedPorts(deployment).includes(8091), true);
    await eventually('every pod has its proxy', async () => {
      const pods = await world.list('Pod', ns, 'app=ported');
      const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return (
        staying.length === 3 &&
        staying.every((pod) => servedPorts({ spec: { template: pod } }).includes(8091))
      );
    });
    // From here on a change is tried by the canary again.
    await rolloutIs('ported', 'Idle');
    await release('ported', '3.0.0');
    await tracksAre('ported', '2 of 2.0.0', '1 of 3.0.0');

    await patchServer('ported', { gateway: { enabled: false } });
    await becomes('Service', ns, 'ported', targetOf, 8088);
    for (const name of ['ported', 'ported-canary'])
      await becomes('Deployment', ns, name, (deployment) => servedPorts(deployment).includes(8088), true);
  });

  it('divides calls by weights over two Services where a Gateway routes them', async () => {
    const gateway = { ingressClass: 'gateway', gatewayRef: { name: 'edge', namespace: 'net' } };
    await make(aServer(ns, 'weighted', { ...CANARY, ...gateway, replicas: 4 }));
    const backends = (route: KubeObject) =>
      items(route, 'spec', 'rules', 0, 'backendRefs').map((ref) => [at(ref, 'name'), at(ref, 'weight')]);
    await becomes('HTTPRoute', ns, 'weighted', backends, [
      ['weighted-stable', 75],
      ['weighted-canary', 25],
    ]);
    for (const track of ['stable', 'canary']) {
      const service = await world.must('Service', `weighted-${track}`, ns);
      expect(at(service, 'spec', 'selector', 'mcpruntime.org/rollout-track')).toBe(track);
    }
    await patchServer('weighted', { rollout: { canaryWeight: 5 } });
    await becomes('HTTPRoute', ns, 'weighted', backends, [
      ['weighted-stable', 95],
      ['weighted-canary', 5],
    ]);
    await becomes(
      'MCPServer',
      ns,
      'weighted',
      (server) => at(server, 'status', 'rollout', 'traffic'),
      'Weights',
    );
    await becomes(
      'MCPServer',
      ns,
      'weighted',
      (server) => at(server, 'status', 'rollout', 'canaryWeight'),
      5,
    );

    await patchServer('weighted', { rollout: { strategy: 'RollingUpdate' } });
    await becomes('HTTPRoute', ns, 'weighted', backends, [['weighted', 1]]);
    await Promise.all(['weighted-stable', 'weighted-canary'].map((name) => goes('Service', ns, name)));
    await goes('Deployment', ns, 'weighted-canary');
  });
});

describe('a suspended server', () => {
  it('has no pods and says so, and comes back as it was', async () => {
    await make(aServer(ns, 'resting', { replicas: 3, gateway: { enabled: true } }));
    await podsAre('resting', { '1.0.0': 3 });
    await patchServer('resting', { suspend: true });
    const seen = (server: KubeObject) => [phaseOf(server), conditionLine(server, 'DeploymentReady')];
    const resting = await becomes('MCPServer', ns, 'resting', seen, ['Suspended', 'False ScaledToZero']);
    expect(at(resting, 'status', 'gatewayReady')).toBe(false);
    await until(
      'no pod is left',
      () => world.list('Pod', ns, 'app=resting'),
      (pods) => pods.length === 0,
    );
    expect(at(await world.must('MCPServer', 'resting', ns), 'spec', 'replicas')).toBe(3);

    await patchServer('resting', { suspend: null });
    await podsAre('resting', { '1.0.0': 3 });
    await becomes(
      'MCPServer',
      ns,
      'resting',
      (server) => conditionLine(server, 'DeploymentReady'),
      'True Observed',
    );
  });

  it('has no canary meanwhile, and remembers what was promoted', async () => {
    await make(aServer(ns, 'paused', CANARY));
    await podsAre('paused', { '1.0.0': 3 });
    await release('paused', '2.0.0');
    await podsAre('paused', { '1.0.0': 2, '2.0.0': 1 });
    await patchServer('paused', { suspend: true });
    await goes('Deployment', ns, 'paused-canary');
    await until(
      'no pod is left',
      () => world.list('Pod', ns, 'app=paused'),
      (pods) => pods.length === 0,
    );
    await patchServer('paused', { suspend: false });
    await podsAre('paused', { '1.0.0': 2, '2.0.0': 1 });
    await recordIs('paused', '1.0.0');
  });
});

describe('a rollout', () => {
  it('that somebody restarts with kubectl goes through, and is not undone', async () => {
    await make(aServer(ns, 'restarted', { replicas: 2 }));
    await podsAre('restarted', { '1.0.0': 2 });
    const uids = async () =>
      (await world.list('Pod', ns, 'app=restarted')).map(({ metadata }) => metadata.uid);
    const before = await uids();
    await world.kubectl(['rollout', 'restart', 'deployment/restarted', '-n', ns]);
    await until(
      'all pods are others',
      uids,
      (now) => now.length === 2 && now.every((uid) => !before.includes(uid)),
    );
    const see = (deployment: KubeObject) =>
      Object.keys(
        Object.fromEntries(
          Object.entries(at(deployment, 'spec', 'template', 'metadata', 'annotations') ?? {}),
        ),
      );
    await stays(
      'the mark of the restart is there',
      async () =>
        see(await world.must('Deployment', 'restarted', ns)).includes('kubectl.kubernetes.io/restartedAt'),
      { forMs: 1_500 },
    );
    // A later change of the author's goes out all the same.
    await release('restarted', '2.0.0');
    await podsAre('restarted', { '2.0.0': 2 });
    const live = await world.must('Deployment', 'restarted', ns);
    const managers = items(live, 'metadata', 'managedFields').map((entry) => at(entry, 'manager'));
    expect(managers).toContain(FIELD_MANAGERS.operator);
  });
});

/** Where a Service sends calls. */
const targetOf = (service: KubeObject) => at(byName(items(service, 'spec', 'ports'), 'http'), 'targetPort');

/** Ports that take calls in the pods of a Deployment: of the proxy, or without one of the server. */
function servedPorts(deployment: unknown): readonly unknown[] {
  const containers = items(deployment, 'spec', 'template', 'spec', 'containers');
  const serving = byName(containers, PROXY_CONTAINER) ?? containers[0];
  return items(serving, 'ports').map((port) => at(port, 'containerPort'));
}
