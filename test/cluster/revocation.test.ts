// Revocation goes one way. Whatever is done to the object afterwards (a patch, Git applied again by whatever means, the
// object deleted and made anew), nobody comes back in with that session.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { TOMBSTONES_CONFIG_MAP } from '#constructs/control-plane/names.ts';
import { isLogged } from './harness/calm.ts';
import { cluster } from './harness/cluster.ts';
import { COLLECTED, eventually } from './harness/eventually.ts';
import {
  aServer,
  aSession,
  becomes,
  conditionLines,
  goes,
  make,
  messageOf,
  phaseOf,
} from './harness/builders.ts';
import { makeNamespace, namespace } from './harness/namespace.ts';
import { at, conditionLine, items, type KubeObject } from './harness/objects.ts';
import { policyBecomes } from './harness/policies.ts';

const world = cluster();
const here = namespace('revocation');

const DAY_MS = 86_400_000;

const sessionIs = (name: string, phase: string, where = here) =>
  becomes('MCPAgentSession', where, name, phaseOf, phase);

const inSeconds = (seconds: number) =>
  new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

/** As people do it. */
const revoke = (name: string, where = here) =>
  world.kubectl([
    ...['patch', 'mcpagentsession', name, '-n', where, '--type=merge', '-p', '{"spec":{"revoked":true}}'],
    '--field-manager=mcp-runtime-cli',
  ]);

const patched = (name: string, body: object) =>
  world.kubectl(['patch', 'mcpagentsession', name, '-n', here, '--type=merge', '-p', JSON.stringify(body)], {
    allowFailure: true,
  });

const data = z.object({ data: z.record(z.string(), z.string()) });
const record = z.object({ name: z.string(), uid: z.string(), until: z.string().transform(Date.parse) });

/** What is on record of a name, in all ConfigMaps of the namespace. */
async function recordsOf(name: string, where = here): Promise<readonly z.output<typeof record>[]> {
  const maps = await world.list('ConfigMap', where, 'mcpruntime.org/tombstones=true');
  const texts = maps.flatMap((map) => Object.values(data.parse(map).data));
  return texts.map((text) => record.parse(JSON.parse(text))).filter((each) => each.name === name);
}

const isRevoked = (object: KubeObject) => at(object, 'spec', 'revoked');

beforeAll(async () => {
  await make(aServer(here, 'notes', { gateway: { enabled: true } }));
});

describe('a revoked session', () => {
  it('says so, in its status and in the policy', async () => {
    await make(aSession(here, 'plain', 'notes'));
    await sessionIs('plain', 'Active');
    await revoke('plain');
    expect(
      conditionLines(await sessionIs('plain', 'Revoked'), 'Ready', 'Stalled', 'Bound', 'Active'),
    ).toEqual([
      'Ready: True Revoked',
      'Stalled: False Revoked',
      'Bound: True Observed',
      'Active: False Revoked',
    ]);
    await policyBecomes(here, 'notes', ({ revoked }) => revoked.includes(`${here}/plain`), true);
  });

  it('stays revoked, whoever patches it', async () => {
    await make(aSession(here, 'patched', 'notes'));
    await revoke('patched');
    for (const spec of [{ revoked: false }, { revoked: null }]) {
      const refused = await patched('patched', { spec });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('a revoked session stays revoked; make a new session instead');
    }
    for (const spec of [{ subject: { humanID: 'eve' } }, { serverRef: { name: 'mail' } }]) {
      const refused = await patched('patched', { spec });
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('cannot change')]);
    }
    expect(isRevoked(await world.must('MCPAgentSession', 'patched', here))).toBe(true);
  });

  it('stays revoked when Git is applied again, client-side', async () => {
    const inGit = aSession(here, 'git-client', 'notes', { consentedTrust: 'medium' });
    await world.apply(inGit);
    await sessionIs('git-client', 'Active');
    await revoke('git-client');
    const again = aSession(here, 'git-client', 'notes', { consentedTrust: 'high' });
    expect((await world.apply(again)).stdout).toContain('git-client configured');
    const session = await sessionIs('git-client', 'Revoked');
    expect(at(session, 'spec', 'consentedTrust')).toBe('high');
    expect(isRevoked(session)).toBe(true);
  });

  it('stays revoked when Git is applied again, server-side and by whoever applied it first', async () => {
    const inGit = aSession(here, 'git-server', 'notes', { consentedTrust: 'medium' });
    const apply = (object: KubeObject, manager: string) =>
      world.kubectl(
        ['apply', '--server-side', `--field-manager=${manager}`, '--force-conflicts', '-f', '-'],
        {
          input: JSON.stringify(object),
        },
      );
    await apply(inGit, 'flux');
    await sessionIs('git-server', 'Active');
    await revoke('git-server');
    for (const manager of ['flux', 'argocd-controller']) {
      await apply(aSession(here, 'git-server', 'notes', { consentedTrust: 'high' }), manager);
      expect(isRevoked(await sessionIs('git-server', 'Revoked'))).toBe(true);
    }
  });

  it('can not be taken back in Git, and Git is told why', async () => {
    const said = aSession(here, 'git-said', 'notes', { revoked: true });
    const unsaid = aSession(here, 'git-said', 'notes');
    await world.apply(said, { serverSide: true });
    await sessionIs('git-said', 'Revoked');
    const refused = await world.apply(unsaid, { serverSide: true, allowFailure: true });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('stays revoked')]);

    const denies = aSession(here, 'git-denied', 'notes', { revoked: false });
    await world.apply(denies);
    await revoke('git-denied');
    const client = await world.apply(denies, { allowFailure: true });
    expect([client.code, client.stderr]).toEqual([1, expect.stringContaining('stays revoked')]);
  });

  it('is on record at once, and as long as it could have lasted', async () => {
    await make(
      aSession(here, 'endless', 'notes'),
      aSession(here, 'hour', 'notes', { expiresAt: inSeconds(3600) }),
      aSession(here, 'year', 'notes', { expiresAt: inSeconds(365 * 86_400) }),
    );
    const wanted = { endless: 30 * DAY_MS, hour: DAY_MS, year: 365 * DAY_MS };
    await Promise.all(Object.keys(wanted).map((name) => revoke(name)));
    for (const [name, ms] of Object.entries(wanted)) {
      const records = await eventually(`${name} is on record`, async () => {
        const found = await recordsOf(name);
        return found.length > 0 && found;
      });
      const { uid } = (await world.must('MCPAgentSession', name, here)).metadata;
      expect(records.map((each) => each.uid)).toEqual([uid]);
      expect(Math.abs((records[0]?.until ?? 0) - Date.now() - ms)).toBeLessThan(120_000);
    }
    const map = await world.must('ConfigMap', TOMBSTONES_CONFIG_MAP, here);
    expect(items(map, 'metadata', 'finalizers')).toEqual([]);
    expect(items(map, 'metadata', 'ownerReferences')).toEqual([]);
  });

  it('is revoked still when it was deleted and applied again', async () => {
    const inGit = aSession(here, 'again', 'notes', { expiresAt: inSeconds(3600) });
    await world.apply(inGit);
    await sessionIs('again', 'Active');
    await revoke('again');
    await sessionIs('again', 'Revoked');
    await world.kubectl(['delete', 'mcpagentsession', 'again', '-n', here]);
    await policyBecomes(here, 'notes', ({ sessions }) => sessions.includes(`${here}/again`), false);
    expect((await world.apply(inGit)).stdout).toContain('again created');

    const session = await sessionIs('again', 'Revoked');
    expect(isRevoked(session)).toBeUndefined();
    expect(conditionLine(session, 'Active')).toBe('False RevokedBefore');
    expect(messageOf(session, 'Active')).toContain('make a session of another name');
    await policyBecomes(here, 'notes', ({ revoked }) => revoked.includes(`${here}/again`), true);
    // Never in between either: nobody was ever told that it is in force.
    await isLogged(
      'its three states',
      () =>
        world.audit
          .read({ namespace: here, name: 'again', subresource: 'status', writes: true })
          .map(({ verb }) => verb),
      ['update', 'update', 'update'],
    );

    await make(aSession(here, 'again-anew', 'notes', { expiresAt: inSeconds(3600) }));
    await sessionIs('again-anew', 'Active');
  });

  it('is revoked still when it was deleted in the same breath', async () => {
    const inGit = aSession(here, 'breath', 'notes');
    await make(inGit);
    await sessionIs('breath', 'Active');
    await world.patch('MCPAgentSession', 'breath', here, { spec: { revoked: true } });
    await world.delete('MCPAgentSession', 'breath', here);
    await make(inGit);
    const session = await sessionIs('breath', 'Revoked');
    expect(conditionLine(session, 'Active')).toBe('False RevokedBefore');
    await policyBecomes(here, 'notes', ({ revoked }) => revoked.includes(`${here}/breath`), true);
  });

  it('goes when its time after the end is over, and its record stays', async () => {
    const inGit = aSession(here, 'tidy', 'notes', { ttlSecondsAfterExpired: 0 });
    await make(inGit);
    await sessionIs('tidy', 'Active');
    await revoke('tidy');
    await goes('MCPAgentSession', here, 'tidy');
    expect(await recordsOf('tidy')).toHaveLength(1);
    // Made again, it is gone again: it is the revoked one, and its time is over.
    await make(inGit);
    await goes('MCPAgentSession', here, 'tidy');
    expect(await recordsOf('tidy')).toHaveLength(1);
  });

  it('does not keep its namespace from being deleted', async () => {
    const name = `${here}-ends`;
    await makeNamespace(name);
    const serverRef = { name: 'notes', namespace: here };
    await make(aSession(name, 'last', '', { serverRef, revoked: true }));
    await eventually('it is on record', async () => (await recordsOf('last', name)).length > 0);
    await world.delete('Namespace', name);
    await eventually('it is gone', async () => (await world.get('Namespace', name)) === undefined, COLLECTED);
  });
});
