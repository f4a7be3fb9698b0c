// The Secret of a server's keys on an API server: made once, left alone, replaced, mended and removed.
import { describe, expect, it } from '@jest/globals';
import { FIELD_MANAGERS } from '#api/names.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { GatewayKeysKeeper } from '#runtime/operator/keys/gateway-keys.ts';
import { FakeSecrets } from './fake-secrets.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const signal = new AbortController().signal;

const serverOf = (uid: string): KubeObject => ({
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 'notes', namespace: 'team-a', uid },
});
const server = serverOf('u-1');
const fresh = { podsRun: false, isNew: true };
const ready = { podsRun: true, isNew: false };

function world() {
  const kube = new FakeSecrets();
  const time = { ms: Date.parse('2030-01-31T12:00:00Z') };
  const told: string[] = [];
  let bytes = 0;
  const keeper = () =>
    new GatewayKeysKeeper({
      kube,
      rotateAfterMs: 30 * DAY_MS,
      clock: { nowMs: () => time.ms, monotonicMs: () => time.ms },
      randomBytes: (size) => Buffer.alloc(size, (bytes += 1)),
      onReplaced: (_server, note) => told.push(note),
      log: {
        debug: () => undefined,
        info: () => undefined,
        error: () => undefined,
        warn: (fields, message) => told.push(JSON.stringify({ fields, message })),
      },
    });
  return { kube, time, told, keeper };
}

describe('the keys of a server', () => {
  it('are made once, owned by it, and found again by the next operator', async () => {
    const { kube, keeper } = world();
    const { changes } = await keeper().ensure(server, fresh, signal);
    expect(changes).toMatchObject([{ name: 'notes-gateway-keys', action: 'created' }]);
    expect(kube.one()).toMatchObject({
      kind: 'Secret',
      type: 'Opaque',
      metadata: { ownerReferences: [{ kind: 'MCPServer', name: 'notes', uid: 'u-1', controller: true }] },
    });
    const before = kube.one();
    expect((await keeper().ensure(server, ready, signal)).changes).toEqual([]);
    expect(kube.one()).toBe(before);
    expect(kube.asked).toEqual(['create', 'get']);
  });

  it('are asked for once in an hour while its pods run, and sooner while they do not', async () => {
    const { kube, time, keeper } = world();
    const own = keeper();
    const { lookAgainMs } = await own.ensure(server, ready, signal);
    expect(lookAgainMs).toBeGreaterThanOrEqual(30 * MINUTE_MS);
    expect(lookAgainMs).toBeLessThanOrEqual(60 * MINUTE_MS);
    for (let pass = 0; pass < 100; pass += 1) await own.ensure(server, ready, signal);
    time.ms += 29 * MINUTE_MS;
    await own.ensure(server, ready, signal);
    expect(kube.asked).toEqual(['get', 'create']);
    await own.ensure(server, { podsRun: false, isNew: false }, signal);
    expect(kube.asked).toEqual(['get', 'create', 'get']);
    time.ms += lookAgainMs + 30 * MINUTE_MS;
    await own.ensure(server, ready, signal);
    expect(kube.asked).toHaveLength(4);
  });

  it('get a successor when they are old, and lose the older of two', async () => {
    const { kube, time, keeper } = world();
    const own = keeper();
    await own.ensure(server, ready, signal);
    const [first] = kube.ids();
    time.ms += 30 * DAY_MS;
    expect((await own.ensure(server, ready, signal)).changes).toMatchObject([{ action: 'applied' }]);
    const [kept, second] = kube.ids();
    expect(kept).toBe(first);
    time.ms += 30 * DAY_MS;
    await own.ensure(server, ready, signal);
    expect(kube.ids()).toEqual([second, expect.any(String)]);
  });

  it('are made again where somebody removed them', async () => {
    const { kube, time, keeper } = world();
    const own = keeper();
    await own.ensure(server, ready, signal);
    kube.stored.clear();
    time.ms += 61 * MINUTE_MS;
    await own.ensure(server, ready, signal);
    expect(kube.ids()).toHaveLength(1);
  });

  it.each<[string, (secret: KubeObject) => KubeObject, string, RegExp]>([
    ['emptied', (secret) => ({ ...secret, data: {} }), 'kubectl', /had no keys\.json/],
    ['broken', (secret) => ({ ...secret, data: { 'keys.json': 'e30=' } }), '', /did not hold keys/],
    ['another type', (secret) => ({ ...secret, type: 'x', data: {} }), 'kubectl', /had no keys\.json/],
    ['sealed and broken', (secret) => ({ ...secret, immutable: true, data: {} }), 'a', /had no keys\.json/],
    ['written by a stranger', (secret) => secret, 'kubectl-edit', /was written by kubectl-edit/],
  ])('are others where they were %s, which is told without them', async (_what, spoil, manager, why) => {
    const { kube, time, told, keeper } = world();
    const own = keeper();
    await own.ensure(server, ready, signal);
    const former = kube.keys();
    kube.put(spoil(kube.one()), manager === '' ? FIELD_MANAGERS.operator : manager);
    time.ms += 61 * MINUTE_MS;
    await own.ensure(server, ready, signal);
    const now = kube.keys();
    expect(now).toHaveLength(1);
    expect(now[0]?.id).not.toBe(former[0]?.id);
    expect(kube.one()['immutable']).toBeUndefined();
    expect(told).toHaveLength(2);
    expect(told.join('\n')).toMatch(why);
    for (const { secret } of [...former, ...now]) expect(told.join('\n')).not.toContain(secret);
    // And that is all: the next look finds them right.
    time.ms += 61 * MINUTE_MS;
    await own.ensure(server, ready, signal);
    expect(kube.keys()).toEqual(now);
  });

  it('of a server that is made anew stay, and are its own', async () => {
    const { kube, keeper } = world();
    const own = keeper();
    await own.ensure(server, ready, signal);
    const ids = kube.ids();
    const { uid: formerUid } = kube.one().metadata;
    await own.ensure(serverOf('u-2'), fresh, signal);
    expect(kube.ids()).toEqual(ids);
    // The garbage collector deletes what the former server left by this uid, also after it has another owner.
    expect(kube.one().metadata.uid).not.toBe(formerUid);
    expect(kube.one().metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['u-2']);
  });

  it('are not written over a Secret that somebody else keeps under that name', async () => {
    const { kube, keeper } = world();
    const metadata = { name: 'notes-gateway-keys', namespace: 'team-a' };
    const theirs = kube.put({ apiVersion: 'v1', kind: 'Secret', metadata, data: {} }, 'kubectl');
    await expect(keeper().ensure(server, ready, signal)).rejects.toMatchObject({ code: 'already_exists' });
    expect(await keeper().remove(server, signal)).toEqual([]);
    expect(kube.one()).toBe(theirs);
  });

  it('are looked for again after a refusal', async () => {
    const { kube, keeper } = world();
    const own = keeper();
    kube.refuses = true;
    await expect(own.ensure(server, ready, signal)).rejects.toThrow('no');
    kube.refuses = false;
    await own.ensure(server, ready, signal);
    expect(kube.ids()).toHaveLength(1);
  });

  it('go with the gateway, and are others when it is on again', async () => {
    const { kube, keeper } = world();
    const own = keeper();
    await own.ensure(server, ready, signal);
    const former = kube.ids();
    expect(await own.remove(server, signal)).toMatchObject([{ action: 'deleted' }]);
    expect(kube.stored.size).toBe(0);
    expect(await own.remove(server, signal)).toEqual([]);
    await own.ensure(server, ready, signal);
    expect(kube.ids()).not.toEqual(former);
  });

  it('of another server of that name are not removed', async () => {
    const { kube, keeper } = world();
    await keeper().ensure(serverOf('u-2'), ready, signal);
    expect(await keeper().remove(server, signal)).toEqual([]);
    expect(kube.stored.size).toBe(1);
  });
});
