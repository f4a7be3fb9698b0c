import { describe, expect, it } from '@jest/globals';
import { decide } from '#policy/decide.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { KubeError } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { SHARD_BYTES, shardName, TOMBSTONE_MAP } from '#runtime/policy-book/tombstone-map.ts';
import { recordAt } from '#runtime/kube/json-path.ts';
import { aCall, aGrant, aSession, minutesFromNow } from '#test/policy/build.ts';
import { conditionOf, Installation, rawServer } from './build.ts';

const DAY = 24 * 60;

function newPlace(): Installation {
  const place = new Installation();
  place.cluster.put(rawServer({ session: { maxLifetime: '8760h' } }));
  place.cluster.put(aGrant());
  return place;
}

/** The session, created now. */
function session(place: Installation, changes: Parameters<typeof aSession>[0] = {}): object {
  return aSession({ createdAt: new Date(place.nowMs).toISOString(), ...changes });
}

async function revoke(
  place: Installation,
  changes: Parameters<typeof aSession>[0] = {},
): Promise<KubeObject> {
  place.cluster.put(session(place, changes));
  await place.session();
  const revoked = place.cluster.put(session(place, { ...changes, revoked: true }));
  await place.session();
  return revoked;
}

function map(place: Installation, name = TOMBSTONE_MAP): KubeObject | undefined {
  return place.cluster.find('ConfigMap', { namespace: 'team-a', name });
}

function dataOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const data = Object.entries(recordAt(object, 'data') ?? {});
  return Object.fromEntries(data.map(([key, value]) => [key, String(value)]));
}

/** Why a call with the session is refused; undefined where it passes. */
function refusal(place: Installation): string | undefined {
  const { compiled } = place.book.of('team-a/notes');
  if (compiled === undefined) throw new Error('nothing was compiled');
  const decision = decide(indexPolicy(compiled.document), aCall({ session: 'session' }), place.nowMs);
  return decision.outcome === 'allow' ? undefined : decision.reason;
}

describe('a session that was revoked', () => {
  it('is put on record at once, with its uid, and once', async () => {
    const place = newPlace();
    const { metadata } = await revoke(place);
    expect(map(place)?.metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'mcp-runtime',
      'mcpruntime.org/tombstones': 'true',
    });
    const uid = metadata.uid ?? '';
    expect(dataOf(map(place))).toEqual({
      [uid]: JSON.stringify({ name: 'session', uid, until: minutesFromNow(DAY) }),
    });
    const { writes } = place;
    place.passMinutes(5);
    await place.session();
    expect(place.writes).toBe(writes);
  });

  it.each([
    ['a day where it would end sooner', minutesFromNow(60), minutesFromNow(DAY)],
    ['its own end where that is later', minutesFromNow(3 * DAY), minutesFromNow(3 * DAY)],
    ['thirty days where it has none', undefined, minutesFromNow(30 * DAY)],
  ])('is remembered for %s', async (_what, expiresAt, until) => {
    const place = newPlace();
    await revoke(place, { expiresAt });
    expect(Object.values(dataOf(map(place)))[0]).toContain(`"until":"${until}"`);
  });

  it('stays revoked when it is deleted and applied again before that', async () => {
    const place = newPlace();
    await revoke(place, { expiresAt: minutesFromNow(3 * DAY) });
    place.cluster.drop('MCPAgentSession', 'team-a/session');
    expect(refusal(place)).toBe('session_not_found');
    place.passMinutes(DAY);
    place.cluster.put(session(place, { expiresAt: minutesFromNow(3 * DAY) }));
    expect(refusal(place)).toBe('session_revoked');
    await place.session();
    expect(place.theSession()).toMatchObject({ status: { phase: 'Revoked' } });
    expect(conditionOf(place.theSession(), 'Active')).toMatchObject({
      status: 'False',
      reason: 'RevokedBefore',
    });
    expect(conditionOf(place.theSession(), 'Ready')?.status).toBe('True');
  });

  it('stays revoked as an object made before that time, however late it is, and whoever prunes', async () => {
    const place = newPlace();
    await revoke(place);
    place.cluster.drop('MCPAgentSession', 'team-a/session');
    place.passMinutes(DAY - 1);
    place.cluster.put(session(place, { expiresAt: undefined }));
    place.passMinutes(10 * DAY);
    await place.tombstones.pruneAll();
    expect(refusal(place)).toBe('session_revoked');
  });

  it('is another one when an object of its name is made after that time', async () => {
    const place = newPlace();
    await revoke(place);
    place.cluster.drop('MCPAgentSession', 'team-a/session');
    place.passMinutes(DAY + 1);
    place.cluster.put(session(place, { expiresAt: minutesFromNow(3 * DAY) }));
    expect(refusal(place)).toBeUndefined();
    await place.session();
    expect(place.theSession()).toMatchObject({ status: { phase: 'Active' } });
  });

  it('is on record even where it was deleted before anybody looked', async () => {
    const place = newPlace();
    place.cluster.put(session(place));
    place.cluster.put(session(place, { revoked: true }));
    place.cluster.drop('MCPAgentSession', 'team-a/session');
    expect(place.sessions.departedKeys).toEqual(['team-a/session']);
    await place.session();
    expect(place.sessions.departedKeys).toEqual([]);
    place.cluster.put(session(place));
    expect(refusal(place)).toBe('session_revoked');
  });

  it('is on record before it is removed for its age', async () => {
    const place = newPlace();
    place.cluster.put(session(place, { revoked: true, ttlSecondsAfterExpired: 0 }));
    await place.session();
    expect(place.theSession()).toBeUndefined();
    expect(Object.keys(dataOf(map(place)))).toHaveLength(1);
  });

  it('is on record where nothing else of it can be read', async () => {
    const place = newPlace();
    place.cluster.put({ ...session(place), spec: { serverRef: 7, revoked: true } });
    await place.session();
    expect(Object.keys(dataOf(map(place)))).toHaveLength(1);
  });

  it('is revoked for everybody while its record can’t be written, which is tried again', async () => {
    const place = newPlace();
    place.cluster.put(session(place, { revoked: true, ttlSecondsAfterExpired: 0 }));
    place.cluster.refuse = ({ key }) => {
      if (key.includes(TOMBSTONE_MAP)) throw new KubeError('quota', { code: 'forbidden' });
    };
    expect(await place.session()).toMatchObject({ kind: 'retry' });
    expect(refusal(place)).toBe('session_revoked');
    expect(place.theSession()).toMatchObject({ status: { phase: 'Revoked' } });
    place.cluster.refuse = () => undefined;
    await place.session();
    expect(place.theSession()).toBeUndefined();
    expect(Object.keys(dataOf(map(place)))).toHaveLength(1);
  });

  it('needs no record in a namespace that is being deleted', async () => {
    const place = newPlace();
    place.cluster.put(session(place, { revoked: true }));
    place.cluster.refuse = ({ verb, key }) => {
      if (!key.includes(TOMBSTONE_MAP)) return;
      throw verb === 'patch'
        ? new KubeError('none', { code: 'not_found' })
        : new KubeError('terminating', { code: 'namespace_terminating' });
    };
    expect(await place.session()).toEqual({ kind: 'done' });
    expect(place.theSession()).toMatchObject({ status: { phase: 'Revoked' } });
  });
});

describe('records of a namespace', () => {
  it('keep what two writers add at once, neither of whom has seen the other', async () => {
    const place = newPlace();
    const other = place.newTombstones();
    place.cluster.live = false;
    const names = Array.from({ length: 20 }, (_, at) => `session-${at}`);
    const sessions = names.map((name) => place.cluster.put(session(place, { name, revoked: true })));
    await Promise.all(sessions.map((each, at) => (at % 2 === 0 ? place.tombstones : other).record(each)));
    expect(Object.keys(dataOf(map(place)))).toHaveLength(20);
    // Who wrote knows so before the cache does.
    const [first] = sessions;
    if (first === undefined) throw new Error('no session');
    expect([place.tombstones.has(first), other.has(first)]).toContain(true);
    place.cluster.deliver();
    expect(sessions.every((each) => place.tombstones.has(each) && other.has(each))).toBe(true);
  });

  it('are written once where the controllers of the session and of its server ask at once', async () => {
    const place = newPlace();
    const revoked = place.cluster.put(session(place, { revoked: true }));
    await Promise.all([place.tombstones.record(revoked), place.tombstones.record(revoked)]);
    expect(place.cluster.requests.map(({ verb }) => verb)).toEqual(['patch', 'create']);
    expect(place.tombstones.missingOf([revoked])).toEqual([]);
  });

  it('go on in another ConfigMap when one is full, and all of them count', async () => {
    const place = newPlace();
    place.cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: TOMBSTONE_MAP, namespace: 'team-a' },
      data: { filling: 'x'.repeat(SHARD_BYTES) },
    });
    const revoked = await revoke(place);
    expect(Object.keys(dataOf(map(place, shardName(2))))).toEqual([revoked.metadata.uid]);
    expect(place.tombstones.has(revoked)).toBe(true);
    expect(place.newTombstones().has(revoked)).toBe(true);
  });

  it('go on in another where the API server says that one is full', async () => {
    const place = newPlace();
    await revoke(place, { name: 'session' });
    place.cluster.refuse = ({ key }) => {
      if (key.endsWith(TOMBSTONE_MAP)) throw new KubeError('too long', { code: 'invalid' });
    };
    place.cluster.put(session(place, { name: 'second', revoked: true }));
    await place.session('second');
    expect(Object.keys(dataOf(map(place, shardName(2))))).toHaveLength(1);
  });

  it('lose only the entry that is damaged, and tell which', () => {
    const place = newPlace();
    const until = minutesFromNow(DAY);
    place.cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: TOMBSTONE_MAP, namespace: 'team-a' },
      data: {
        a: '{',
        b: JSON.stringify({ name: 'other', until: 'soon' }),
        c: JSON.stringify({ name: 'session', uid: 'first', until }),
      },
    });
    expect(place.tombstones.of({ namespace: 'team-a', name: 'session' })).toEqual([
      { namespace: 'team-a', name: 'session', uid: 'first', until },
    ]);
    expect(place.warnings).toHaveLength(1);
    expect(place.warnings[0]).toContain('team-a/mcp-runtime-tombstones data[a]');
    expect(place.warnings[0]).toContain('data[b]');
  });

  it('are pruned when they are over and their object is gone, and the ConfigMap with the last', async () => {
    const place = newPlace();
    await revoke(place);
    const second = place.cluster.put(
      session(place, { name: 'second', revoked: true, expiresAt: minutesFromNow(3 * DAY) }),
    );
    await place.session('second');
    place.passMinutes(DAY + 120);
    await place.tombstones.pruneAll();
    // Its object is still there.
    expect(Object.keys(dataOf(map(place)))).toHaveLength(2);
    place.cluster.drop('MCPAgentSession', 'team-a/session');
    place.caches.sessions.synced = false;
    await place.tombstones.pruneAll();
    expect(Object.keys(dataOf(map(place)))).toHaveLength(2);
    place.caches.sessions.synced = true;
    await place.tombstones.pruneAll();
    expect(Object.keys(dataOf(map(place)))).toEqual([second.metadata.uid]);
    place.cluster.drop('MCPAgentSession', 'team-a/second');
    place.passMinutes(3 * DAY);
    await place.tombstones.pruneAll();
    expect(map(place)).toBeUndefined();
  });

  it('survive a prune that does not know of the newest', async () => {
    const place = newPlace();
    await revoke(place);
    place.cluster.drop('MCPAgentSession', 'team-a/session');
    place.passMinutes(DAY + 120);
    place.cluster.live = false;
    const other = place.newTombstones();
    const second = place.cluster.put(session(place, { name: 'second', revoked: true }));
    await other.record(second);
    await place.tombstones.pruneAll();
    expect(Object.keys(dataOf(map(place)))).toContain(second.metadata.uid);
  });
});
