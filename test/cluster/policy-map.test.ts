// The policy that a pod finds when it starts: the ConfigMap holds exactly what the objects say, is written for a new
// policy and for nothing else, seldom for what is added and at once for what is taken away. And no policy ever touches a
// pod template.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { describe, expect, it } from '@jest/globals';
import { MCPServer } from '#api/mcp-server.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import { compilePolicy } from '#policy/compile.ts';
import { cluster } from './harness/cluster.ts';
import { eventually, until } from './harness/eventually.ts';
import { aGrant, aServer, aSession, becomes, goes, isObserved, make, phaseOf } from './harness/builders.ts';
import { makeNamespace, namespace } from './harness/namespace.ts';
import { at, items, type KubeObject } from './harness/objects.ts';
import { policyBecomes, policyOf } from './harness/policies.ts';
import { pathOf } from './harness/resources.ts';

const world = cluster();
const ns = namespace('policy');

const TOOLS = [
  { name: 'look', sideEffect: 'read' },
  { name: 'change', sideEffect: 'write', requiredTrust: 'high' },
];
const GOVERNED = { gateway: { enabled: true }, tools: TOOLS };
const READS = { allowedSideEffects: ['read'] };

function keysAt(object: KubeObject, member: string): readonly string[] {
  const found = at(object, member);
  return typeof found === 'object' && found !== null ? Object.keys(found) : [];
}

const mapOf = (server: string) => `${server}-gateway-policy`;
const human = (humanID: string) => ({ ...READS, subject: { humanID } });

/** Writes of a server's ConfigMap, in milliseconds of the epoch. */
const writesOf = (server: string, since: Mark) =>
  world.audit
    .read({ since, namespace: ns, resource: 'configmaps', name: mapOf(server), writes: true })
    .map(({ at: time }) => Date.parse(time));

/** The revision that follows from what the API server holds now. */
async function compiledRevision(name: string): Promise<string> {
  const server = parseResource(MCPServer, await world.must('MCPServer', name, ns));
  if (!server.ok) throw new Error(JSON.stringify(server.error));
  const [grants, sessions] = [
    await world.list('MCPAccessGrant', ns),
    await world.list('MCPAgentSession', ns),
  ];
  const compiled = compilePolicy({
    server: server.value,
    grants,
    sessions,
    tombstones: [],
    config: { ...DEFAULT_OPERATOR_CONFIG, clusterName: 'test' },
    inputs: { servers: '0', grants: '0', sessions: '0', tombstones: '0' },
    epoch: 0,
  });
  return compiled.document.revision;
}

const holds = (server: string, ...grants: readonly string[]) =>
  policyBecomes(ns, server, (contents) => contents.grants, grants.map((name) => `${ns}/${name}`).toSorted());

/** Ends right after a write, when additions have to wait longest. @returns its time */
async function justWritten(server: string): Promise<number> {
  const since = world.audit.mark();
  await make(aGrant(ns, `${server}-now`, server, human('now')));
  return await eventually(`the policy of ${server} is written`, () => writesOf(server, since)[0]);
}

describe('the ConfigMap of a policy', () => {
  it('holds what the objects say, to the last field', async () => {
    await make(
      aServer(ns, 'exact', {
        ...GOVERNED,
        teamID: 'core',
        auth: { mode: 'header', humanIDHeader: 'X-Human' },
      }),
      aGrant(ns, 'exact-a', 'exact', { ...READS, maxTrust: 'medium' }),
      aGrant(ns, 'exact-b', 'exact', {
        toolRules: [
          { name: 'change', decision: 'allow', requiredTrust: 'high', condition: "args.path == 'a'" },
          { name: 'look', decision: 'deny' },
        ],
        subject: { teamID: 'ops' },
      }),
      aSession(ns, 'exact', 'exact', { consentedTrust: 'high' }),
    );
    await holds('exact', 'exact-a', 'exact-b');
    await policyBecomes(ns, 'exact', ({ sessions }) => sessions, [`${ns}/exact`]);
    const revision = await compiledRevision('exact');
    expect((await policyOf(ns, 'exact'))?.revision).toBe(revision);
    await becomes('MCPServer', ns, 'exact', (server) => at(server, 'status', 'policyRevision'), revision);
    const map = await world.must('ConfigMap', mapOf('exact'), ns);
    expect(keysAt(map, 'data')).toEqual(['policy.json']);
    expect(items(map, 'metadata', 'ownerReferences').map((owner) => at(owner, 'name'))).toEqual(['exact']);
  });

  it('is not written again for what changes no policy', async () => {
    await make(
      aServer(ns, 'calm', GOVERNED),
      aGrant(ns, 'calm', 'calm', READS),
      aServer(ns, 'other', GOVERNED),
    );
    await holds('calm', 'calm');
    const since = world.audit.mark();
    const [before] = [await world.must('ConfigMap', mapOf('calm'), ns)];
    await Promise.all([
      world.patch('MCPAccessGrant', 'calm', ns, { metadata: { labels: { reviewed: 'yes' } } }),
      world.patch('MCPAccessGrant', 'calm', ns, { spec: { policyVersion: 'v7' } }),
      world.patch('MCPServer', 'calm', ns, { spec: { description: 'Notes.', replicas: 2 } }),
      make(aGrant(ns, 'elsewhere', 'other', READS)),
    ]);
    await holds('other', 'elsewhere');
    await becomes('Deployment', ns, 'calm', (deployment) => at(deployment, 'spec', 'replicas'), 2);
    // What comes after all of that is written once, and nothing before it was.
    await make(aGrant(ns, 'calm-too', 'calm', human('eve')));
    await holds('calm', 'calm', 'calm-too');
    await until(
      'it was written once',
      () => writesOf('calm', since),
      (times) => times.length === 1,
    );
    expect((await world.must('ConfigMap', mapOf('calm'), ns)).metadata.uid).toBe(before.metadata.uid);
  });

  it('is written seldom while more and more is added', async () => {
    await make(aServer(ns, 'growing', GOVERNED));
    await justWritten('growing');
    const since = world.audit.mark();
    const names = Array.from({ length: 12 }, (_, index) => `growing-${String(index).padStart(2, '0')}`);
    for (const name of names) {
      await make(aGrant(ns, name, 'growing', human(name)));
      await becomes('MCPAccessGrant', ns, name, phaseOf, 'Active');
    }
    await holds('growing', 'growing-now', ...names);
    // As many as there was time for, which on a busy machine is more; never one for each.
    const writes = await until(
      'its writes are on record',
      () => writesOf('growing', since),
      (times) => times.length > 0,
    );
    for (const [index, time] of writes.slice(1).entries())
      expect(time - (writes[index] ?? 0)).toBeGreaterThan(4_000);
  });

  it('that somebody edited is put right', async () => {
    await make(aServer(ns, 'edited', GOVERNED), aGrant(ns, 'edited', 'edited', READS));
    await holds('edited', 'edited');
    const text = at(await world.must('ConfigMap', mapOf('edited'), ns), 'data', 'policy.json');
    await world.patch('ConfigMap', mapOf('edited'), ns, { data: { 'policy.json': '{}' } });
    await becomes('ConfigMap', ns, mapOf('edited'), (map) => at(map, 'data', 'policy.json') !== '{}', true);
    const read = (json: unknown): unknown => JSON.parse(String(json));
    const after = read(at(await world.must('ConfigMap', mapOf('edited'), ns), 'data', 'policy.json'));
    expect(at(after, 'revision')).toBe(at(read(text), 'revision'));
    await world.delete('ConfigMap', mapOf('edited'), ns);
    await holds('edited', 'edited');
  });

  it('is there with the gateway on, and only then', async () => {
    await make(aServer(ns, 'switched', GOVERNED), aGrant(ns, 'switched', 'switched', READS));
    await holds('switched', 'switched');
    await world.patch('MCPServer', 'switched', ns, { spec: { gateway: { enabled: false } } });
    await goes('ConfigMap', ns, mapOf('switched'));
    await world.patch('MCPServer', 'switched', ns, { spec: { gateway: { enabled: true } } });
    await holds('switched', 'switched');
  });
});

/** What takes access away, by the name of the server that it is tried on. */
const DENIALS: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
  revoked: (name) => world.patch('MCPAgentSession', name, ns, { spec: { revoked: true } }),
  'session-gone': (name) => world.delete('MCPAgentSession', name, ns),
  'grant-gone': (name) => world.delete('MCPAccessGrant', name, ns),
  disabled: (name) => world.patch('MCPAccessGrant', name, ns, { spec: { disabled: true } }),
  denied: (name) => make(aGrant(ns, `${name}-no`, name, { toolRules: [{ name: 'look', decision: 'deny' }] })),
};

describe('a policy that was written just now', () => {
  /** Milliseconds between a write of a new server's policy and the next one, for what takes something away. */
  async function pauseBefore(act: (name: string) => Promise<unknown>, name: string): Promise<number> {
    await make(aServer(ns, name, GOVERNED), aGrant(ns, name, name, READS), aSession(ns, name, name));
    await policyBecomes(ns, name, ({ grants, sessions }) => [...grants, ...sessions].length, 2);
    const before = await justWritten(name);
    const since = world.audit.mark();
    await act(name);
    return (await eventually(`the policy of ${name} is written`, () => writesOf(name, since)[0])) - before;
  }

  it.each(Object.entries(DENIALS))(
    'is written again at once for what takes something away: %s',
    async (kind, act) => {
      // A busy machine may need as long as the pause is that additions make; not three times in a row.
      let shortest = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 3 && shortest >= 4_000; attempt += 1)
        shortest = Math.min(shortest, await pauseBefore(act, `${kind}-${attempt}`));
      // Additions wait for five seconds, counted from the beginning of the second of the write.
      expect(shortest).toBeLessThan(4_000);
    },
  );
});

describe('a large policy', () => {
  it('is compressed, whole, and plain again when it has shrunk', async () => {
    const large = `${ns}-large`;
    await makeNamespace(large);
    const condition = `args.path.startsWith('${'x'.repeat(200)}')`;
    const tools = Array.from({ length: 6 }, (_, index) => ({ name: `tool-${index}`, sideEffect: 'read' }));
    const toolRules = tools.map(({ name }) => ({ name, decision: 'allow', condition }));
    await make(aServer(large, 'big', { ...GOVERNED, tools }));
    const grants = Array.from({ length: 200 }, (_, index) =>
      aGrant(
        large,
        `big-${index}`,
        'big',
        { ...human(`h-${index}`), toolRules },
        { labels: { one: 'of-many' } },
      ),
    );
    await make(...grants);
    await policyBecomes(large, 'big', ({ grants: found }) => found.length, 200);
    const map = await world.must('ConfigMap', mapOf('big'), large);
    expect(keysAt(map, 'binaryData')).toEqual(['policy.json.gz']);
    expect(at(map, 'data')).toBeUndefined();
    const packed = String(at(map, 'binaryData', 'policy.json.gz')).length;
    expect(packed).toBeLessThan(JSON.stringify(grants).length / 4);

    const all = `${pathOf('MCPAccessGrant', large)}?labelSelector=one%3Dof-many`;
    expect((await world.send(all, { method: 'DELETE' })).status).toBe(200);
    await policyBecomes(large, 'big', ({ grants: found }) => found, []);
    const shrunk = await world.must('ConfigMap', mapOf('big'), large);
    expect(at(shrunk, 'binaryData')).toBeUndefined();
    expect(keysAt(shrunk, 'data')).toEqual(['policy.json']);
    await world.delete('Namespace', large);
  });
});

describe('the pods of a server', () => {
  it('stay as they are, whatever becomes of grants and sessions', async () => {
    await make(aServer(ns, 'steady', GOVERNED), aGrant(ns, 'steady', 'steady', READS));
    await holds('steady', 'steady');
    const shape = (deployment: KubeObject) => [
      deployment.metadata.uid,
      deployment.metadata.generation,
      at(deployment, 'spec', 'template'),
    ];
    // The policy is written first, the Deployment a moment later, and its ReplicaSet by somebody else.
    const before = shape(await becomes('Deployment', ns, 'steady', isObserved, true));
    await make(
      ...Array.from({ length: 20 }, (_, index) => aSession(ns, `steady-${index}`, 'steady')),
      aGrant(ns, 'steady-deny', 'steady', { toolRules: [{ name: 'change', decision: 'deny' }] }),
    );
    await world.patch('MCPAgentSession', 'steady-3', ns, { spec: { revoked: true } });
    await world.patch('MCPAccessGrant', 'steady', ns, { spec: { maxTrust: 'high' } });
    await world.delete('MCPAgentSession', 'steady-4', ns);
    await world.patch('MCPServer', 'steady', ns, {
      spec: { policy: { mode: 'observe' }, tools: [...TOOLS, { name: 'drop', sideEffect: 'destructive' }] },
    });
    await policyBecomes(
      ns,
      'steady',
      ({ document, sessions, revoked }) => [
        document.policy.mode,
        document.tools.length,
        sessions.length,
        revoked,
      ],
      ['observe', 3, 19, [`${ns}/steady-3`]],
    );
    expect(shape(await world.must('Deployment', 'steady', ns))).toEqual(before);
    const replicaSets = await world.list('ReplicaSet', ns, 'app=steady');
    expect(replicaSets).toHaveLength(1);
  });
});
