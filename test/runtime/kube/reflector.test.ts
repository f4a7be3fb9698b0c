import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheChange, Indexer } from '#runtime/kube/cache.ts';
import { recordOf } from '#runtime/kube/json.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import { isNewer } from '#runtime/kube/reflector-state.ts';
import { Reflector, type ReflectorOptions } from '#runtime/kube/reflector.ts';
import { Turns } from '#runtime/kube/turns.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { CONFIG_MAPS, configMap, DEPLOYMENTS, KeptLog, until } from './things.ts';

describe('a reflector', () => {
  let server: FakeApiServer;
  let kube: KubeClient;
  let stop: AbortController;
  const log = new KeptLog();

  beforeEach(async () => {
    server = await FakeApiServer.start([CONFIG_MAPS]);
    kube = new KubeClient(server.connection, { stallMs: 10_000, timeoutMs: 5_000 });
    stop = new AbortController();
    log.lines.length = 0;
  });
  afterEach(async () => {
    stop.abort();
    await kube.close();
    await server.close();
  });

  function reflectorOf(options: Partial<ReflectorOptions> = {}) {
    const reflector = new Reflector({ type: CONFIG_MAPS, source: kube, log, ...options });
    const changes: string[] = [];
    reflector.onChange(({ type, object, previous }: CacheChange) => {
      changes.push(`${type} ${object.metadata.name}${previous === undefined ? '' : '*'}`);
    });
    return { reflector, changes };
  }

  const dataIn = (reflector: Reflector): Record<string, unknown> =>
    Object.fromEntries([...reflector.list()].map(({ metadata, data }) => [metadata.name, data]));

  async function started(options: Partial<ReflectorOptions> = {}) {
    const made = reflectorOf(options);
    void made.reflector.start(stop.signal);
    await made.reflector.whenSynced();
    await until(() => server.openWatches > 0);
    return made;
  }

  it('has what the server has, and tells of every change once', async () => {
    for (let n = 0; n < 600; n += 1) server.put(CONFIG_MAPS, configMap(`n-${n}`));
    const { reflector, changes } = await started();
    expect(reflector.size).toBe(600);
    expect(new Set(changes).size).toBe(600);
    expect(changes).toHaveLength(600);
    server.put(CONFIG_MAPS, configMap('n-1', { x: '1' }));
    server.remove(CONFIG_MAPS, { namespace: 'team', name: 'n-2' });
    const last = server.put(CONFIG_MAPS, configMap('new'));
    await until(() => reflector.size === 600 && reflector.resourceVersion === last.metadata.resourceVersion);
    expect(changes.slice(600)).toEqual(['modified n-1*', 'deleted n-2*', 'added new']);
    expect(reflector.get({ namespace: 'team', name: 'n-1' })?.data).toEqual({ x: '1' });
    expect(reflector.get({ namespace: 'team', name: 'n-2' })).toBeUndefined();
  });

  it('keeps objects that nobody can change', async () => {
    server.put(CONFIG_MAPS, configMap('a', { x: '1' }));
    const { reflector } = await started();
    const object = reflector.get({ namespace: 'team', name: 'a' });
    expect(Object.isFrozen(object)).toBe(true);
    expect(Object.isFrozen(object?.data)).toBe(true);
    expect(Object.isFrozen(object?.metadata)).toBe(true);
  });

  it.each(['in order', 'cut'] as const)(
    'goes on after its watch ended (%s), missing nothing, listing nothing',
    async (how) => {
      const { reflector, changes } = await started();
      server.endWatches(how);
      server.put(CONFIG_MAPS, configMap('a'));
      await until(() => reflector.size === 1);
      expect(changes).toEqual(['added a']);
      expect(reflector.state().relists).toBe(0);
      expect(server.requests.filter(({ query }) => !query.has('watch'))).toHaveLength(1);
    },
  );

  it('goes on from a bookmark after a silence, although its own kind has been forgotten up to there', async () => {
    server.put(CONFIG_MAPS, configMap('a'));
    const impatient = new KubeClient(server.connection, { stallMs: 300 });
    const { reflector } = await started({ source: impatient });
    server.bookmark();
    await until(() => reflector.resourceVersion === '102');
    server.compact();
    await until(() => reflector.state().watchEnds.stalled > 0 && server.openWatches > 0);
    server.put(CONFIG_MAPS, configMap('b'));
    await until(() => reflector.size === 2);
    expect(reflector.state()).toMatchObject({ relists: 0, failures: 0 });
    expect(reflector.state().watchEnds.gone).toBe(0);
    stop.abort();
    await impatient.close();
  });

  it('lists again where the server forgot the version, and tells of true differences alone', async () => {
    for (const name of ['same', 'changed', 'gone', 'reborn']) server.put(CONFIG_MAPS, configMap(name));
    const { reflector, changes } = await started();
    changes.length = 0;
    server.silent = true;
    server.put(CONFIG_MAPS, configMap('changed', { x: '1' }));
    server.remove(CONFIG_MAPS, { namespace: 'team', name: 'gone' });
    server.remove(CONFIG_MAPS, { namespace: 'team', name: 'reborn' });
    server.put(CONFIG_MAPS, configMap('reborn'));
    server.put(CONFIG_MAPS, configMap('new'));
    server.compact();
    server.silent = false;
    server.endWatches('in order');
    await until(() => reflector.state().relists === 1);
    expect(changes.toSorted()).toEqual([
      'added new',
      'added reborn',
      'deleted gone*',
      'deleted reborn*',
      'modified changed*',
    ]);
    expect(dataIn(reflector)).toEqual({ same: {}, changed: { x: '1' }, reborn: {}, new: {} });
  });

  it('lists again when it is asked to, although its watch says nothing', async () => {
    server.put(CONFIG_MAPS, configMap('a'));
    const { reflector, changes } = await started();
    server.silent = true;
    const last = server.put(CONFIG_MAPS, configMap('b'));
    const seen = server.requests.length;
    await Promise.all([reflector.refresh(), reflector.refresh()]);
    expect(reflector.resourceVersion).toBe(last.metadata.resourceVersion);
    expect(changes).toEqual(['added a', 'added b']);
    expect(server.requests.slice(seen).filter(({ query }) => !query.has('watch'))).toHaveLength(1);
    server.silent = false;
    await until(() => server.openWatches === 1);
    server.put(CONFIG_MAPS, configMap('c'));
    await until(() => reflector.size === 3);
    expect(reflector.state()).toMatchObject({ failures: 0, relists: 1 });
  });

  it('keeps whoever asked for a list waiting until there is one', async () => {
    const { reflector } = await started();
    server.fault = ({ query }) => (query.has('watch') ? undefined : { status: 503 });
    const refreshed = reflector.refresh();
    await until(() => reflector.state().failures > 0);
    const again = reflector.refresh();
    server.fault = undefined;
    await Promise.all([refreshed, again]);
    expect(reflector.state().failures).toBe(0);
  });

  it('survives a server that is away, and says so in its state', async () => {
    server.fault = () => ({ status: 503 });
    const { reflector } = reflectorOf();
    void reflector.start(stop.signal);
    await until(() => reflector.state().failures > 0);
    expect(reflector.synced).toBe(false);
    expect(reflector.state().lastError).toContain('list ConfigMap');
    server.put(CONFIG_MAPS, configMap('a'));
    server.fault = undefined;
    await reflector.whenSynced();
    expect(dataIn(reflector)).toEqual({ a: {} });
    expect(reflector.state()).toMatchObject({ failures: 0, lastError: undefined });
  });

  it('is empty and in sync for an optional kind that the server does not know, until it does', async () => {
    const { reflector } = reflectorOf({ type: DEPLOYMENTS, optional: true, absentMs: 20 });
    void reflector.start(stop.signal);
    await reflector.whenSynced();
    expect(reflector.state()).toMatchObject({ synced: true, absent: true, size: 0, failures: 0 });
    server.addType(DEPLOYMENTS);
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'team', name: 'a' },
    };
    server.put(DEPLOYMENTS, deployment);
    await until(() => reflector.size === 1);
    expect(reflector.state().absent).toBe(false);
    server.removeType(DEPLOYMENTS);
    server.endWatches('in order');
    await until(() => reflector.state().absent);
    expect(reflector.size).toBe(0);
  });

  it('is never in sync with a kind that it needs and the server does not know', async () => {
    const { reflector } = reflectorOf({ type: DEPLOYMENTS });
    void reflector.start(stop.signal);
    await until(() => reflector.state().failures > 0);
    expect(reflector.synced).toBe(false);
  });

  it('does not hammer a server that ends every watch at once, or calls every version too old', async () => {
    const { reflector } = await started();
    server.fault = ({ query }) => (query.has('watch') ? { status: 200, body: '' } : undefined);
    server.endWatches('in order');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(server.requests.length).toBeLessThan(6);
    server.fault = ({ query }) => (query.has('watch') ? { status: 410 } : undefined);
    const before = server.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(server.requests.length - before).toBeLessThan(8);
    server.fault = undefined;
    server.put(CONFIG_MAPS, configMap('a'));
    await until(() => reflector.size === 1);
  });

  it('lists in its turn, and lets the next one list also where its own list failed', async () => {
    server.put(CONFIG_MAPS, configMap('a'));
    const turns = new Turns(1);
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const holding = turns.take(() => held);
    const [failing, listing] = [reflectorOf({ type: DEPLOYMENTS, turns }), reflectorOf({ turns })];
    for (const { reflector } of [failing, listing]) void reflector.start(stop.signal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.requests).toHaveLength(0);
    release(undefined);
    await holding;
    await listing.reflector.whenSynced();
    expect(listing.reflector.size).toBe(1);
    expect(failing.reflector.synced).toBe(false);
  });

  it('keeps only what is selected, and of that only what is read', async () => {
    server.put(CONFIG_MAPS, {
      ...configMap('a', { big: 'x' }),
      metadata: { ...configMap('a').metadata, labels: { mine: 'yes' } },
    });
    server.put(CONFIG_MAPS, configMap('other'));
    const { reflector } = await started({
      select: { labelSelector: 'mine=yes' },
      transform: ({ data: _data, ...rest }) => rest,
    });
    expect(dataIn(reflector)).toEqual({ a: undefined });
  });

  it('finds objects by index, as they come, change and go', async () => {
    server.put(CONFIG_MAPS, configMap('a', { owner: 'x' }));
    server.put(CONFIG_MAPS, configMap('b', { owner: 'x' }));
    const owner: Indexer = ({ data }) => {
      const { owner: name } = recordOf(data);
      return typeof name === 'string' ? [name] : [];
    };
    const { reflector } = await started({ indexers: { owner } });
    const named = (value: string): readonly string[] =>
      reflector.byIndex('owner', value).map(({ metadata }) => metadata.name);
    expect(named('x')).toEqual(['a', 'b']);
    server.put(CONFIG_MAPS, configMap('a', { owner: 'y' }));
    await until(() => named('y').length === 1);
    expect(named('x')).toEqual(['b']);
    server.remove(CONFIG_MAPS, { namespace: 'team', name: 'b' });
    await until(() => named('x').length === 0);
    expect(() => reflector.byIndex('nope', 'x')).toThrow("no index 'nope'");
  });

  it('goes on where a listener fails', async () => {
    const { reflector } = reflectorOf();
    reflector.onChange(() => {
      throw new Error('broken listener');
    });
    void reflector.start(stop.signal);
    await reflector.whenSynced();
    server.put(CONFIG_MAPS, configMap('a'));
    await until(() => reflector.size === 1);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('ends with its signal, and whoever waits for the first list hears of it', async () => {
    server.fault = () => 'hang';
    const { reflector } = reflectorOf();
    const ended = reflector.start(stop.signal);
    stop.abort(new Error('enough'));
    await expect(reflector.whenSynced()).rejects.toThrow('enough');
    await expect(ended).resolves.toBeUndefined();
  });

  it('compares versions that no double holds', () => {
    expect(isNewer('9007199254740993', '9007199254740992')).toBe(true);
    expect(isNewer('100', '99')).toBe(true);
    expect(isNewer('99', '100')).toBe(false);
    expect(isNewer('7', '7')).toBe(false);
  });
});
