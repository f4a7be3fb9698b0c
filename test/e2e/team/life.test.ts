// The platform of a team from its first day to its last, on a node that has only its images: rendered by the command line,
// applied as Flux does, in the order and by the health checks that stand in the output; called, changed, upgraded while
// people call, and removed until nothing is left.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { DISTRIBUTOR, NAMESPACES } from '#api/names.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { backupBegun, backupList, chainList, SENTINEL_PATHS, type ChainList } from '#api/sentinel-api.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { finishedOf, readTrail } from '#runtime/local/check/audit-trail.ts';
import { Account } from '#test/cluster/harness/account.ts';
import { conditionLines } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { stays, until } from '#test/cluster/harness/eventually.ts';
import { at, byName, conditionOf, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { meanwhile } from '../harness/consents.ts';
import { Flux } from '../harness/gitops/flux.ts';
import { inventory, nothingIsLeft } from '../harness/gitops/inventory.ts';
import { uninstall } from '../harness/gitops/uninstall.ts';
import { furnish, loseEvents, Office, SUPPORT } from '../harness/office.ts';
import { askSentinel, sentinel } from '../harness/sentinel.ts';
import { VISITORS } from './program/office.ts';

jest.setTimeout(420_000);

const world = cluster();
const flux = new Flux();
const TEAM = 'mcp-team-support';

const inSession = (session: string) => ({ 'x-mcp-human-id': 'ada', 'x-mcp-agent-session': session });

let before: ReadonlySet<string>;
let office: Office;
let folder: string;

beforeAll(async () => {
  await furnish();
  before = await inventory();
  office = await Office.open();
});
afterAll(() => office.close());

const NAMESPACES_OF_PODS = [NAMESPACES.platform, NAMESPACES.sentinel, TEAM, VISITORS];

async function podsThatAreNotReady(): Promise<readonly string[]> {
  const pods = await Promise.all(NAMESPACES_OF_PODS.map((each) => world.list('Pod', each)));
  return pods
    .flat()
    .filter((pod) => conditionOf(pod, 'Ready')?.status !== 'True')
    .map(({ metadata: { namespace, name } }) => `${namespace ?? ''}/${name}`);
}

describe('the installation', () => {
  it('is applied in its order, and everything in it becomes healthy', async () => {
    folder = await office.synth('installed');
    await flux.reconcile(folder);
    expect(await podsThatAreNotReady()).toEqual([]);
  });

  it.each([
    ['manuals', TEAM],
    ['tickets', TEAM],
    ['guests', VISITORS],
  ])('has a server %s that says so of itself', async (name, namespace) => {
    const server = await world.must('MCPServer', name, namespace);
    expect(conditionLines(server, 'Ready', 'GatewayReady', 'PolicySynced', 'IngressReady')).toEqual([
      'Ready: True Observed',
      'GatewayReady: True Observed',
      'PolicySynced: True Observed',
      'IngressReady: True Observed',
    ]);
  });
});

describe('a call through the Gateway', () => {
  it('reaches every server', async () => {
    for (const server of ['manuals', 'guests']) await office.answers(server, SUPPORT);
    await office.answers('tickets', SUPPORT, 'missing_session');
  });

  it.each(['modern', 'legacy'] as const)('by the official client of the %s era is answered', async (era) => {
    expect(await office.officialCall('manuals', era, SUPPORT)).toMatchObject({ kind: 'result' });
  });

  it('is answered or denied, and the sentinel has both on record', async () => {
    const trace = randomBytes(16).toString('hex');
    const traced = { traceparent: `00-${trace}-${trace.slice(0, 16)}-01` };
    expect(
      await office.officialCall('tickets', 'modern', { ...inSession('ada-day'), ...traced }),
    ).toMatchObject({
      kind: 'result',
    });
    expect(await office.officialCall('tickets', 'modern', { ...inSession('none'), ...traced })).toMatchObject(
      {
        kind: 'denied',
        denial: { reason: 'session_not_found' },
      },
    );
    // The client of the first asks what the server can do before it calls; the second is refused that.
    const trail = await readTrail(await sentinel(), new Map([[trace, 3]]), 90_000);
    const decisions = finishedOf(trail.ofTrace(trace)).map(
      ({ payload }) => `${payload.tool_name ?? 'no tool'}: ${payload.reason}`,
    );
    expect(decisions).toContain('list_notes: allowed');
    expect(decisions).toContain('no tool: session_not_found');
    expect(trail.problems()).toEqual([]);
  });

  it('over plain http is led to https', async () => {
    expect(await office.redirect('manuals')).toMatch(
      /^https:\/\/mcp\.office\.example\.org(:\d+)?\/manuals\/mcp$/,
    );
  });

  it('of whoever is named by no grant is denied', async () => {
    expect(await office.officialCall('manuals', 'modern', { 'x-mcp-human-id': 'eve' })).not.toMatchObject({
      kind: 'result',
    });
  });
});

describe('a session that was revoked on the command line', () => {
  it('stays revoked when Git is applied again', async () => {
    const night = () => office.call('tickets', inSession('ada-night'));
    expect(await night()).toBe('allowed');
    await office.command(['session', 'revoke', 'ada-night', '--cluster', '-n', TEAM]);
    await until('it is denied', night, (word) => word === 'session_revoked', { everyMs: 20 });
    await flux.reconcile(folder);
    await stays('it is denied', async () => expect(await night()).toBe('session_revoked'), { forMs: 3_000 });
    expect(await office.call('tickets', inSession('ada-day'))).toBe('allowed');
  });
});

/** Callers who must not notice anything, of every server that was there from the beginning. */
const callers = () => [
  () => office.call('manuals', SUPPORT),
  () => office.call('tickets', inSession('ada-day')),
  () => office.call('guests', SUPPORT),
];

const proxyOf = (deployment: KubeObject) =>
  at(byName(items(deployment, 'spec', 'template', 'spec', 'containers'), PROXY_CONTAINER), 'image');

/** Whether pods are being replaced by those with a proxy of this tag. */
function isOnItsWay(deployment: KubeObject, tag: string): boolean {
  const count = (name: string) => Number(at(deployment, 'status', name) ?? 0);
  const wanted = Number(at(deployment, 'spec', 'replicas') ?? 1);
  const isWhole =
    count('observedGeneration') >= (deployment.metadata.generation ?? 0) &&
    [count('updatedReplicas'), count('availableReplicas'), count('replicas')].every(
      (each) => each === wanted,
    );
  return String(proxyOf(deployment)).endsWith(`:${tag}`) && !isWhole;
}

/** The most servers of which pods with a proxy of the tag were on their way at a time, until all have one. */
async function wavesOf(tag: string): Promise<number> {
  let most = 0;
  await until(
    `all proxies are of ${tag}`,
    async () => {
      const all = (await world.list('Deployment')).filter((each) => proxyOf(each) !== undefined);
      most = Math.max(most, all.filter((each) => isOnItsWay(each, tag)).length);
      return all.filter((each) => !String(proxyOf(each)).endsWith(`:${tag}`) || isOnItsWay(each, tag)).length;
    },
    (left) => left === 0,
    { timeoutMs: 400_000, everyMs: 100 },
  );
  return most;
}

describe('while people call,', () => {
  it('servers change and one is added, and no call fails', async () => {
    folder = await office.synth('changed');
    expect(await meanwhile(callers(), () => flux.reconcile(folder))).toEqual([]);
    await office.answers('papers', SUPPORT);
    expect(await office.call('manuals', { 'x-mcp-human-id': 'grace' }, 'add_note')).toBe('allowed');
    expect(await world.get('MCPAccessGrant', 'manuals-guests', TEAM)).toBeUndefined();
  });

  it('the platform is upgraded, its proxies one server after the other, and no call fails', async () => {
    folder = await office.synth('upgraded');
    let most = 0;
    const noticed = await meanwhile(callers(), async () => {
      const rolling = wavesOf('next');
      await flux.reconcile(folder);
      most = await rolling;
      // The last wave is over when every server says so.
      await flux.reconcile(folder);
    });
    expect(noticed).toEqual([]);
    expect(most).toBe(1);
    expect(await office.call('tickets', inSession('ada-night'))).toBe('session_revoked');
  });
});

const chains = () => askSentinel(SENTINEL_PATHS.chains, chainList);

/** What is on record, once nothing is on its way to it. */
async function eventsAtRest(): Promise<number> {
  let before = -1;
  const isAtRest = ({ events, pending }: ChainList) => {
    const isSame = events === before;
    before = events;
    return isSame && pending === 0;
  };
  return (await until('events are at rest', chains, isAtRest, { everyMs: 2_000 })).events;
}

async function backUp(): Promise<string> {
  const { name } = await askSentinel(SENTINEL_PATHS.backups, backupBegun, 'POST');
  await until(
    'the backup is made',
    () => askSentinel(SENTINEL_PATHS.backups, backupList),
    ({ backups }) => backups.some((each) => each.name === name),
  );
  return name;
}

describe('events whose volume was lost', () => {
  it('come back from a backup, and the chains of the proxies go on', async () => {
    const events = await eventsAtRest();
    expect(events).toBeGreaterThan(0);
    const backup = await backUp();
    const statefulSet = ['statefulset/mcp-sentinel', '-n', NAMESPACES.sentinel];
    await world.kubectl(['scale', ...statefulSet, '--replicas=0']);
    await world.kubectl([
      'wait',
      'pod/mcp-sentinel-0',
      '-n',
      NAMESPACES.sentinel,
      '--for=delete',
      '--timeout=90s',
    ]);
    await loseEvents();
    // Nobody notices: what proxies record meanwhile, they keep.
    expect(await office.call('manuals', SUPPORT)).toBe('allowed');
    folder = await office.synth('restored', backup);
    await flux.reconcile(folder);
    const { problems } = await until(
      'what was lost is back, and what was kept is there',
      chains,
      (now) => now.events > events,
    );
    expect(problems).toEqual([]);
    expect(await office.call('manuals', SUPPORT)).toBe('allowed');
  });
});

describe('until its last day,', () => {
  it.each([
    ['operator', NAMESPACES.platform, OPERATOR.serviceAccount],
    ['distributor', NAMESPACES.platform, DISTRIBUTOR.serviceAccount],
    ['sentinel', NAMESPACES.sentinel, 'mcp-sentinel'],
  ])('the %s was refused nothing', async (_name, namespace, account) => {
    expect(await new Account(namespace, account).refused()).toEqual([]);
  });
});

describe('what the documentation says of its end', () => {
  it('leaves nothing of it', async () => {
    await uninstall(folder);
    await nothingIsLeft(before);
  });
});
