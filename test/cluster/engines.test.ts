// What the cluster under test plays: nodes without machines and pods without containers. Were it to play them otherwise,
// tests of the operator would be about a world that there is not.
import { describe, expect, it } from '@jest/globals';
import { OUTCOME_ANNOTATION } from '#scripts/engines/stages.ts';
import { isLogged } from './harness/calm.ts';
import { cluster } from './harness/cluster.ts';
import { eventually, until } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, byName, conditionLine, items, type KubeObject } from './harness/objects.ts';

const world = cluster();
const ns = namespace('engines');

function pod(name: string, outcome?: string): KubeObject {
  const annotations: Record<string, string> = outcome === undefined ? {} : { [OUTCOME_ANNOTATION]: outcome };
  const containers = ['notes', 'mcp-gateway'].map((each) => ({ name: each, image: `${each}:1` }));
  const metadata = { name, namespace: ns, annotations };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } };
}

/** The pod, once it plays: when it has said of its containers how they are. */
async function played(name: string): Promise<KubeObject> {
  return until(
    `pod ${name} plays`,
    () => world.must('Pod', name, ns),
    (object) => items(object, 'status', 'containerStatuses').length === 2,
  );
}

const container = (object: KubeObject, name: string) =>
  byName(items(object, 'status', 'containerStatuses'), name);

describe('a pod', () => {
  it('runs and is ready, a moment after it was made', async () => {
    await world.apply(pod('well'));
    const object = await played('well');
    expect(conditionLine(object, 'Ready')).toBe('True');
    expect(at(object, 'status', 'phase')).toBe('Running');
    for (const name of ['notes', 'mcp-gateway']) expect(at(container(object, name), 'ready')).toBe(true);
  });

  it.each([
    ['image-pull-failed', 'Pending', 'ImagePullBackOff', undefined],
    ['crash-loop', 'Running', 'CrashLoopBackOff', 1],
    ['oom-killed', 'Running', 'CrashLoopBackOff', 137],
  ])('that plays %s waits, while its proxy runs', async (outcome, phase, reason, exitCode) => {
    await world.apply(pod(outcome, outcome));
    const object = await played(outcome);
    expect(at(object, 'status', 'phase')).toBe(phase);
    expect(conditionLine(object, 'Ready')).toBe('False ContainersNotReady');
    const notes = container(object, 'notes');
    expect(at(notes, 'state', 'waiting', 'reason')).toBe(reason);
    expect(at(notes, 'lastState', 'terminated', 'exitCode')).toBe(exitCode);
    expect(at(container(object, 'mcp-gateway'), 'ready')).toBe(true);
  });

  it.each([
    ['unready', false, true],
    ['proxy-unready', true, false],
  ])('that plays %s runs, and is not ready', async (outcome, notes, proxy) => {
    await world.apply(pod(outcome, outcome));
    const object = await played(outcome);
    expect(at(object, 'status', 'phase')).toBe('Running');
    expect(conditionLine(object, 'Ready')).toBe('False ContainersNotReady');
    expect(at(container(object, 'notes'), 'ready')).toBe(notes);
    expect(at(container(object, 'mcp-gateway'), 'ready')).toBe(proxy);
  });

  it('plays something else when its annotation changes, and is well again without it', async () => {
    await world.apply(pod('changing', 'crash-loop'));
    await played('changing');
    const annotate = (outcome: string | null) =>
      world.patch('Pod', 'changing', ns, { metadata: { annotations: { [OUTCOME_ANNOTATION]: outcome } } });
    await annotate('unready');
    await eventually('it is unready', async () => {
      const object = await world.must('Pod', 'changing', ns);
      return (
        at(container(object, 'notes'), 'state', 'running') !== undefined && conditionLine(object, 'Ready')
      );
    });
    await annotate(null);
    await eventually('it is well', async () => {
      return conditionLine(await world.must('Pod', 'changing', ns), 'Ready') === 'True';
    });
  });

  it('goes away when it is deleted', async () => {
    await world.apply(pod('gone'));
    await played('gone');
    await world.delete('Pod', 'gone', ns);
    await eventually('it is gone', async () => (await world.get('Pod', 'gone', ns)) === undefined);
  });
});

describe('the audit log', () => {
  it('tells whose write it was, and what only tried', async () => {
    const since = world.audit.mark();
    const map = (name: string): KubeObject => {
      return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: ns } };
    };
    await world.create(map('tried'), { query: '?dryRun=All' });
    await world.create(map('made'));
    await world.create(map('refused'), { as: 'alice' });
    const configMaps = { namespace: ns, resource: 'configmaps', since };
    const lines = (filter: Parameters<typeof world.audit.read>[0]) =>
      world.audit.read(filter).map(({ user, verb, name, code }) => `${user} ${verb} ${name ?? ''} ${code}`);
    const own = { ...configMaps, writes: true, user: 'admin' } as const;
    await isLogged('the one write', () => lines(own), ['admin create made 201']);
    // A create that was not let in never had its object read.
    const refused = { ...configMaps, user: 'alice' };
    await isLogged('the refusal', () => lines(refused), ['alice create  403']);
  });

  it('tells who was impersonated', async () => {
    const since = world.audit.mark();
    const account = `system:serviceaccount:${ns}:default`;
    await world.send(`/api/v1/namespaces/${ns}/secrets`, { as: account });
    const event = await eventually('it is written down', () => world.audit.read({ since, user: account })[0]);
    expect(event).toMatchObject({ verb: 'list', resource: 'secrets', code: 403 });
  });
});
