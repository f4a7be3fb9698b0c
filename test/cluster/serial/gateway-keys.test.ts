// The keys that the proxies of a server share, in a Secret of its own: there before its pods, the same for as long as
// they are good, and never a reason to replace a pod.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayKeys, type GatewayKeys } from '#api/gateway-keys.ts';
import { FIELD_MANAGERS } from '#api/names.ts';
import { aServer, becomes, goes, make, messageOf } from '../harness/builders.ts';
import { cluster } from '../harness/cluster.ts';
import { COLLECTED, eventually, until } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at, conditionLine, items, type KubeObject } from '../harness/objects.ts';
import { eventsOf } from '../harness/serving.ts';
import { isSettled, LONG, twoReady, works } from './replicas.ts';

const world = cluster();
const ns = namespace('keys');
const GOVERNED = { gateway: { enabled: true }, replicas: 2 };
const DAY_MS = 86_400_000;

const secretOf = (server: string) => `${server}-gateway-keys`;

/** Every secret that was seen, so that the end can look for them in logs and events. */
const seen = new Set<string>();

function read(secret: KubeObject): GatewayKeys {
  const text = Buffer.from(String(at(secret, 'data', 'keys.json')), 'base64').toString();
  const json: unknown = JSON.parse(text);
  const keys = gatewayKeys.parse(json);
  for (const { secret: value } of keys.keys) seen.add(value);
  return keys;
}

const keysOf = async (server: string) => read(await world.must('Secret', secretOf(server), ns));
const idsOf = ({ keys }: GatewayKeys) => keys.map(({ id }) => id);
const settled = (name: string) => eventually(`${name} is settled`, () => isSettled(ns, name), LONG);

/** Writes into the Secret as somebody. */
async function write(server: string, text: string, manager: string): Promise<void> {
  const data = { 'keys.json': Buffer.from(text).toString('base64') };
  await world.patch('Secret', secretOf(server), ns, { data }, { manager });
}

/** What must stay of the pods of a server. */
async function podsOf(server: string): Promise<unknown> {
  const deployment = await world.must('Deployment', server, ns);
  const pods = await world.list('Pod', ns, `app=${server}`);
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const uids = staying.map(({ metadata }) => metadata.uid).toSorted();
  return [deployment.metadata.generation, at(deployment, 'spec', 'template'), uids];
}

/** An operator that starts looks at all keys; one that runs looks now and then. */
async function lookedAgain(): Promise<void> {
  await world.operators.restartAll();
  await twoReady();
}

beforeAll(async () => {
  await twoReady();
  await make(aServer(ns, 'shared', GOVERNED));
  await settled('shared');
});

afterAll(async () => {
  await world.operators.reset();
});

describe('the keys of a server', () => {
  it('are made before its pods, and are its own', async () => {
    const secret = await world.must('Secret', secretOf('shared'), ns);
    expect(at(secret, 'type')).toBe('Opaque');
    expect(at(secret, 'data')).toEqual({ 'keys.json': expect.any(String) });
    expect(read(secret).keys).toHaveLength(1);
    const server = await world.must('MCPServer', 'shared', ns);
    expect(secret.metadata.ownerReferences).toMatchObject([{ kind: 'MCPServer', uid: server.metadata.uid }]);
    const writes = world.audit
      .read({ user: world.operatorUser, namespace: ns, writes: true })
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ resource, name }) => `${resource} ${name ?? ''}`);
    const place = (write: string) => writes.findIndex((each) => each.startsWith(write));
    expect(place('secrets')).toBeGreaterThan(-1);
    expect(place('secrets')).toBeLessThan(place('deployments shared'));
    const mounting = items(
      await world.must('Deployment', 'shared', ns),
      'spec',
      'template',
      'spec',
      'containers',
    )
      .filter((each) => items(each, 'volumeMounts').some((mount) => at(mount, 'name') === 'gateway-keys'))
      .map((each) => at(each, 'name'));
    expect(mounting).toEqual(['mcp-gateway']);
  });

  it('stay, whatever becomes of the server and of the operator', async () => {
    const before = await world.must('Secret', secretOf('shared'), ns);
    await works(ns, 'shared');
    await settled('shared');
    await lookedAgain();
    await works(ns, 'shared');
    const after = await world.must('Secret', secretOf('shared'), ns);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('get a successor when they are old, without a change of any pod', async () => {
    await settled('shared');
    const { keys } = await keysOf('shared');
    const madeAt = new Date(Date.now() - 31 * DAY_MS).toISOString();
    const old = { schemaVersion: 1, keys: keys.map((key) => ({ ...key, madeAt })) };
    await write('shared', JSON.stringify(old), FIELD_MANAGERS.operator);
    const pods = await podsOf('shared');
    await lookedAgain();
    const two = await until(
      'there are two',
      () => keysOf('shared'),
      (now) => now.keys.length === 2,
    );
    expect(two.keys[0]).toEqual(old.keys[0]);
    await eventually('it is told', async () =>
      (await eventsOf(ns, 'shared')).some((each) =>
        /^Normal Updated: .*Secret shared-gateway-keys/.test(each),
      ),
    );
    await settled('shared');
    expect(await podsOf('shared')).toEqual(pods);
  });

  it.each([
    ['can not be read', '{"schemaVersion":1,"keys":[]}', FIELD_MANAGERS.operator],
    ['were written by somebody else', '', 'somebody'],
  ])('are others where they %s, which is told', async (_what, text, manager) => {
    const former = await keysOf('shared');
    const told = async () =>
      (await eventsOf(ns, 'shared')).filter((each) =>
        each.startsWith('Warning KeysReplaced: Secret shared-'),
      );
    const before = (await told()).length;
    const known = {
      ...former,
      keys: former.keys.map((key) => ({ ...key, madeAt: new Date().toISOString() })),
    };
    await write('shared', text === '' ? JSON.stringify(known) : text, manager);
    const pods = await podsOf('shared');
    await lookedAgain();
    const now = await eventually('they are others', async () => {
      const ids = idsOf(await keysOf('shared'));
      return ids.length === 1 && ids.every((id) => !idsOf(former).includes(id)) && ids;
    });
    await eventually('it is told', async () => (await told()).length > before);
    expect(await podsOf('shared')).toEqual(pods);
    expect(now).toEqual(idsOf(await keysOf('shared')));
  });

  it('come back where somebody deleted them', async () => {
    await world.delete('Secret', secretOf('shared'), ns);
    await lookedAgain();
    await eventually('they are there again', () => world.get('Secret', secretOf('shared'), ns));
    expect((await keysOf('shared')).keys).toHaveLength(1);
  });

  it('go with the gateway, and are others when it is on again', async () => {
    const former = idsOf(await keysOf('shared'));
    await world.patch('MCPServer', 'shared', ns, { spec: { gateway: { enabled: false } } });
    await goes('Secret', ns, secretOf('shared'));
    await goes('ConfigMap', ns, 'shared-gateway-policy');
    await world.patch('MCPServer', 'shared', ns, { spec: { gateway: { enabled: true } } });
    await eventually('there are keys', () => world.get('Secret', secretOf('shared'), ns));
    expect(idsOf(await keysOf('shared'))).not.toEqual(former);
    await settled('shared');
  });

  it('of a server that was made anew are its own', async () => {
    await world.delete('MCPServer', 'shared', ns);
    await make(aServer(ns, 'shared', GOVERNED));
    await settled('shared');
    const { uid } = (await world.must('MCPServer', 'shared', ns)).metadata;
    await becomes('Secret', ns, secretOf('shared'), owners, [uid], COLLECTED);
  });

  it('go with the server', async () => {
    await world.delete('MCPServer', 'shared', ns);
    await goes('Secret', ns, secretOf('shared'), COLLECTED);
  });
});

const owners = ({ metadata }: KubeObject) => metadata.ownerReferences?.map(({ uid }) => uid);

describe('a Secret of that name that is somebody else’s', () => {
  it('is left alone; the server says so, and runs once it is gone', async () => {
    const metadata = { name: secretOf('taken'), namespace: ns };
    const theirs = { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: 'aGlkZGVu' } };
    await make(theirs, aServer(ns, 'taken', GOVERNED));
    const server = await becomes(
      'MCPServer',
      ns,
      'taken',
      (now) => conditionLine(now, 'Ready'),
      'False ApplyFailed',
    );
    expect(messageOf(server, 'Ready')).toContain(`Secret ${secretOf('taken')} could not be applied`);
    expect(await world.get('Deployment', 'taken', ns)).toBeUndefined();
    expect(at(await world.must('Secret', secretOf('taken'), ns), 'data')).toEqual(theirs.data);
    await world.delete('Secret', secretOf('taken'), ns);
    await settled('taken');
    await keysOf('taken');
  });
});

describe('what was said meanwhile', () => {
  it('holds no key', async () => {
    expect(seen.size).toBeGreaterThan(3);
    const events = await world.list('Event', ns);
    const logs = await Promise.all([0, 1].map((index) => world.operators.log(index)));
    const said = [JSON.stringify(events), ...logs].join('\n');
    expect(said).toContain('The keys of a server were spoilt.');
    expect([...seen].filter((secret) => said.includes(secret))).toEqual([]);
  });
});
