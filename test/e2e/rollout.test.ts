// How changes go out on a node, with pods that take their time to come and to go, and callers that must not notice: all at
// once, by a canary, by scaling, and by whoever drains the node.
import { describe, expect, it, jest } from '@jest/globals';
import { becomes, conditionLines, goes, phaseOf } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { COLLECTED, stays, until } from '#test/cluster/harness/eventually.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { at, type KubeObject } from '#test/cluster/harness/objects.ts';
import { meanwhile } from './harness/consents.ts';
import {
  aServedServer,
  callNotesAt,
  imageOf,
  inside,
  outside,
  podsOf,
  podsRun,
  servesAgain,
} from './harness/servers.ts';

jest.setTimeout(240_000);

const world = cluster();
const ns = namespace('rollout');

const SECOND = imageOf('notes', 2);
/** What pods of the two versions run, as `podsRun` has it. */
const [v1, v2] = ['notes:test + mcp-gateway', 'notes:1.0.0 + mcp-gateway'];

const patch = (name: string, spec: object) => world.patch('MCPServer', name, ns, { spec });

const replicasOf = (deployment: KubeObject) => at(deployment, 'spec', 'replicas');

/** Callers of a server, some through the ingress and some by its Service. */
async function callersOf(name: string) {
  const urls = [outside(ns, name), await inside(ns, name)];
  return [...urls, ...urls, ...urls].map((url) => () => callNotesAt(url));
}

/** Waits until nothing is left of pods but these: until the last of the others has ended. */
async function onlyPods(name: string, count: number): Promise<readonly KubeObject[]> {
  return until(
    `${count} pods are left of ${name}`,
    () => world.list('Pod', ns, `app=${name}`),
    (pods) => pods.length === count,
    { timeoutMs: 90_000 },
  );
}

describe('calls while pods are replaced', () => {
  const name = 'busy';

  it('are all answered: a new image, a restart, a proxy that is another', async () => {
    await aServedServer(ns, name, 'notes', { replicas: 2 });
    await podsRun(ns, name, [v1, v1]);
    const noticed = await meanwhile(await callersOf(name), async () => {
      await patch(name, { image: SECOND });
      await servesAgain(ns, name);
      await podsRun(ns, name, [v2, v2]);

      await world.kubectl(['rollout', 'restart', `deployment/${name}`, '-n', ns]);
      await world.kubectl(['rollout', 'status', `deployment/${name}`, '-n', ns, '--timeout=120s']);

      await patch(name, { gateway: { resources: { requests: { cpu: '20m' } } } });
      await servesAgain(ns, name);
      await podsRun(ns, name, [v2, v2]);
      await onlyPods(name, 2);
    });
    expect(noticed).toEqual([]);
  });

  it('are all answered while one pod after the other is evicted, and no more than that', async () => {
    const [first, other] = await podsOf(ns, name);
    if (first === undefined || other === undefined) throw new Error(`${name} has no two pods`);
    const evict = ({ metadata }: KubeObject) =>
      world.send(`/api/v1/namespaces/${ns}/pods/${metadata.name}/eviction`, {
        method: 'POST',
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name, namespace: ns } },
      });
    const noticed = await meanwhile(await callersOf(name), async () => {
      expect((await evict(first)).status).toBe(201);
      expect((await evict(other)).status).toBe(429);
      await until(
        'the second may go',
        () => evict(other),
        ({ status }) => status === 201,
        {
          timeoutMs: 60_000,
        },
      );
      await podsRun(ns, name, [v2, v2]);
      await onlyPods(name, 2);
    });
    expect(noticed).toEqual([]);
    await servesAgain(ns, name);
  });
});

describe('a server that is suspended', () => {
  it('has no pods, and comes back as it was', async () => {
    await patch('busy', { suspend: true });
    const seen = (server: KubeObject) => [phaseOf(server), ...conditionLines(server, 'DeploymentReady')];
    const resting = await becomes(
      'MCPServer',
      ns,
      'busy',
      seen,
      ['Suspended', 'DeploymentReady: False ScaledToZero'],
      { timeoutMs: 60_000 },
    );
    expect(at(resting, 'status', 'gatewayReady')).toBe(false);
    await onlyPods('busy', 0);
    await patch('busy', { suspend: null });
    const back = await servesAgain(ns, 'busy');
    expect(at(back, 'status', 'gatewayReady')).toBe(true);
    await podsRun(ns, 'busy', [v2, v2]);
    const [call] = await callersOf('busy');
    await until(
      'calls are answered',
      () => call?.(),
      (word) => word === 'allowed',
    );
    await world.delete('MCPServer', 'busy', ns);
  });
});

describe('a canary', () => {
  const name = 'tried';
  const rolloutIs = async (phase: string): Promise<{ stable: string; canary: string }> => {
    const see = (object: KubeObject) =>
      phaseOf(object) === 'behind' ? 'behind' : at(object, 'status', 'rollout', 'phase');
    const { status } = await becomes('MCPServer', ns, name, see, phase, { timeoutMs: 60_000 });
    const revision = (which: string) => String(at(status, 'rollout', which));
    return { stable: revision('stableRevision'), canary: revision('canaryRevision') };
  };
  const waits = () =>
    becomes(
      'MCPServer',
      ns,
      name,
      (server) => conditionLines(server, 'CanaryReady'),
      ['CanaryReady: True CanaryWaiting'],
      { timeoutMs: 60_000 },
    );

  it('runs a change alone until it is aborted, or promoted to all pods', async () => {
    await aServedServer(ns, name, 'notes', {
      replicas: 2,
      rollout: { strategy: 'Canary', canaryReplicas: 1 },
    });
    await podsRun(ns, name, [v1, v1]);
    const noticed = await meanwhile(await callersOf(name), async () => {
      await patch(name, { image: SECOND });
      const tried = await rolloutIs('Progressing');
      await waits();
      await podsRun(ns, name, [v1, v2]);

      await patch(name, { rollout: { abort: tried.canary } });
      expect(await rolloutIs('Aborted')).toEqual(tried);
      await podsRun(ns, name, [v1, v1]);

      await patch(name, { description: 'Once more.', rollout: { abort: null } });
      await waits();
      const again = await rolloutIs('Progressing');
      await podsRun(ns, name, [v1, v2]);
      await patch(name, { rollout: { promote: again.canary } });
      await podsRun(ns, name, [v2, v2]);
      expect(await rolloutIs('Idle')).toEqual({ stable: again.canary, canary: again.canary });
      await servesAgain(ns, name);
    });
    expect(noticed).toEqual([]);
    await world.delete('MCPServer', name, ns);
    await goes('Deployment', ns, `${name}-canary`, COLLECTED);
  });
});

describe('the number of pods of a server with an autoscaler', () => {
  const name = 'scaled';

  it('is whatever somebody scales it to, and the operator leaves it', async () => {
    await aServedServer(ns, name, 'notes', { autoscaling: { minReplicas: 1, maxReplicas: 4 } });
    await podsRun(ns, name, [v1]);
    const scale = (replicas: number) =>
      world.kubectl(['scale', `deployment/${name}`, '-n', ns, `--replicas=${replicas}`]);
    const since = world.audit.mark();
    await scale(3);
    await podsRun(ns, name, [v1, v1, v1]);
    const three = await servesAgain(ns, name);
    expect(at(three, 'status', 'readyReplicas')).toBe(3);

    await patch(name, { description: 'Looked at once more.' });
    await servesAgain(ns, name);
    await stays('there are three', async () => replicasOf(await world.must('Deployment', name, ns)) === 3, {
      forMs: 2_000,
    });
    await scale(2);
    await podsRun(ns, name, [v1, v1]);
    await servesAgain(ns, name);
    const byOperator = world.audit
      .read({ since, namespace: ns, name, resource: 'deployments', writes: true, user: world.operatorUser })
      .filter(({ subresource }) => subresource === 'scale');
    expect(byOperator).toEqual([]);
  });
});
