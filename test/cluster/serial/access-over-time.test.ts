// What grants, sessions and canaries must survive that nobody chose: an operator that is away, and definitions that were
// laxer once, so that objects are stored which nobody could make today.
import { afterAll, describe, expect, it } from '@jest/globals';
import { isLogged } from '../harness/calm.ts';
import { cluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import {
  aGrant,
  aServer,
  aSession,
  becomes,
  conditionLines,
  make,
  messageOf,
  phaseOf,
} from '../harness/builders.ts';
import { namespace } from '../harness/namespace.ts';
import { at, conditionLine, conditionOf, items, type KubeObject } from '../harness/objects.ts';
import { policyBecomes, policyOf } from '../harness/policies.ts';

const world = cluster();
const ns = namespace('over-time');

const TOOLS = [
  { name: 'look', sideEffect: 'read' },
  { name: 'change', sideEffect: 'write' },
];
const GOVERNED = { gateway: { enabled: true }, tools: TOOLS };
const READS = { allowedSideEffects: ['read'] };

const inSeconds = (seconds: number) =>
  new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

afterAll(async () => {
  await world.operators.reset();
});

const GRANTS = 'mcpaccessgrants.mcpruntime.org';

/** Has the API server take any grant while `act` runs, as one of an earlier version might have. */
async function withLaxGrants(act: () => Promise<void>): Promise<void> {
  const before = await world.must('CustomResourceDefinition', GRANTS);
  const at0 = '/spec/versions/0/schema/openAPIV3Schema/properties/spec';
  const strict = at(before, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'spec');
  const lax = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const set = (value: unknown) =>
    world.patch('CustomResourceDefinition', GRANTS, undefined, [{ op: 'replace', path: at0, value }], {
      type: 'json',
    });
  await set(lax);
  try {
    await act();
  } finally {
    await set(strict);
    // In force once what is wrong is refused again.
    const wrong = aGrant(ns, 'probe', 'mixed', { maxTrust: 'absolute' });
    await eventually('the definition is strict again', async () => {
      return (await world.create(wrong, { query: '?dryRun=All' })).status === 422;
    });
  }
}

describe('a grant that nobody can carry out', () => {
  it('says so, keeps its denies, and harms no other', async () => {
    await make(
      aServer(ns, 'mixed', GOVERNED),
      aGrant(ns, 'good', 'mixed', { ...READS, subject: { humanID: 'eve' } }),
    );
    await becomes('MCPAccessGrant', ns, 'good', phaseOf, 'Active');
    const allow = { name: 'look', decision: 'allow' };
    const deny = { name: 'change', decision: 'deny' };
    await withLaxGrants(async () => {
      const toolRules = [allow, deny];
      for (const object of [
        aGrant(ns, 'bad-trust', 'mixed', { ...READS, maxTrust: 'absolute', toolRules }),
        aGrant(ns, 'bad-subject', 'mixed', { subject: 'everybody', toolRules: [deny] }),
      ])
        await eventually(`${object.metadata.name} is taken`, async () => {
          return (await world.create(object)).status === 201;
        });
      // The strict definition has rules about members of a subject that is none, and refuses even its status.
      await becomes('MCPAccessGrant', ns, 'bad-subject', phaseOf, 'Invalid');
    });
    for (const [name, path] of [
      ['bad-trust', 'spec.maxTrust'],
      ['bad-subject', 'spec.subject'],
    ] as const) {
      const grant = await becomes('MCPAccessGrant', ns, name, phaseOf, 'Invalid');
      expect(conditionLines(grant, 'Ready', 'Stalled', 'Bound', 'Active')).toEqual([
        'Ready: False InvalidSpec',
        'Stalled: True InvalidSpec',
        'Bound: True Observed',
        'Active: False InvalidSpec',
      ]);
      expect(messageOf(grant, 'Active')).toContain(path);
    }
    expect(phaseOf(await world.must('MCPAccessGrant', 'good', ns))).toBe('Active');
    await policyBecomes(ns, 'mixed', ({ grants }) => grants, [
      `${ns}/bad-subject`,
      `${ns}/bad-trust`,
      `${ns}/good`,
    ]);
    const document = await policyOf(ns, 'mixed');
    const ada = document?.subjects.find(({ subject }) => subject.human === 'ada');
    expect(ada?.covers).toEqual([]);
    expect(
      ada?.rules.map(({ tool, allow: allows, deny: denies }) => [tool, allows.length, denies.length]),
    ).toEqual([['change', 0, 1]]);
    // Nobody can tell whom it means, so it holds for everybody.
    expect(document?.deniedToAll).toEqual([
      { tool: 'change', grant: { namespace: ns, name: 'bad-subject' } },
    ]);
    const eve = document?.subjects.find(({ subject }) => subject.human === 'eve');
    expect(eve?.covers).toHaveLength(1);

    // What is wrong can be put right, or taken away.
    await world.patch('MCPAccessGrant', 'bad-trust', ns, { spec: { maxTrust: 'low' } });
    await becomes('MCPAccessGrant', ns, 'bad-trust', phaseOf, 'Active');
    await world.delete('MCPAccessGrant', 'bad-subject', ns);
    await policyBecomes(ns, 'mixed', ({ document: { deniedToAll } }) => deniedToAll, []);
  });
});

describe('an operator that was away', () => {
  it('finds what was revoked, has ended or was promoted as it was left, and writes only what is new', async () => {
    const canary = { replicas: 3, rollout: { strategy: 'Canary', canaryReplicas: 1 } };
    const later = aSession(ns, 'later', 'kept');
    await make(
      aServer(ns, 'kept', { ...GOVERNED, ...canary }),
      aGrant(ns, 'kept', 'kept', READS),
      aSession(ns, 'kept', 'kept'),
      aSession(ns, 'ending', 'kept', { expiresAt: inSeconds(60) }),
      aSession(ns, 'revoked-before', 'kept'),
      later,
    );
    await Promise.all(
      ['kept', 'ending', 'revoked-before', 'later'].map((name) =>
        becomes('MCPAgentSession', ns, name, phaseOf, 'Active'),
      ),
    );
    await world.patch('MCPAgentSession', 'revoked-before', ns, { spec: { revoked: true } });
    await becomes('MCPAgentSession', ns, 'revoked-before', phaseOf, 'Revoked');
    await world.patch('MCPServer', 'kept', ns, { spec: { image: 'registry.example.org/kept:2.0.0' } });
    const phase = (server: KubeObject) => [
      phaseOf(server) !== 'behind',
      at(server, 'status', 'rollout', 'phase'),
    ];
    await becomes('MCPServer', ns, 'kept', phase, [true, 'Progressing']);
    await becomes(
      'MCPServer',
      ns,
      'kept',
      (server) => conditionLine(server, 'CanaryReady'),
      'True CanaryWaiting',
    );
    const uids = [
      (await world.must('Deployment', 'kept', ns)).metadata.generation,
      (await world.must('Deployment', 'kept-canary', ns)).metadata.generation,
      (await world.list('ControllerRevision', ns, 'app=kept')).map(({ metadata }) => metadata.uid),
    ];

    await world.operators.stopAll();
    const since = world.audit.mark();
    await world.patch('MCPAgentSession', 'later', ns, { spec: { revoked: true } });
    const ending = await world.must('MCPAgentSession', 'ending', ns);
    await world.operators.reset();

    await becomes('MCPAgentSession', ns, 'later', phaseOf, 'Revoked');
    await becomes('MCPAgentSession', ns, 'ending', phaseOf, 'Expired', { timeoutMs: 120_000 });
    const endedAt = Date.parse(String(at(ending, 'status', 'expiresAt')));
    const ended = await world.must('MCPAgentSession', 'ending', ns);
    const said = Date.parse(conditionOf(ended, 'Active')?.lastTransitionTime ?? '');
    expect(said).toBeGreaterThanOrEqual(endedAt);
    await policyBecomes(ns, 'kept', ({ revoked }) => revoked, [`${ns}/later`, `${ns}/revoked-before`]);

    expect([
      (await world.must('Deployment', 'kept', ns)).metadata.generation,
      (await world.must('Deployment', 'kept-canary', ns)).metadata.generation,
      (await world.list('ControllerRevision', ns, 'app=kept')).map(({ metadata }) => metadata.uid),
    ]).toEqual(uids);
    const server = await world.must('MCPServer', 'kept', ns);
    expect(at(server, 'status', 'rollout', 'phase')).toBe('Progressing');
    const written = () =>
      world.audit
        .read({ since, namespace: ns, user: world.operatorUser, writes: true })
        .filter(({ resource }) => resource !== 'events')
        .map(({ resource, name, subresource }) => [resource, name, subresource].filter(Boolean).join(' '));
    // Two sessions ended, one of them went on record, and the policy says so; of the rest nothing was new.
    await isLogged('what is new', () => [...new Set(written())].toSorted(), [
      'configmaps kept-gateway-policy',
      'configmaps mcp-runtime-tombstones',
      'mcpagentsessions ending status',
      'mcpagentsessions later status',
      'mcpservers kept status',
    ]);

    // The template that was promoted is known still: what comes after it goes to the canary alone.
    await world.patch('MCPServer', 'kept', ns, { spec: { image: 'registry.example.org/kept:3.0.0' } });
    const images = (deployment: KubeObject) =>
      items(deployment, 'spec', 'template', 'spec', 'containers').map((each) => at(each, 'image'))[0];
    await becomes('Deployment', ns, 'kept-canary', images, 'registry.example.org/kept:3.0.0');
    expect(images(await world.must('Deployment', 'kept', ns))).toBe('registry.example.org/kept:1.0.0');
  });

  it('holds against a session that was revoked and made anew meanwhile', async () => {
    const inGit = aSession(ns, 'anew', 'absent');
    await make(inGit, aServer(ns, 'absent', GOVERNED));
    await becomes('MCPAgentSession', ns, 'anew', phaseOf, 'Active');
    await world.patch('MCPAgentSession', 'anew', ns, { spec: { revoked: true } });
    await becomes('MCPAgentSession', ns, 'anew', phaseOf, 'Revoked');
    await world.operators.stopAll();
    await world.delete('MCPAgentSession', 'anew', ns);
    await make(inGit);
    await world.operators.reset();
    const session = await becomes('MCPAgentSession', ns, 'anew', phaseOf, 'Revoked');
    expect(conditionLine(session, 'Active')).toBe('False RevokedBefore');
    await policyBecomes(ns, 'absent', ({ revoked }) => revoked, [`${ns}/anew`]);
  });
});
