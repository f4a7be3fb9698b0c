// Grants and sessions on the API server: what their own status says at each turn of their life, and what the policy of
// their server says meanwhile. Each test has a server of its own.
import { describe, expect, it } from '@jest/globals';
import { cluster } from './harness/cluster.ts';
import { COLLECTED } from './harness/eventually.ts';
import {
  aGrant,
  aServer,
  aSession,
  becomes,
  conditionLines,
  goes,
  make,
  messageOf,
  phaseOf,
} from './harness/builders.ts';
import { namespace } from './harness/namespace.ts';
import { at, type KubeObject } from './harness/objects.ts';
import { policyBecomes, policyOf } from './harness/policies.ts';

const world = cluster();
const here = namespace('access');
const there = namespace('access-there');

const TOOLS = [
  { name: 'look', sideEffect: 'read' },
  { name: 'change', sideEffect: 'write' },
];
const GOVERNED = { gateway: { enabled: true }, tools: TOOLS };
const READS = { allowedSideEffects: ['read'] };

const grantIs = (name: string, phase: string, where = here) =>
  becomes('MCPAccessGrant', where, name, phaseOf, phase);
const sessionIs = (name: string, phase: string, where = here) =>
  becomes('MCPAgentSession', where, name, phaseOf, phase);

const inSeconds = (seconds: number) =>
  new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

/** All that a grant or session states of itself, in a line each. */
const allOf = (object: KubeObject) =>
  conditionLines(object, 'Ready', 'Reconciling', 'Stalled', 'Bound', 'Active');

describe('a grant and a session', () => {
  it('say that they are in force, and for which server', async () => {
    await make(
      aServer(here, 'notes', GOVERNED),
      aGrant(here, 'notes', 'notes', READS),
      aSession(here, 'notes', 'notes', { expiresAt: inSeconds(3600) }),
    );
    const [grant, session] = [await grantIs('notes', 'Active'), await sessionIs('notes', 'Active')];
    for (const object of [grant, session]) {
      expect(allOf(object)).toEqual([
        'Ready: True Observed',
        'Reconciling: False Observed',
        'Stalled: False Observed',
        'Bound: True Observed',
        'Active: True Observed',
      ]);
      expect(at(object, 'status', 'boundServer')).toBe(`${here}/notes`);
    }
    expect(messageOf(session, 'Active')).toContain(`It ends at ${String(at(session, 'spec', 'expiresAt'))}`);
    const resources = ['mcpaccessgrant/notes', 'mcpagentsession/notes'];
    const { stdout } = await world.kubectl([
      ...['wait', '-n', here, '--for=condition=Ready', '--timeout=60s'],
      ...resources,
    ]);
    expect(stdout.split('\n').filter((line) => line.endsWith('condition met'))).toHaveLength(2);
    const listed = await world.kubectl(['get', '-n', here, 'mcpaccessgrant/notes']);
    expect(listed.stdout).toMatch(/notes +notes +ada .*Active/);
  });

  it('wait for a server that is not there, and follow it as it comes, goes and comes back', async () => {
    await make(aGrant(here, 'early', 'late', READS), aSession(here, 'early', 'late'));
    for (const object of [await grantIs('early', 'Unbound'), await sessionIs('early', 'Unbound')]) {
      expect(allOf(object)).toEqual([
        'Ready: False ServerNotFound',
        'Reconciling: False ServerNotFound',
        'Stalled: True ServerNotFound',
        'Bound: False ServerNotFound',
        'Active: False ServerNotFound',
      ]);
      expect(messageOf(object, 'Bound')).toContain(`There is no MCPServer ${here}/late`);
      expect(at(object, 'status', 'boundServer')).toBeUndefined();
    }
    for (let round = 0; round < 2; round += 1) {
      await make(aServer(here, 'late', GOVERNED));
      await Promise.all([grantIs('early', 'Active'), sessionIs('early', 'Active')]);
      await policyBecomes(here, 'late', ({ grants, sessions }) => [grants, sessions], [
        [`${here}/early`],
        [`${here}/early`],
      ]);
      await world.delete('MCPServer', 'late', here);
      await Promise.all([grantIs('early', 'Unbound'), sessionIs('early', 'Unbound')]);
      await goes('ConfigMap', here, 'late-gateway-policy', COLLECTED);
    }
  });

  it('of another namespace count where the server opens itself to that namespace', async () => {
    const serverRef = { name: 'open', namespace: here };
    await make(
      aServer(here, 'open', GOVERNED),
      aGrant(there, 'guest', '', { serverRef, ...READS, subject: { humanID: 'eve' } }),
      aSession(there, 'guest', '', { serverRef }),
      // A name that a grant of the server's own namespace has too is not the same one.
      aGrant(here, 'guest', 'open', READS),
    );
    await grantIs('guest', 'Active');
    // The operator may hear of them before it hears of the server, so they may be unbound for that first.
    for (const kind of ['MCPAccessGrant', 'MCPAgentSession'] as const) {
      const object = await becomes(kind, there, 'guest', (it) => conditionLines(it, 'Bound', 'Active'), [
        'Bound: False NamespaceNotAdmitted',
        'Active: False NamespaceNotAdmitted',
      ]);
      expect(phaseOf(object)).toBe('Unbound');
      expect(messageOf(object, 'Bound')).toContain(`Add ${there} to its spec.access.fromNamespaces`);
    }
    await policyBecomes(here, 'open', ({ grants, sessions }) => [grants, sessions], [[`${here}/guest`], []]);

    await world.patch('MCPServer', 'open', here, { spec: { access: { fromNamespaces: [there] } } });
    await Promise.all([grantIs('guest', 'Active', there), sessionIs('guest', 'Active', there)]);
    await policyBecomes(here, 'open', ({ grants, sessions }) => [grants, sessions], [
      [`${here}/guest`, `${there}/guest`].toSorted(),
      [`${there}/guest`],
    ]);

    await world.patch('MCPServer', 'open', here, { spec: { access: null } });
    await Promise.all([grantIs('guest', 'Unbound', there), sessionIs('guest', 'Unbound', there)]);
    await policyBecomes(here, 'open', ({ grants, sessions }) => [grants, sessions], [[`${here}/guest`], []]);
  });

  it('are gone from the policy when they are deleted', async () => {
    await make(
      aServer(here, 'brief', GOVERNED),
      aGrant(here, 'brief-stays', 'brief', { ...READS, subject: { teamID: 'eve' } }),
      aGrant(here, 'brief', 'brief', READS),
      aSession(here, 'brief', 'brief'),
    );
    const both = [`${here}/brief`, `${here}/brief-stays`];
    await policyBecomes(here, 'brief', ({ grants, sessions }) => [grants, sessions], [
      both,
      [`${here}/brief`],
    ]);
    await world.kubectl(['delete', '-n', here, 'mcpaccessgrant/brief', 'mcpagentsession/brief']);
    await policyBecomes(here, 'brief', ({ grants, sessions }) => [grants, sessions], [
      [`${here}/brief-stays`],
      [],
    ]);
    expect((await policyOf(here, 'brief'))?.subjects.map(({ subject }) => subject)).toEqual([
      { team: 'eve' },
    ]);
  });
});

describe('a grant', () => {
  it('that is disabled is no fault, and counts again when it is enabled', async () => {
    await make(aServer(here, 'switched', GOVERNED), aGrant(here, 'switched', 'switched', READS));
    await grantIs('switched', 'Active');
    await world.patch('MCPAccessGrant', 'switched', here, { spec: { disabled: true } });
    expect(allOf(await grantIs('switched', 'Disabled'))).toEqual([
      'Ready: True Disabled',
      'Reconciling: False Disabled',
      'Stalled: False Disabled',
      'Bound: True Observed',
      'Active: False Disabled',
    ]);
    await policyBecomes(here, 'switched', ({ grants }) => grants, []);
    await world.patch('MCPAccessGrant', 'switched', here, { spec: { disabled: null } });
    await grantIs('switched', 'Active');
    await policyBecomes(here, 'switched', ({ grants }) => grants, [`${here}/switched`]);
  });

  it('that moves to another server leaves the policy of the first', async () => {
    await make(
      aServer(here, 'first', GOVERNED),
      aServer(here, 'second', GOVERNED),
      aGrant(here, 'moving', 'first', READS),
    );
    await policyBecomes(here, 'first', ({ grants }) => grants, [`${here}/moving`]);
    await world.patch('MCPAccessGrant', 'moving', here, { spec: { serverRef: { name: 'second' } } });
    await policyBecomes(here, 'first', ({ grants }) => grants, []);
    await policyBecomes(here, 'second', ({ grants }) => grants, [`${here}/moving`]);
    expect(at(await grantIs('moving', 'Active'), 'status', 'boundServer')).toBe(`${here}/second`);
  });

  it('with parts that nobody can use says which, and harms no other', async () => {
    const toolRules = [
      { name: 'look', decision: 'allow', condition: 'args.path.startsWith(' },
      { name: 'change', decision: 'deny', condition: 'nonsense(args)' },
      { name: 'gone', decision: 'allow' },
    ];
    await make(
      aServer(here, 'mixed', GOVERNED),
      aGrant(here, 'good', 'mixed', { ...READS, subject: { humanID: 'eve' } }),
      aGrant(here, 'odd', 'mixed', { ...READS, toolRules }),
    );
    const odd = messageOf(await grantIs('odd', 'Active'), 'Active');
    expect(odd).toContain('spec.toolRules[0].condition: cannot be used');
    expect(odd).toContain('spec.toolRules[1].condition: cannot be used');
    expect(odd).toContain("spec.toolRules[2].name: mixed declares no tool 'gone'");
    expect(messageOf(await grantIs('good', 'Active'), 'Active')).toBe(
      `In force for callers of ${here}/mixed.`,
    );

    await policyBecomes(here, 'mixed', ({ grants }) => grants, [`${here}/good`, `${here}/odd`]);
    const subjects = (await policyOf(here, 'mixed'))?.subjects ?? [];
    const eve = subjects.find(({ subject }) => subject.human === 'eve');
    await world.delete('MCPAccessGrant', 'odd', here);
    await policyBecomes(here, 'mixed', ({ grants }) => grants, [`${here}/good`]);
    expect((await policyOf(here, 'mixed'))?.subjects).toEqual([eve]);
  });
});

describe('the status of grants and sessions', () => {
  it('is written once for a state, however often its server changes', async () => {
    await make(
      aServer(here, 'busy', GOVERNED),
      aGrant(here, 'calm', 'busy', READS),
      aSession(here, 'calm', 'busy'),
    );
    const before = [await grantIs('calm', 'Active'), await sessionIs('calm', 'Active')];
    for (const port of [8201, 8202, 8203]) {
      await world.patch('MCPServer', 'busy', here, { spec: { port } });
    }
    await make(aGrant(here, 'calm-too', 'busy', { ...READS, subject: { humanID: 'eve' } }));
    await grantIs('calm-too', 'Active');
    await policyBecomes(here, 'busy', ({ grants }) => grants, [`${here}/calm`, `${here}/calm-too`]);
    const after = [
      await world.must('MCPAccessGrant', 'calm', here),
      await world.must('MCPAgentSession', 'calm', here),
    ];
    expect(after.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
  });
});
