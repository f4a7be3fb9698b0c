// A server that keeps sessions in the memory of its pods, in three of them behind an ingress that knows nothing of that:
// sessions go on wherever their requests arrive, while pods are replaced, and end clearly where a pod is lost. What the
// servers did is counted at the servers.
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEYS_FILE_NAME, parseGatewayKeys, type GatewayKey } from '#api/gateway-keys.ts';
import { FIELD_MANAGERS, NAMESPACES, serverObjectNames } from '#api/names.ts';
import { PROXY_PORTS } from '#api/proxy-config.ts';
import { PROXY_VOLUMES } from '#constructs/server/workload/proxy-volumes.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { at, type KubeObject } from '#test/cluster/harness/objects.ts';
import { SessionCaller, longSession, shortSessions } from '#test/runtime/proxy/harness/session-callers.ts';
import { describeOwnNode } from './harness/node.ts';
import { reach } from './harness/reach.ts';
import { aServedServer, outside, podsOf, podsRun, servesAgain } from './harness/servers.ts';
import { onNode, volumeOf } from './harness/volumes.ts';
import { containersOf, platformIsWell } from './harness/workloads.ts';

jest.setTimeout(240_000);

const world = cluster();
const ns = namespace('sessions');
const name = 'many';
const target = () => ({ url: outside(ns, name), headers: { 'x-mcp-human-id': 'ada' }, fetch: reach });
const [v1, v2] = ['everything:test + mcp-gateway', 'everything:2026.8.31 + mcp-gateway'];

/** Has the server say which calls reached it. */
const TELL_CALLS =
  'const p=JSON.parse;JSON.parse=(t,r)=>{const v=p(t,r);' +
  "if(v?.method==='tools/call')console.log('CALL '+v.params.arguments?.message);return v}";

beforeAll(async () => {
  await aServedServer(ns, name, 'everything', {
    replicas: 3,
    tools: ['echo', 'toggle-simulated-logging'].map((tool) => ({ name: tool, sideEffect: 'read' })),
    envVars: [
      { name: 'NODE_OPTIONS', value: `--import=data:text/javascript,${encodeURIComponent(TELL_CALLS)}` },
    ],
    // Sessions go on for nineteen seconds of these.
    podTemplate: { spec: { terminationGracePeriodSeconds: 30 } },
  });
  await podsRun(ns, name, [v1, v1, v1]);
});

/** How often pods handed requests over to each other, by outcome. */
async function handovers(): Promise<Readonly<Record<string, number>>> {
  const sums = new Map<string, number>();
  for (const pod of await podsOf(ns, name)) {
    const page = `http://${String(at(pod, 'status', 'podIP'))}:${PROXY_PORTS.metrics}/metrics`;
    const text = await (await reach(page)).text();
    for (const [, outcome = '', count] of text.matchAll(
      /^mcp_gateway_handovers_total\{[^}]*outcome="(\w+)"[^}]*\} (\d+)$/gm,
    ))
      sums.set(outcome, (sums.get(outcome) ?? 0) + Number(count));
  }
  return Object.fromEntries(sums);
}

/** What a pod's server did from its start to its end, or to now. */
const did = async (pod: KubeObject, toTheEnd: boolean): Promise<readonly string[]> => {
  const args = ['logs', ...(toTheEnd ? ['-f'] : []), '-n', ns, pod.metadata.name, '-c', name];
  const { stdout } = await world.kubectl(args, { allowFailure: true });
  return [...stdout.matchAll(/^CALL ([0-9a-f-]{36})$/gm)].map(([, message = '']) => message);
};

const twice = (messages: readonly string[]): readonly string[] =>
  messages.filter((message, index) => messages.indexOf(message) !== index);

/** Callers with sessions, one after the other, so that the ingress spreads them. */
async function callers(count: number): Promise<readonly SessionCaller[]> {
  const all: SessionCaller[] = [];
  for (let each = 0; each < count; each += 1) all.push(await SessionCaller.connect(target()));
  return all;
}

/** Those of the callers whose calls a pod's server has had. */
async function callersAt(pod: KubeObject, all: readonly SessionCaller[]): Promise<readonly SessionCaller[]> {
  const here = new Set(await did(pod, false));
  return all.filter(({ said }) => said.some((message) => here.has(message)));
}

describe('sessions of three pods', () => {
  it('are served whichever pod their requests arrive at', async () => {
    const all = await callers(12);
    const words = await Promise.all(
      all.map(async (caller) => {
        const spoken = [];
        for (let each = 0; each < 10; each += 1) spoken.push(await caller.call());
        return [...spoken, await caller.end()];
      }),
    );
    expect(new Set(words.flat())).toEqual(new Set(['allowed']));
    const { answered = 0, ...others } = await handovers();
    expect(answered).toBeGreaterThan(0);
    expect(Object.keys(others).filter((outcome) => outcome !== 'cancelled')).toEqual([]);
    const done = (await Promise.all((await podsOf(ns, name)).map((pod) => did(pod, false)))).flat();
    expect(done.toSorted()).toEqual(all.flatMap(({ said }) => said).toSorted());
  });

  it('bring notifications of their server over streams that are open at other pods', async () => {
    const all = await callers(8);
    const words = await Promise.all(all.map((caller) => caller.tool('toggle-simulated-logging')));
    expect(new Set(words)).toEqual(new Set(['allowed']));
    await until(
      'everybody hears of its server, and again',
      () => all.map(({ heard }) => heard),
      (heard) => heard.every((count) => count >= 2),
      { timeoutMs: 60_000 },
    );
    for (const caller of all) await caller.end();
  });
});

const { keysSecret } = serverObjectNames(name);
const DAY_MS = 86_400_000;

async function keysOfServer(): Promise<readonly GatewayKey[]> {
  const secret = await world.must('Secret', keysSecret, ns);
  const text = Buffer.from(String(at(secret, 'data', KEYS_FILE_NAME)), 'base64').toString('utf8');
  return parseGatewayKeys(text, keysSecret).keys;
}

/** Has the keys seem to have been made so long ago, as nobody but the operator could. */
async function age(keys: readonly GatewayKey[], agesMs: readonly number[]): Promise<void> {
  const aged = keys.map((key, index) => ({
    ...key,
    madeAt: new Date(Date.now() - (agesMs[index] ?? 0)).toISOString(),
  }));
  const text = JSON.stringify({ schemaVersion: 1, keys: aged });
  const body = { data: { [KEYS_FILE_NAME]: Buffer.from(text).toString('base64') } };
  await world.patch('Secret', keysSecret, ns, body, { manager: FIELD_MANAGERS.operator });
}

/** An operator that starts looks at the keys of every server. */
async function restartOperators(): Promise<void> {
  const operators = await containersOf(NAMESPACES.platform, 'control-plane=controller-manager');
  await Promise.all(operators.map((each) => each.signal('SIGKILL')));
}

/** How often a proxy looks whether its keys were replaced, and once more. */
const SEEN_MS = 10_000;

/** Waits until the proxies of all pods have these keys, which takes minutes at the most: that is why a new one rests so long. */
async function arrive(ids: readonly string[]): Promise<void> {
  const held = async () => {
    const files = (await podsOf(ns, name)).map(
      (pod) => `${volumeOf(pod, 'secret', PROXY_VOLUMES.keys)}/${KEYS_FILE_NAME}`,
    );
    return Promise.all(
      files.map(async (file) => parseGatewayKeys(await onNode('cat "$1"', [file]), file).keys),
    );
  };
  await until(
    'every pod has the keys',
    held,
    (all) => all.every((keys) => ids.every((id) => keys.some((key) => key.id === id))),
    {
      timeoutMs: 120_000,
      everyMs: 1_000,
    },
  );
  await sleep(SEEN_MS);
}

describeOwnNode('a new key of the server', () => {
  it('seals new sessions at every pod, and those that the old one sealed go on', async () => {
    const all = await callers(9);
    const [first] = await keysOfServer();
    const over = new AbortController();
    const long = Array.from({ length: 6 }, () => longSession(target(), over.signal));
    try {
      await age(await keysOfServer(), [31 * DAY_MS]);
      await restartOperators();
      const both = await until('the key has a successor', keysOfServer, (keys) => keys.length === 2, {
        timeoutMs: 120_000,
      });
      const [old, young] = both.map(({ id }) => id);
      expect(old).toBe(first?.id);
      await arrive(both.map(({ id }) => id));
      // It is used ten minutes after it was made: these are said to be over.
      await age(both, [31 * DAY_MS, DAY_MS]);
      await until('every pod seals with it', sealersOfNewSessions, (ids) => ids.every((id) => id === young), {
        timeoutMs: 120_000,
        everyMs: 2_000,
      });
      const sealedBefore = all.map(({ sessionId }) => sessionId.split('.')[0]);
      expect(new Set(sealedBefore)).toEqual(new Set([old]));
      for (let each = 0; each < 5; each += 1)
        for (const caller of all) expect(await caller.call()).toBe('allowed');
    } finally {
      over.abort();
    }
    const stays = await Promise.all(long);
    expect(stays.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(stays.map(({ begunAnew }) => begunAnew)).toEqual(stays.map(() => 0));
    for (const caller of all) expect(await caller.end()).toBe('allowed');
    await platformIsWell();
  });

  /** Which keys sealed sessions that begin now, with at least one at every pod. */
  async function sealersOfNewSessions(): Promise<readonly string[]> {
    const anew = await callers(9);
    for (const caller of anew) expect(await caller.call()).toBe('allowed');
    for (const pod of await podsOf(ns, name)) expect(await callersAt(pod, anew)).not.toEqual([]);
    const ids = anew.map(({ sessionId }) => sessionId.split('.')[0] ?? '');
    for (const caller of anew) expect(await caller.end()).toBe('allowed');
    return ids;
  }
});

describe('while all pods are replaced under load', () => {
  it('no call fails, short sessions end well, and longer ones begin anew at once', async () => {
    const old = await podsOf(ns, name);
    const done = old.map((pod) => did(pod, true));
    const over = new AbortController();
    const short = Array.from({ length: 6 }, () => shortSessions(target(), 4_000, over.signal));
    const anew = Array.from({ length: 6 }, () => Promise.withResolvers<undefined>());
    const long = anew.map(({ resolve }) => longSession(target(), over.signal, () => resolve(undefined)));
    try {
      await world.patch('MCPServer', name, ns, { spec: { image: 'example.org/mcp/everything:2026.8.31' } });
      await servesAgain(ns, name);
      await podsRun(ns, name, [v2, v2, v2]);
      await until(
        'the last of the old pods has ended',
        () => world.list('Pod', ns, `app=${name}`),
        (pods) => pods.length === 3,
        { timeoutMs: 90_000 },
      );
      // Nobody notices before the next call.
      await Promise.all(anew.map(({ promise }) => promise));
    } finally {
      over.abort();
    }
    const stays = await Promise.all([...short, ...long]);
    expect(stays.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const { begunAnew } of stays) expect(begunAnew).toBeGreaterThan(0);
    const atNew = (await podsOf(ns, name)).map((pod) => did(pod, false));
    const executed = (await Promise.all([...done, ...atNew])).flat();
    expect(twice(executed)).toEqual([]);
    const known = new Set(executed);
    expect(stays.flatMap(({ said }) => said).filter((message) => !known.has(message))).toEqual([]);
  });
});

describe('a pod that is lost at once', () => {
  it('takes its sessions with it: they are told so, begin anew, and no call runs twice', async () => {
    const all = await callers(9);
    for (const caller of all) expect(await caller.call()).toBe('allowed');
    const pods = await podsOf(ns, name);
    const places = await Promise.all(pods.map(async (pod) => ({ pod, own: await callersAt(pod, all) })));
    const fullest = places.reduce((most, place) => (place.own.length > most.own.length ? place : most));
    const { pod: lost, own: itsOwn } = fullest;
    const lastWords = did(lost, true);
    // Calls are under way when it goes, and some are still sent to it until the ingress knows.
    const gone = itsOwn.map((caller) =>
      until(
        'its session is gone',
        () => caller.call(),
        (word) => word === 'gone',
        { timeoutMs: 60_000 },
      ),
    );
    await world.kubectl(['delete', 'pod', lost.metadata.name, '-n', ns, '--grace-period=0', '--force']);
    await Promise.all(gone);
    for (const caller of all.filter((each) => !itsOwn.includes(each))) {
      expect(await caller.call()).toBe('allowed');
    }
    const anew = await callers(3);
    for (const caller of anew) expect(await caller.call()).toBe('allowed');
    const left = pods.filter((pod) => pod !== lost);
    const executed = await Promise.all([lastWords, ...left.map((pod) => did(pod, false))]);
    expect(twice(executed.flat())).toEqual([]);
    await Promise.all([...all, ...anew].map((caller) => caller.close()));
  });
});
