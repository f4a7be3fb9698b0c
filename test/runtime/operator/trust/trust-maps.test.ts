// What proxies trust, in every namespace that has servers: there at once, put back where somebody changes it, and written
// no more often than that.
import { describe, expect, it } from '@jest/globals';
import type { Cache, CacheListener } from '#runtime/kube/cache.ts';
import { KubeError, type Kube } from '#runtime/kube/kube.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import { TrustMaps } from '#runtime/operator/trust/trust-maps.ts';
import { SERVER } from '#runtime/policy-book/kinds.ts';
import { silentLog } from '#runtime/process/log.ts';

const signal = new AbortController().signal;
const NAME = 'mcp-runtime-ca';

/** A cache that a test fills. */
class Shown implements Cache {
  readonly type = SERVER;
  readonly synced = true;
  readonly resourceVersion = '1';
  readonly objects = new Map<string, KubeObject>();
  private readonly listeners: CacheListener[] = [];

  get size(): number {
    return this.objects.size;
  }

  get: Cache['get'] = (key) => this.objects.get(keyText(key));
  list: Cache['list'] = () => this.objects.values();
  byIndex: Cache['byIndex'] = () => [];

  onChange(listener: CacheListener): void {
    this.listeners.push(listener);
  }

  show(object: KubeObject): void {
    this.objects.set(keyText(object.metadata), object);
    for (const listener of this.listeners) listener({ type: 'modified', object, previous: object });
  }

  lose(object: KubeObject): void {
    this.objects.delete(keyText(object.metadata));
    for (const listener of this.listeners) listener({ type: 'deleted', object, previous: object });
  }
}

function world(...namespaces: readonly string[]) {
  const [configMaps, servers] = [new Shown(), new Shown()];
  for (const namespace of namespaces)
    servers.show({ apiVersion: 'v1', kind: 'MCPServer', metadata: { name: 'notes', namespace } });
  const writes: KubeObject[] = [];
  const refused = new Set<string>();
  const apply: Kube['apply'] = async (_type, object) => {
    await Promise.resolve();
    if (refused.has(object.metadata.namespace ?? '')) throw new KubeError('no', { code: 'forbidden' });
    writes.push(object);
    return object;
  };
  const maps = new TrustMaps({ kube: { apply }, configMaps, servers, log: silentLog });
  const where = () => writes.map(({ metadata }) => metadata.namespace);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { maps, configMaps, writes, where, refused, settled };
}

describe('the ConfigMaps of what is trusted', () => {
  it('are in the namespace of the platform, and in those that have servers', async () => {
    const { maps, where, writes } = world('team-a', 'team-b');
    await maps.spread('one', signal);
    expect(where().toSorted()).toEqual(['mcp-runtime', 'team-a', 'team-b']);
    expect(writes[0]).toMatchObject({
      metadata: { name: NAME, labels: { 'app.kubernetes.io/managed-by': 'mcp-runtime' } },
      data: { 'ca.crt': 'one' },
    });
  });

  it('are written once, however many servers ask before the cache has shown it, and again for a new bundle', async () => {
    const { maps, where, writes, configMaps, settled } = world('team-a');
    await maps.spread('one', signal);
    await Promise.all([1, 2, 3].map(() => maps.ensure('team-a', signal)));
    await maps.ensure('team-a', signal);
    for (const object of writes.splice(0)) configMaps.show(object);
    await settled();
    expect(where()).toEqual([]);
    await maps.spread('two', signal);
    expect(where().toSorted()).toEqual(['mcp-runtime', 'team-a']);
  });

  it('come back where somebody changes or removes them, and only there', async () => {
    const { maps, writes, where, configMaps, settled } = world('team-a', 'team-b');
    await maps.spread('one', signal);
    for (const object of writes.splice(0)) configMaps.show(object);
    const metadata = { name: NAME, namespace: 'team-a' };
    configMaps.show({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'ca.crt': 'forged' } });
    await settled();
    expect(where()).toEqual(['team-a']);
    configMaps.lose({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
    await settled();
    expect(where()).toEqual(['team-a', 'team-a']);
    configMaps.lose({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME, namespace: 'empty' } });
    await settled();
    expect(where()).toEqual(['team-a', 'team-a']);
  });

  it('of a namespace that refuses cost nobody else theirs, and the server there hears of it', async () => {
    const { maps, where, refused } = world('team-a', 'team-b');
    refused.add('team-a');
    await maps.spread('one', signal);
    expect(where().toSorted()).toEqual(['mcp-runtime', 'team-b']);
    await expect(maps.ensure('team-a', signal)).rejects.toThrow('no');
  });

  it('are not there before anything is to be trusted', async () => {
    const { maps, where } = world('team-a');
    await maps.ensure('team-a', signal);
    expect(where()).toEqual([]);
  });
});
