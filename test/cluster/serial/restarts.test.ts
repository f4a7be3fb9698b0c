// A start of the operator among servers that are as they should be: it reads, and writes nothing. Neither does one
// that finds things in another order than the one before.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aGrant, aServer, aSession, make } from '../harness/builders.ts';
import { cluster } from '../harness/cluster.ts';
import { eventually, stays } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at, type KubeObject } from '../harness/objects.ts';
import { changesSince, isSettled, lineOf, LONG, metric, startEnded, twoReady } from './replicas.ts';

const world = cluster();
const ns = namespace('restarts');
const host = `${ns}.example.org`;

/** What servers may ask for, again and again. */
const SPECS: readonly object[] = [
  { gateway: { enabled: true }, tools: [{ name: 'look', sideEffect: 'read' }] },
  {
    ingressHost: host,
    envVars: [
      { name: 'B', value: '2' },
      { name: 'A', value: '1' },
    ],
  },
  { gateway: { enabled: true }, autoscaling: { minReplicas: 2, maxReplicas: 4, memoryPercent: 70 } },
  { replicas: 3, rollout: { strategy: 'Canary', canaryReplicas: 1 }, gateway: { enabled: true } },
  { replicas: 2, disruption: { maxUnavailable: '1' }, ingressClass: 'nginx', ingressHost: host },
  { useProvisionedRegistry: true, image: 'team/tool', resources: { limits: { cpu: '1', memory: '1Gi' } } },
];

const SERVERS = Array.from({ length: 30 }, (_, index) => {
  const name = `s${String(index).padStart(2, '0')}`;
  return aServer(ns, name, SPECS[index % SPECS.length]);
});
const names = SERVERS.map(({ metadata }) => metadata.name);
const KEYS = '-gateway-keys';
const governed = SERVERS.filter((server) => at(server, 'spec', 'gateway', 'enabled') === true).map(
  ({ metadata }) => metadata.name,
);

/** For the first servers, the last first, so that a list has them in another order than they came in. */
const ACCESS: readonly KubeObject[] = ['e', 'd', 'c', 'b', 'a'].flatMap((letter, index) => [
  aGrant(ns, `g-${letter}`, 's00', { maxTrust: index % 2 === 0 ? 'high' : 'low' }),
  aSession(ns, `t-${letter}`, 's00', letter === 'c' ? { revoked: true } : {}),
]);

/** Requests that a start makes of the API server for what is here: those of leases and of other suites' objects aside. */
const requestsSince = (since: Mark) =>
  world.audit
    .read({ user: world.operatorUser, since })
    .filter(({ resource }) => resource !== 'leases')
    .filter(({ namespace: where }) => where === undefined || where === ns);

const changesHere = (since: Mark) => changesSince(since).filter(({ namespace: where }) => where === ns);

/** Until the leader has looked at every server and has nothing in hand. */
async function hasWorked(index: number): Promise<void> {
  await eventually(
    'each server was looked at',
    async () => {
      const servers = (await world.list('MCPServer')).length;
      const done = (await metric(index, 'mcp_operator_reconciles_total', 'controller="servers"')) ?? 0;
      return done >= servers && (await metric(index, 'mcp_operator_queue_depth')) === 0;
    },
    LONG,
  );
}

const isQuiet = async () => {
  const since = world.audit.mark();
  await stays('nothing is written', () => Promise.resolve(changesHere(since).length === 0), {
    forMs: 6_000,
    everyMs: 500,
  });
  return true;
};

beforeAll(async () => {
  await twoReady();
  await make(...SERVERS, ...ACCESS.slice(0, 4));
  for (const object of ACCESS.slice(4)) await make(object);
  for (const name of names) await eventually(`${name} is settled`, () => isSettled(ns, name), LONG);
  await eventually('all is written', isQuiet, LONG);
});

afterAll(async () => {
  await startEnded();
  await twoReady();
});

/** Stops both, does something, and starts them again; what the API server was asked for then. */
async function restarted(
  order: readonly number[],
  env: Readonly<Record<string, string>>,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<Mark> {
  await world.operators.stopAll();
  await meanwhile();
  const mark = world.audit.mark();
  for (const index of order) await world.operators.start(index, env);
  await hasWorked(await twoReady());
  await eventually('it has settled', isQuiet, LONG);
  return mark;
}

describe('a restart', () => {
  it('writes nothing and tells no events, and costs a list and a watch of each kind', async () => {
    const mark = await restarted([0, 1], {});
    expect(changesHere(mark).map(lineOf)).toEqual([]);
    const requests = requestsSince(mark).filter(({ verb }) => verb !== 'watch');
    const lists = requests.filter(({ verb }) => verb === 'list');
    // Seventeen kinds and two replicas; a pull secret for the namespace, and the keys of each server with a proxy.
    expect(lists.length).toBeLessThanOrEqual(2 * 20);
    const keys = requests.filter(({ resource, name }) => resource === 'secrets' && name?.endsWith(KEYS));
    expect(keys.map(({ verb, name }) => `${verb} ${name ?? ''}`).toSorted()).toEqual(
      governed.map((name) => `get ${name}${KEYS}`),
    );
    expect(requests.length - lists.length - keys.length).toBeLessThan(10);
    const watches = requestsSince(mark).filter(({ verb }) => verb === 'watch');
    expect(watches.length).toBeLessThanOrEqual(2 * 2 * 20);
  });

  it('writes nothing where the other replica comes first and everything is written down in another order', async () => {
    const reversed = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([name, member]) => [name, reversed(member)]),
      );
    };
    const first = await world.must('Deployment', 's00', ns);
    const mark = await restarted([1, 0], { POD_NAMESPACE: world.about.operator.namespace }, async () => {
      const again = [...SERVERS, ...ACCESS].toReversed().map(reversed);
      await world.apply(again, { serverSide: true });
    });
    expect(changesHere(mark).map(lineOf)).toEqual([]);
    expect((await world.must('Deployment', 's00', ns)).metadata.generation).toBe(first.metadata.generation);
  });
});
