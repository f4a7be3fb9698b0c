// What others do to the children of a server, by hand or by mistake: what is the operator's is put back, what is not
// is left alone, and where nothing is wrong nothing is written.
//
// Who owns a field decides, as server-side apply has it: a field that the spec leads to is put back whatever it was set
// to; a container, volume, variable or annotation that somebody added beside them is theirs and stays. The ConfigMap of
// a policy is the exception, because a proxy reads all of it.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { describe, expect, it } from '@jest/globals';
import { becomes, goes } from './harness/builders.ts';
import { isLogged } from './harness/calm.ts';
import { cluster } from './harness/cluster.ts';
import { eventually, stays, until } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, byName, items, type KubeObject } from './harness/objects.ts';
import { policyOf } from './harness/policies.ts';
import type { Kind } from './harness/resources.ts';
import { aReadyServer, eventsOf, giveAddress, readyAgain } from './harness/serving.ts';

const world = cluster();
const ns = namespace('drift');

const GOVERNED = { gateway: { enabled: true }, analytics: { enabled: true }, auth: { mode: 'header' } };

const kubectl = (...args: readonly string[]) => world.kubectl(['-n', ns, ...args]);

const containersOf = (deployment: KubeObject) => items(deployment, 'spec', 'template', 'spec', 'containers');

const container = (deployment: KubeObject, name: string) => byName(containersOf(deployment), name);

const templateOf = (deployment: KubeObject) => at(deployment, 'spec', 'template');

/** Waits until a Deployment has the pod template that it had. */
const restored = (before: KubeObject) =>
  becomes('Deployment', ns, before.metadata.name, templateOf, templateOf(before));

/** Strategic merge, as `kubectl patch` and `kubectl edit` do it. */
const patchTemplate = (name: string, spec: object) =>
  kubectl('patch', 'deployment', name, '-p', JSON.stringify({ spec: { template: { spec } } }));

/** Writes of the operator since a mark, in the namespace of this file. */
const writesSince = (since: Mark) =>
  world.audit
    .read({ user: world.operatorUser, namespace: ns, writes: true, since })
    .filter(({ resource }) => resource !== 'events')
    .map(({ verb, resource, subresource, name }) => [verb, resource, subresource, name].join(' ').trim());

describe('a Deployment that was edited by hand', () => {
  it('gets its image back, and the story tells of it', async () => {
    await aReadyServer(ns, 'image');
    const before = await world.must('Deployment', 'image', ns);
    await kubectl('set', 'image', 'deployment/image', 'image=registry.example.org/other:1');
    await restored(before);
    await until(
      'the pods run what they ran',
      () => world.list('Pod', ns, 'app=image'),
      (pods) =>
        pods.length === 1 &&
        at(items(pods[0], 'spec', 'containers')[0], 'image') === 'registry.example.org/image:1.0.0',
    );
    await readyAgain(ns, 'image');
    await eventually('it is told', async () =>
      (await eventsOf(ns, 'image')).includes(
        'Normal Updated: Deployment image (spec.template.spec.containers[image].image).',
      ),
    );
  });

  it('gets its proxy back', async () => {
    await aReadyServer(ns, 'proxy', GOVERNED);
    const before = await world.must('Deployment', 'proxy', ns);
    await patchTemplate('proxy', { containers: [{ name: 'mcp-gateway', $patch: 'delete' }] });
    const after = await restored(before);
    expect(container(after, 'mcp-gateway')).toBeDefined();
    const server = await readyAgain(ns, 'proxy');
    expect(at(server, 'status', 'gatewayReady')).toBe(true);
  });

  it('gets its labels back, also the one by which we watch it', async () => {
    await aReadyServer(ns, 'labels');
    const { metadata } = await world.must('Deployment', 'labels', ns);
    await kubectl('label', 'deployment', 'labels', 'app=mine', 'team=docs', '--overwrite');
    await kubectl('label', 'deployment', 'labels', 'app.kubernetes.io/managed-by-');
    const wanted = { ...metadata.labels, team: 'docs' };
    await until(
      'the labels are back',
      () => world.must('Deployment', 'labels', ns),
      (now) => JSON.stringify(sorted(now.metadata.labels)) === JSON.stringify(sorted(wanted)),
    );
  });

  it('gets the values of its variables back, and keeps variables that others added', async () => {
    await aReadyServer(ns, 'variables', { envVars: [{ name: 'MODE', value: 'safe' }] });
    await kubectl('set', 'env', 'deployment/variables', 'MODE=unsafe', 'ADDED=by-hand');
    const after = await until(
      'MODE is back',
      () => world.must('Deployment', 'variables', ns),
      (now) => variables(now, 'variables')['MODE'] === 'safe',
    );
    expect(variables(after, 'variables')['ADDED']).toBe('by-hand');
    await readyAgain(ns, 'variables');
  });

  it('keeps containers and volumes that others added, and stays governed', async () => {
    await aReadyServer(ns, 'injected', GOVERNED);
    const sidecar = { name: 'mesh', image: 'registry.example.org/mesh:1.0.0' };
    await patchTemplate('injected', {
      containers: [sidecar],
      volumes: [{ name: 'mesh-certificates', emptyDir: {} }],
    });
    await readyAgain(ns, 'injected');
    await stays(
      'what was injected',
      async () => {
        const now = await world.must('Deployment', 'injected', ns);
        expect(container(now, 'mesh')).toMatchObject(sidecar);
        expect(container(now, 'mcp-gateway')).toBeDefined();
        expect(byName(items(now, 'spec', 'template', 'spec', 'volumes'), 'mesh-certificates')).toBeDefined();
      },
      { forMs: 1_500 },
    );
    const server = await readyAgain(ns, 'injected');
    expect(at(server, 'status', 'gatewayReady')).toBe(true);
  });

  it('is restarted once by kubectl rollout restart, and keeps annotations of others', async () => {
    await aReadyServer(ns, 'restarted');
    await kubectl('annotate', 'deployment', 'restarted', 'example.org/note=kept');
    const since = world.audit.mark();
    await kubectl('rollout', 'restart', 'deployment/restarted');
    await kubectl('rollout', 'status', 'deployment/restarted', '--timeout=120s');
    await readyAgain(ns, 'restarted');
    await kubectl('label', 'mcpserver', 'restarted', 'looked=again');
    await stays(
      'one restart',
      async () => {
        const now = await world.must('Deployment', 'restarted', ns);
        const annotations = at(templateOf(now), 'metadata', 'annotations');
        expect(at(annotations, 'kubectl.kubernetes.io/restartedAt')).toEqual(expect.any(String));
        expect(now.metadata.annotations).toMatchObject({
          'example.org/note': 'kept',
          'deployment.kubernetes.io/revision': '2',
        });
      },
      { forMs: 2_000 },
    );
    expect(await world.list('ReplicaSet', ns, 'app=restarted')).toHaveLength(2);
    expect(writesSince(since).filter((write) => /deployments restarted$/.test(write))).toEqual([]);
  });
});

describe('children that were deleted by hand', () => {
  it('come back, each of them', async () => {
    await aReadyServer(ns, 'deleted', { ...GOVERNED, replicas: 2 });
    const children: readonly (readonly [Kind, string])[] = [
      ['Deployment', 'deleted'],
      ['Service', 'deleted'],
      ['Ingress', 'deleted'],
      ['ServiceAccount', 'deleted'],
      ['ConfigMap', 'deleted-gateway-policy'],
      ['NetworkPolicy', 'deleted-gateway'],
      ['PodDisruptionBudget', 'deleted'],
    ];
    const uids = await Promise.all(
      children.map(async ([kind, name]) => (await world.must(kind, name, ns)).metadata.uid),
    );
    for (const [kind, name] of children) await world.delete(kind, name, ns);
    for (const [index, [kind, name]] of children.entries()) {
      const now = await until(
        `${kind} ${name} is there again`,
        () => world.get(kind, name, ns),
        (object) => object !== undefined && object.metadata.uid !== uids[index],
      );
      expect(at(now, 'metadata', 'ownerReferences', 0)).toMatchObject({ kind: 'MCPServer', name: 'deleted' });
    }
    await giveAddress(ns, 'deleted');
    const server = await readyAgain(ns, 'deleted');
    expect(at(server, 'status', 'gatewayReady')).toBe(true);
    expect(at(server, 'status', 'policyReady')).toBe(true);
  });
});

describe('the ConfigMap of a policy', () => {
  const map = 'policy-gateway-policy';

  it('holds the policy again after somebody wrote over it', async () => {
    await aReadyServer(ns, 'policy', GOVERNED);
    const before = await policyOf(ns, 'policy');
    const text = JSON.stringify({ ...before, policy: { ...before?.policy, defaultDecision: 'allow' } });
    await kubectl(
      'patch',
      'configmap',
      map,
      '--type=merge',
      '-p',
      JSON.stringify({ data: { 'policy.json': text } }),
    );
    await until(
      'the policy is back',
      async () => at(await world.must('ConfigMap', map, ns), 'data', 'policy.json'),
      (now) => typeof now === 'string' && now !== text,
    );
    expect((await policyOf(ns, 'policy'))?.revision).toBe(before?.revision);
  });

  it('loses what somebody put in beside it', async () => {
    const other = { data: { 'extra.json': '{}' }, binaryData: { 'policy.json.gz': 'H4sIAAAAAAAA' } };
    await kubectl('patch', 'configmap', map, '--type=merge', '-p', JSON.stringify(other));
    const after = await until(
      'the policy is alone again',
      () => world.must('ConfigMap', map, ns),
      (now) =>
        at(now, 'data', 'extra.json') === undefined && at(now, 'binaryData', 'policy.json.gz') === undefined,
    );
    expect(at(after, 'data', 'policy.json')).toEqual(expect.any(String));
  });
});

describe('a status that was written by hand', () => {
  it('says again what is', async () => {
    const before = await aReadyServer(ns, 'said');
    const lie = { phase: 'Ready', gatewayReady: true, policyReady: true, message: 'All is governed.' };
    await kubectl(
      'patch',
      'mcpserver',
      'said',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: lie }),
    );
    await becomes('MCPServer', ns, 'said', (now) => at(now, 'status'), at(before, 'status'));
  });
});

describe('a server where nothing is wrong', () => {
  it('is looked at without a write', async () => {
    const before = await aReadyServer(ns, 'settled', { ...GOVERNED, replicas: 2 });
    const since = world.audit.mark();
    await kubectl('label', 'mcpserver', 'settled', 'team=docs');
    await kubectl('annotate', 'mcpserver', 'settled', 'example.org/note=kept');
    // A status that has to be put right shows that it was looked at; nothing else is written then.
    await kubectl(
      'patch',
      'mcpserver',
      'settled',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Error"}}',
    );
    await becomes('MCPServer', ns, 'settled', (now) => at(now, 'status'), at(before, 'status'));
    await isLogged('its one write', () => ofServer(since, 'settled'), ['update mcpservers status settled']);
  });

  it('has nothing but its status written when its pods come and go', async () => {
    const since = world.audit.mark();
    const [pod] = await world.list('Pod', ns, 'app=settled');
    const name = pod?.metadata.name ?? '';
    await world.delete('Pod', name, ns);
    await goes('Pod', ns, name);
    await until(
      'both pods run again',
      () => world.must('Deployment', 'settled', ns),
      (now) => at(now, 'status', 'availableReplicas') === 2,
    );
    await readyAgain(ns, 'settled');
    const writes = ofServer(since, 'settled');
    expect(writes.filter((write) => write !== 'update mcpservers status settled')).toEqual([]);
    expect(writes.length).toBeLessThan(10);
  });
});

/** Writes of the operator to one server and its children. */
function ofServer(since: Mark, server: string): readonly string[] {
  return writesSince(since).filter((write) => new RegExp(` ${server}(-|$)`).test(write));
}

function sorted(members: Readonly<Record<string, string>> = {}) {
  return Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function variables(deployment: KubeObject, name: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    items(container(deployment, name), 'env').map((each) => [String(at(each, 'name')), at(each, 'value')]),
  );
}
