import { describe, expect, it } from '@jest/globals';
import { MCPAccessGrant } from '#api/mcp-access-grant.ts';
import { decide } from '#policy/decide.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { KubeError } from '#runtime/kube/kube.ts';
import { aCall, aGrant, NOW_MS } from '#test/policy/build.ts';
import { conditionOf, Installation, rawServer } from './build.ts';

async function reported(grant: object, server: object = rawServer()) {
  const place = new Installation();
  place.cluster.put(server);
  const { metadata } = place.cluster.put(grant);
  expect(await place.grant(metadata.name, metadata.namespace)).toEqual({ kind: 'done' });
  const object = place.theGrant(metadata.name, metadata.namespace);
  const status = MCPAccessGrant.status.parse(object?.['status']);
  const of = (type: string) => {
    const condition = conditionOf(object, type);
    return condition && `${condition.status} ${condition.reason}`;
  };
  return { place, status, of, object };
}

/** What kstatus makes of an object, and Argo CD and Flux with it. */
function kstatus(of: (type: string) => string | undefined): string {
  if (of('Stalled')?.startsWith('True') === true) return 'Failed';
  if (of('Reconciling')?.startsWith('True') === true) return 'InProgress';
  return of('Ready')?.startsWith('True') === true ? 'Current' : 'InProgress';
}

describe('the status of a grant', () => {
  it('says that it is in force, for which server and since when', async () => {
    const { status, of, object } = await reported(aGrant());
    expect(status).toMatchObject({
      observedGeneration: 1,
      phase: 'Active',
      boundServer: 'team-a/notes',
      message: 'In force for callers of team-a/notes.',
    });
    expect([of('Ready'), of('Bound'), of('Active')]).toEqual([
      'True Observed',
      'True Observed',
      'True Observed',
    ]);
    expect(kstatus(of)).toBe('Current');
    expect(conditionOf(object, 'Active')).toMatchObject({
      lastTransitionTime: '2026-01-01T12:00:00Z',
      observedGeneration: 1,
    });
  });

  it('says that it is switched off, which is no fault', async () => {
    const { status, of } = await reported(aGrant({ disabled: true }));
    expect(status.phase).toBe('Disabled');
    expect([of('Active'), of('Ready'), kstatus(of)]).toEqual(['False Disabled', 'True Disabled', 'Current']);
  });

  it('names every field that is wrong, and stalls', async () => {
    const grant = { ...aGrant(), spec: { serverRef: { name: 'notes' }, maxTrust: 'enormous', subject: 7 } };
    const { status, of } = await reported(grant);
    expect(status).toMatchObject({ phase: 'Invalid', boundServer: 'team-a/notes' });
    expect(status.message).toContain('spec.maxTrust');
    expect(status.message).toContain('spec.subject');
    expect([of('Ready'), of('Active'), kstatus(of)]).toEqual([
      'False InvalidSpec',
      'False InvalidSpec',
      'Failed',
    ]);
  });

  it('says that a grant without a readable server is invalid', async () => {
    const { status, of } = await reported({ ...aGrant(), spec: { serverRef: {} } });
    expect(status.phase).toBe('Invalid');
    expect(status.message).toContain('spec.serverRef.name');
    expect(of('Bound')).toBe('Unknown InvalidSpec');
  });

  it('says that there is no such server, and follows when it comes and goes', async () => {
    const { place, status, of } = await reported(aGrant(), rawServer({ name: 'other' }));
    expect(status).toMatchObject({ phase: 'Unbound' });
    expect(status).not.toHaveProperty('boundServer');
    expect(status.message).toContain('There is no MCPServer team-a/notes');
    expect([of('Bound'), kstatus(of)]).toEqual(['False ServerNotFound', 'Failed']);
    place.cluster.put(rawServer());
    await place.grant();
    expect(place.theGrant()).toMatchObject({ status: { phase: 'Active' } });
    place.cluster.drop('MCPServer', 'team-a/notes');
    await place.grant();
    expect(place.theGrant()).toMatchObject({ status: { phase: 'Unbound' } });
  });

  it('says that the server takes nothing from its namespace, and what to change', async () => {
    const grant = aGrant({ namespace: 'team-z', serverRef: { name: 'notes', namespace: 'team-a' } });
    const { status, of, place } = await reported(grant);
    expect(status.phase).toBe('Unbound');
    expect(status.message).toContain('Add team-z to its spec.access.fromNamespaces');
    expect(of('Bound')).toBe('False NamespaceNotAdmitted');
    place.cluster.put(rawServer({ access: { fromNamespaces: ['team-z'] } }));
    await place.grant('grant', 'team-z');
    expect(place.theGrant('grant', 'team-z')).toMatchObject({ status: { phase: 'Active' } });
  });

  it('waits while the server itself is invalid', async () => {
    const { status, of } = await reported(aGrant(), { ...rawServer(), spec: { image: 7 } });
    expect(status.phase).toBe('Pending');
    expect([of('Bound'), of('Active'), kstatus(of)]).toEqual([
      'Unknown ServerInvalid',
      'Unknown ServerInvalid',
      'InProgress',
    ]);
  });

  it('mentions what is probably a mistake, and is in force all the same', async () => {
    const { status, of } = await reported(aGrant({ toolRules: [{ name: 'gohst', decision: 'allow' }] }));
    expect(status.phase).toBe('Active');
    expect(status.message).toContain("spec.toolRules[0].name: notes declares no tool 'gohst'");
    expect(kstatus(of)).toBe('Current');
  });

  it('is written once, and again only for a change', async () => {
    const { place } = await reported(aGrant());
    expect(place.writes).toBe(1);
    place.passMinutes(30);
    await place.grant();
    expect(place.writes).toBe(1);
    place.cluster.put(aGrant({ disabled: true }));
    await place.grant();
    expect(place.writes).toBe(2);
    const condition = (type: string) => conditionOf(place.theGrant(), type);
    expect(condition('Active')?.lastTransitionTime).toBe('2026-01-01T12:30:00Z');
    // What did not change keeps its time.
    expect(condition('Bound')?.lastTransitionTime).toBe('2026-01-01T12:00:00Z');
    expect(condition('Bound')?.observedGeneration).toBe(2);
  });

  it('is judged again where the object changed meanwhile, and left alone where it went', async () => {
    const place = new Installation();
    place.cluster.put(rawServer());
    place.cluster.put(aGrant());
    place.cluster.live = false;
    place.cluster.put(aGrant({ disabled: true }));
    expect(await place.grant()).toMatchObject({ kind: 'again' });
    expect(place.theGrant()).not.toHaveProperty('status');
    place.cluster.deliver();
    expect(await place.grant()).toEqual({ kind: 'done' });
    expect(place.theGrant()).toMatchObject({ status: { phase: 'Disabled' } });
    place.cluster.drop('MCPAccessGrant', 'team-a/grant');
    expect(await place.grant()).toEqual({ kind: 'done' });
    place.cluster.deliver();
    expect(await place.grant()).toEqual({ kind: 'done' });
  });

  it('is left alone while the API server refuses, with the error for whoever retries', async () => {
    const place = new Installation();
    place.cluster.put(rawServer());
    place.cluster.put(aGrant());
    place.cluster.refuse = () => {
      throw new KubeError('away', { code: 'unavailable' });
    };
    await expect(place.grant()).rejects.toThrow('away');
  });
});

describe('one bad grant', () => {
  it('harms no other beyond its own denies', async () => {
    const place = new Installation();
    place.cluster.put(rawServer());
    place.cluster.put(aGrant({ name: 'good' }));
    place.cluster.put({
      ...aGrant({ name: 'bad' }),
      spec: {
        serverRef: { name: 'notes' },
        maxTrust: 'enormous',
        toolRules: [{ name: 'add_note', decision: 'deny' }],
      },
    });
    await place.grant('good');
    await place.grant('bad');
    expect(place.theGrant('good')).toMatchObject({ status: { phase: 'Active' } });
    expect(place.theGrant('bad')).toMatchObject({ status: { phase: 'Invalid' } });
    const { compiled } = place.book.of('team-a/notes');
    if (compiled === undefined) throw new Error('nothing was compiled');
    const index = indexPolicy(compiled.document);
    expect(decide(index, aCall({ tool: 'read_note' }), NOW_MS).outcome).toBe('allow');
    expect(decide(index, aCall({ tool: 'add_note' }), NOW_MS).reason).toBe('tool_denied');
  });
});
