import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { applyIfDifferent } from '#runtime/kube/apply.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import { ownersOf, takeOver, union } from '#runtime/kube/managed-fields.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { LearntDefaults } from '#runtime/kube/server-defaults.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { DEPLOYMENTS } from './things.ts';

const KEY = { namespace: 'team', name: 'files' };

function deployment(spec: Readonly<Record<string, unknown>>): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: KEY, spec };
}

const containers = (...names: readonly string[]) => names.map((name) => ({ name, image: `${name}:1` }));

describe('applying', () => {
  let server: FakeApiServer;
  let kube: KubeClient;

  beforeEach(async () => {
    server = await FakeApiServer.start([DEPLOYMENTS]);
    kube = new KubeClient(server.connection);
  });
  afterEach(async () => {
    await kube.close();
    await server.close();
  });

  const live = (): KubeObject => {
    const found = server.get(DEPLOYMENTS, KEY);
    if (found === undefined) throw new Error('there is no such deployment');
    return found;
  };

  it('creates what is not there, and writes nothing the second time', async () => {
    const wanted = deployment({ replicas: 2, template: { spec: { containers: containers('server') } } });
    const first = await applyIfDifferent(kube, DEPLOYMENTS, wanted, undefined, 'operator');
    expect(first).toMatchObject({ result: 'created', object: live() });
    const writes = server.writes.length;
    const second = await applyIfDifferent(kube, DEPLOYMENTS, wanted, live(), 'operator');
    expect(second).toEqual({ result: 'unchanged', object: live(), differences: [] });
    expect(server.writes).toHaveLength(writes);
  });

  it('puts back what somebody changed, takes away what is no longer wanted, and leaves what others own', async () => {
    const both = deployment({
      paused: true,
      template: { spec: { containers: containers('server', 'proxy') } },
    });
    await applyIfDifferent(kube, DEPLOYMENTS, both, undefined, 'operator');
    const byHand = {
      ...live(),
      spec: { replicas: 7, paused: false, template: { spec: { containers: containers('server', 'proxy') } } },
    };
    server.put(DEPLOYMENTS, byHand, 'kubectl');
    const wanted = deployment({ paused: true, template: { spec: { containers: containers('server') } } });
    const { result, differences } = await applyIfDifferent(kube, DEPLOYMENTS, wanted, live(), 'operator');
    expect(result).toBe('applied');
    expect(differences).toEqual([
      'spec.paused: not ours',
      'spec.template.spec.containers[{"name":"proxy"}]: no longer wanted',
    ]);
    expect(live().spec).toEqual({
      replicas: 7,
      paused: true,
      template: { spec: { containers: containers('server') } },
    });
  });

  it('never applies a null', async () => {
    const wanted = deployment({
      replicas: null,
      template: { spec: { containers: [{ name: 'a', args: null }] } },
    });
    await applyIfDifferent(kube, DEPLOYMENTS, wanted, undefined, 'operator');
    expect(ownersOf(live(), ['spec', 'replicas'])).toEqual([]);
    expect(live().spec).toEqual({ template: { spec: { containers: [{ name: 'a' }] } } });
    const again = await applyIfDifferent(kube, DEPLOYMENTS, wanted, live(), 'operator');
    expect(again.result).toBe('unchanged');
    expect(server.writes).toHaveLength(1);
  });

  it('learns a default of the server from one apply that changed nothing, for all objects of the kind', async () => {
    const learnt = new LearntDefaults();
    const wanted = deployment({ selector: { matchLabels: { app: 'a' } } });
    const created = await kube.apply(DEPLOYMENTS, wanted, { manager: 'operator' });
    // The server of this test adds nothing by itself.
    const defaulted = { ...created, spec: { selector: { matchLabels: { app: 'a' }, strange: 'default' } } };
    const first = await applyIfDifferent(kube, DEPLOYMENTS, wanted, defaulted, 'operator', undefined, learnt);
    expect(first).toMatchObject({
      result: 'unchanged',
      differences: ['spec.selector.strange: no longer wanted'],
    });
    const writes = server.writes.length;
    const second = await applyIfDifferent(
      kube,
      DEPLOYMENTS,
      wanted,
      defaulted,
      'operator',
      undefined,
      learnt,
    );
    expect(second.differences).toEqual([]);
    expect(server.writes).toHaveLength(writes);
    const other = { ...defaulted, spec: { selector: { matchLabels: { app: 'a' }, strange: 'else' } } };
    const third = await applyIfDifferent(kube, DEPLOYMENTS, wanted, other, 'operator', undefined, learnt);
    expect(third.differences).toHaveLength(1);
  });

  it('takes over what a legacy manager wrote, so that the next apply removes what it left', async () => {
    const old = { replicas: 1, template: { spec: { containers: containers('server', 'sidecar') } } };
    server.put(DEPLOYMENTS, deployment(old), 'manager');
    server.put(DEPLOYMENTS, { ...live(), spec: { ...old, paused: true } }, 'kubectl');
    const taken = await takeOver(kube, DEPLOYMENTS, live(), { from: ['manager', 'old'], to: 'operator' });
    expect(taken).toEqual(live());
    expect(taken.spec).toEqual({ ...old, paused: true });
    expect(ownersOf(taken, ['spec', 'replicas'])).toEqual(['operator']);
    expect(taken.metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).toEqual([
      ['operator', 'Apply'],
      ['kubectl', 'Update'],
    ]);
    const wanted = deployment({ template: { spec: { containers: containers('server') } } });
    await applyIfDifferent(kube, DEPLOYMENTS, wanted, taken, 'operator');
    expect(live().spec).toEqual({ paused: true, template: { spec: { containers: containers('server') } } });
  });

  it('joins what it takes over with what it had, and takes nothing twice', async () => {
    await kube.apply(DEPLOYMENTS, deployment({ paused: true }), { manager: 'operator' });
    server.put(DEPLOYMENTS, { ...live(), spec: { paused: true, replicas: 3 } }, 'manager');
    const taken = await takeOver(kube, DEPLOYMENTS, live(), { from: ['manager'], to: 'operator' });
    expect(taken.metadata.managedFields).toHaveLength(1);
    expect(taken.metadata.managedFields?.[0]?.fieldsV1).toEqual({
      'f:spec': { 'f:paused': {}, 'f:replicas': {} },
    });
    const writes = server.writes.length;
    expect(await takeOver(kube, DEPLOYMENTS, taken, { from: ['manager'], to: 'operator' })).toBe(taken);
    expect(server.writes).toHaveLength(writes);
  });

  it('takes nothing over from an object that has changed since it was read', async () => {
    const before = server.put(DEPLOYMENTS, deployment({ replicas: 1 }), 'manager');
    server.put(DEPLOYMENTS, { ...live(), spec: { replicas: 2 } }, 'kubectl');
    const late = takeOver(kube, DEPLOYMENTS, before, { from: ['manager'], to: 'operator' });
    await expect(late).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('owners of a field', () => {
  it('are all managers that have it, through whatever subresource', () => {
    const replicas = { 'f:spec': { 'f:replicas': {} } };
    const object: KubeObject = {
      ...deployment({ replicas: 3 }),
      metadata: {
        ...KEY,
        managedFields: [
          { manager: 'operator', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
          { manager: 'scaler', operation: 'Update', subresource: 'scale', fieldsV1: replicas },
          { manager: 'handover', operation: 'Apply', fieldsV1: replicas },
        ],
      },
    };
    expect(ownersOf(object, ['spec', 'replicas'])).toEqual(['handover', 'scaler']);
    expect(ownersOf(object, ['spec', 'paused'])).toEqual(['operator']);
    expect(ownersOf(object, ['spec', 'strategy'])).toEqual([]);
    expect(ownersOf(object, [])).toEqual([]);
  });

  it('join as a union in which nothing is lost', () => {
    const whole = { 'f:spec': {} };
    const part = { 'f:spec': { 'f:a': {} } };
    expect(union(whole, part)).toEqual({ 'f:spec': { '.': {}, 'f:a': {} } });
    expect(union(part, whole)).toEqual({ 'f:spec': { '.': {}, 'f:a': {} } });
    expect(union(part, { 'f:spec': { 'f:b': {} }, 'f:data': {} })).toEqual({
      'f:spec': { 'f:a': {}, 'f:b': {} },
      'f:data': {},
    });
    expect(union(whole, whole)).toEqual(whole);
  });
});
