// Changes of the cluster on their way to streams: real caches of a fake cluster, the real compiler, wires in memory.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { AcknowledgementBook } from '#runtime/distributor/acknowledge/acknowledgement-book.ts';
import { Streams } from '#runtime/distributor/stream/streams.ts';
import { CONFIG_MAP, GRANT, POD as POD_TYPE, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { GRANT_INDEXERS, PolicyBook, SESSION_INDEXERS } from '#runtime/policy-book/policy-book.ts';
import { keyOfTombstone, renderTombstone, TOMBSTONE_MAP } from '#runtime/policy-book/tombstone-map.ts';
import { TombstoneShelf } from '#runtime/policy-book/tombstone-shelf.ts';
import { silentLog } from '#runtime/process/log.ts';
import { aGrant, aSession, minutesFromNow } from '#test/policy/build.ts';
import { rawServer } from '#test/runtime/operator/access/build.ts';
import { FakeCluster } from '#test/runtime/operator/access/fake-cluster.ts';
import { aStream, hello, markOf, NOTES, POD, shortOf } from './build.ts';

class Place {
  readonly cluster = new FakeCluster();
  readonly caches = {
    servers: this.cluster.cache(SERVER),
    grants: this.cluster.cache(GRANT, GRANT_INDEXERS),
    sessions: this.cluster.cache(SESSION, SESSION_INDEXERS),
    tombstones: this.cluster.cache(CONFIG_MAP),
    pods: this.cluster.cache(POD_TYPE),
  };
  readonly book = new PolicyBook({
    ...this.caches,
    tombstones: new TombstoneShelf({ configMaps: this.caches.tombstones, log: silentLog }),
    config: DEFAULT_OPERATOR_CONFIG,
    epoch: 0,
  });
  readonly acknowledgements = new AcknowledgementBook();
  nowMs = 1_000_000;
  isFresh = true;
  compiled = 0;
  readonly streams: Streams = new Streams({
    caches: this.caches,
    policyOf: (key) => {
      this.compiled += 1;
      const mark = this.book.positionOf(key);
      return mark && { mark, document: () => this.book.of(key).compiled?.document };
    },
    isFresh: () => this.isFresh,
    clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
    onClosed: ({ options: { server, pod } }) => this.acknowledgements.forget(server, pod.uid),
  });

  get document() {
    const { compiled } = this.book.of('team-a/notes');
    if (compiled === undefined) throw new Error('nothing is compiled');
    return compiled.document;
  }

  /** A proxy that takes whatever it is sent. */
  proxy(pod = POD, server = NOTES) {
    const made = aStream({
      server,
      pod,
      nowMs: () => this.nowMs,
      expiresAtMs: this.nowMs + 3_600_000,
      onWord: (word) => this.acknowledgements.said(server, pod.uid, word),
    });
    this.streams.add(made.stream);
    made.say(hello());
    return made;
  }
}

function agree({ say }: ReturnType<typeof aStream>, place: Place): void {
  say({ enforced: markOf(place.document) });
}

describe('streams', () => {
  let place: Place;

  beforeEach(() => {
    place = new Place();
    for (const object of [rawServer(), rawServer({ name: 'other' }), aGrant(), aSession()])
      place.cluster.put(object);
  });
  afterEach(() => place.streams.endAll('draining', 'the test ends'));

  const last = (made: ReturnType<typeof aStream>) => made.wire.short.at(-1);

  it.each<[string, (cluster: FakeCluster) => void]>([
    ['a session is revoked', (cluster) => cluster.put(aSession({ revoked: true }))],
    ['a session is deleted', (cluster) => cluster.drop('MCPAgentSession', 'team-a/session')],
    ['a grant is disabled', (cluster) => cluster.put(aGrant({ disabled: true }))],
    [
      'a grant speaks of another server now',
      (cluster) => cluster.put(aGrant({ serverRef: { name: 'other' } })),
    ],
    ['a grant comes', (cluster) => cluster.put(aGrant({ name: 'second', subject: { humanID: 'bob' } }))],
    ['the server declares other tools', (cluster) => cluster.put(rawServer({ tools: [] }))],
  ])('bring the new policy at once when %s', async (_what, change) => {
    const made = place.proxy();
    agree(made, place);
    change(place.cluster);
    await turn();
    expect(last(made)).toBe(`document ${shortOf(place.document)}`);
    expect(made.wire.told).toHaveLength(2);
  });

  it('bring it when a tombstone says that a session came back from the dead', async () => {
    const made = place.proxy();
    agree(made, place);
    const tombstone = { namespace: 'team-a', name: 'session', until: minutesFromNow(60) };
    place.cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'team-a', name: TOMBSTONE_MAP },
      data: { [keyOfTombstone(tombstone)]: renderTombstone(tombstone) },
    });
    await turn();
    expect(last(made)).toBe(`document ${shortOf(place.document)}`);
    expect(made.wire.told).toHaveLength(2);
  });

  it('make a policy once for a burst of changes, and for servers that nobody listens to not at all', async () => {
    place.proxy();
    const before = place.compiled;
    for (let n = 0; n < 50; n += 1) {
      place.cluster.put(aGrant({ name: `g-${n}`, subject: { humanID: `h-${n}` } }));
      place.cluster.put(aGrant({ name: `o-${n}`, serverRef: { name: 'other' } }));
    }
    await turn();
    expect(place.compiled - before).toBe(1);
  });

  it('say nothing for a status', async () => {
    const made = place.proxy();
    agree(made, place);
    place.cluster.put({ ...rawServer(), status: { phase: 'Ready' } });
    await turn();
    expect(made.wire.told).toHaveLength(1);
  });

  it('end where the server is gone, and where the pod is', async () => {
    const made = place.proxy();
    place.cluster.drop('MCPServer', 'team-a/notes');
    await turn();
    expect(last(made)).toBe('end server_gone');
    place.cluster.put(rawServer());
    const { namespace, name, uid } = POD;
    place.cluster.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, uid } });
    const other = place.proxy();
    place.cluster.drop('Pod', 'team-a/notes-1');
    expect(last(other)).toBe('end pod_gone');
  });

  it('go on where the server was made again in the same breath', async () => {
    const made = place.proxy();
    place.cluster.drop('MCPServer', 'team-a/notes');
    place.cluster.put(rawServer());
    await turn();
    expect(made.wire.state).toBe('open');
  });

  it('are at most two for a pod: the oldest makes room', () => {
    const [first, second, third] = [place.proxy(), place.proxy(), place.proxy()];
    expect([first, second, third].map(({ wire }) => wire.state)).toEqual(['ended', 'open', 'open']);
    expect(last(first)).toBe('end replaced');
  });

  it('tell what a proxy enforces until its last stream is gone', () => {
    const made = place.proxy();
    agree(made, place);
    expect(place.acknowledgements.of('team-a/notes')?.acknowledgements).toMatchObject([
      { podUid: 'uid-1', revision: place.document.revision },
    ]);
    place.streams.remove(made.stream);
    expect(place.acknowledgements.of('team-a/notes')).toBeUndefined();
    expect(place.streams.size).toBe(0);
  });

  it('bring again what was refused for its age, when the caches have seen more', async () => {
    const made = place.proxy();
    agree(made, place);
    place.cluster.put(aSession({ revoked: true }));
    await turn();
    made.say({ refused: { revision: place.document.revision, message: 'older', behind: ['tombstones'] } });
    expect(place.streams.behind).toBe(1);
    expect(made.asked).toEqual(['tombstones']);
    place.caches.tombstones.resourceVersion = '5000';
    place.streams.advanced();
    await turn();
    expect(made.wire.told).toHaveLength(3);
    expect(made.wire.told.at(-1)).toMatchObject({ document: { inputs: { tombstones: '5000' } } });
  });
});

describe('with time, a stream', () => {
  let place: Place;
  let made: ReturnType<typeof aStream>;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    place = new Place();
    for (const object of [rawServer(), aGrant()]) place.cluster.put(object);
    place.streams.start();
    made = place.proxy();
    agree(made, place);
  });
  afterEach(() => {
    place.streams.endAll('draining', 'the test ends');
    jest.useRealTimers();
  });

  /** Seconds go by, and the proxy is heard or not. */
  function pass(seconds: number, isHeard = true): void {
    for (let second = 0; second < seconds; second += 1) {
      place.nowMs += 1_000;
      if (isHeard) made.stream.heard();
      jest.advanceTimersByTime(1_000);
    }
  }

  const last = () => made.wire.short.at(-1);

  it('has what it enforces confirmed, at least every ten seconds', () => {
    pass(31);
    const confirmed = made.wire.short.filter((each) => each.startsWith('current'));
    expect(confirmed.length).toBeGreaterThanOrEqual(3);
    expect(confirmed.length).toBeLessThanOrEqual(5);
  });

  it('has nothing confirmed where nobody hears from the API server, and still hears something', () => {
    place.isFresh = false;
    pass(31);
    expect(made.wire.short.filter((each) => each.startsWith('current'))).toEqual([]);
    expect(made.wire.texts.filter((each) => each === '\n').length).toBeGreaterThanOrEqual(3);
  });

  it('ends with its token', () => {
    pass(3_599);
    expect(made.wire.state).toBe('open');
    pass(2);
    expect(last()).toBe('end token_expired');
  });

  it('is cut where the proxy has fallen silent', () => {
    pass(30, false);
    expect(made.wire.state).toBe('open');
    pass(2, false);
    expect(made.wire.state).toBe('cut');
  });

  it('is cut where the proxy takes nothing for thirty seconds', () => {
    made.wire.takes = false;
    // It shows with the next beat.
    pass(36);
    expect(made.wire.state).toBe('open');
    pass(6);
    expect(made.wire.state).toBe('cut');
  });

  it('is cut where nobody says hello', () => {
    const mute = aStream({ nowMs: () => place.nowMs, pod: { ...POD, uid: 'uid-2' } });
    place.streams.add(mute.stream);
    for (let second = 0; second < 12; second += 1) {
      mute.stream.heard();
      pass(1);
    }
    expect(mute.wire.state).toBe('cut');
    expect(made.wire.state).toBe('open');
  });
});
