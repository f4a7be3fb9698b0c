import { describe, expect, it } from '@jest/globals';
import { ProxyWaves } from '#runtime/operator/server/proxy-waves.ts';
import { keyText, type KubeObject, type ObjectKey } from '#runtime/kube/object.ts';

interface Running {
  readonly image: string;
  /** Pods of the current template that are available; the Deployment wants two. */
  readonly updated?: number;
  readonly available?: number;
  /** Pods of any template. */
  readonly pods?: number;
}

function deployment(name: string, { image, updated = 2, available = 2, pods = 2 }: Running): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'team-a', generation: 3 },
    spec: {
      replicas: 2,
      template: {
        spec: {
          containers: [
            { name, image: 'x' },
            { name: 'mcp-gateway', image },
          ],
        },
      },
    },
    status: {
      observedGeneration: 3,
      replicas: pods,
      updatedReplicas: updated,
      availableReplicas: available,
    },
  };
}

/** A cluster that tests change. */
function cluster(count: number, running: Running) {
  const objects = new Map<string, KubeObject>();
  const set = (name: string, next: Running) => objects.set(`team-a/${name}`, deployment(name, next));
  const names = Array.from({ length: count }, (_, at) => `s${at}`);
  for (const name of names) set(name, running);
  const waves = new ProxyWaves({
    get: (key: ObjectKey) => objects.get(keyText(key)),
    list: () => objects.values(),
  });
  const ask = (name: string) => waves.imageFor({ namespace: 'team-a', name }, 'new');
  const askForNone = (name: string) => waves.imageFor({ namespace: 'team-a', name }, undefined);
  return { set, names, ask, askForNone, moved: () => names.filter((name) => ask(name) === 'new') };
}

describe('a new proxy image', () => {
  it('goes to a tenth of the servers first, and to the same ones however often one asks', () => {
    const { moved } = cluster(25, { image: 'old' });
    expect(moved()).toEqual(['s0', 's1', 's2']);
    expect(moved()).toEqual(['s0', 's1', 's2']);
  });

  it('goes to one of few', () => {
    expect(cluster(3, { image: 'old' }).moved()).toEqual(['s0']);
  });

  it('goes on when a server of the wave is done', () => {
    const { set, moved, ask } = cluster(10, { image: 'old' });
    expect(moved()).toEqual(['s0']);
    set('s0', { image: 'new', updated: 1 });
    expect(ask('s1')).toBe('old');
    set('s0', { image: 'new' });
    expect(ask('s1')).toBe('new');
    expect(ask('s2')).toBe('old');
  });

  it('stops at servers whose pods do not become available', () => {
    const { set, ask } = cluster(10, { image: 'old' });
    expect(ask('s0')).toBe('new');
    set('s0', { image: 'new', updated: 1, available: 1 });
    expect(ask('s0')).toBe('new');
    expect(ask('s1')).toBe('old');
  });

  it('stops while earlier pods serve beside all the new ones, of which none does', () => {
    const { set, ask } = cluster(10, { image: 'old' });
    expect(ask('s0')).toBe('new');
    set('s0', { image: 'new', updated: 2, available: 2, pods: 4 });
    expect(ask('s1')).toBe('old');
    set('s0', { image: 'new' });
    expect(ask('s1')).toBe('new');
  });

  it('stops at a server that served until its turn and does not any more', () => {
    const { set, ask } = cluster(10, { image: 'old' });
    expect(ask('s0')).toBe('new');
    set('s0', { image: 'new', updated: 2, available: 0 });
    expect([ask('s1'), ask('s1')]).toEqual(['old', 'old']);
    set('s0', { image: 'new' });
    expect(ask('s1')).toBe('new');
  });

  it('is not held up by a server that did not run before either', () => {
    const { set, ask } = cluster(10, { image: 'old' });
    set('s0', { image: 'old', available: 0 });
    expect(ask('s0')).toBe('new');
    set('s0', { image: 'new', updated: 2, available: 0 });
    expect(ask('s1')).toBe('new');
  });

  it('goes on after a restart where it was', () => {
    const { set, ask } = cluster(10, { image: 'old' });
    set('s0', { image: 'new', updated: 1 });
    expect(ask('s1')).toBe('old');
  });

  it('is at once the image of a server that has no pods yet', () => {
    expect(cluster(10, { image: 'old' }).ask('fresh')).toBe('new');
  });

  it('is nothing where the installation names none', () => {
    expect(cluster(1, { image: 'old' }).askForNone('s0')).toBeUndefined();
  });
});
