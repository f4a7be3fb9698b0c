// Time on the API server: sessions end when they should, without anybody touching them, and go when they may.
import { describe, expect, it } from '@jest/globals';
import { isLogged } from './harness/calm.ts';
import { cluster } from './harness/cluster.ts';
import { stays } from './harness/eventually.ts';
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
import { namespace } from './harness/namespace.ts';
import { at, conditionOf } from './harness/objects.ts';
import { policyBecomes } from './harness/policies.ts';

const world = cluster();
const here = namespace('expiry');

const GOVERNED = { gateway: { enabled: true } };

const sessionIs = (name: string, phase: string) => becomes('MCPAgentSession', here, name, phaseOf, phase);

const inSeconds = (seconds: number) =>
  new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

describe('a session', () => {
  it('expires on time, without an event', async () => {
    await make(
      aServer(here, 'timed', GOVERNED),
      aSession(here, 'timed', 'timed', { expiresAt: inSeconds(20) }),
    );
    const active = await sessionIs('timed', 'Active');
    const endsAt = Date.parse(String(at(active, 'status', 'expiresAt')));
    const since = world.audit.mark();
    const ended = await sessionIs('timed', 'Expired');
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    expect(conditionLines(ended, 'Ready', 'Reconciling', 'Stalled', 'Bound', 'Active')).toEqual([
      'Ready: True Expired',
      'Reconciling: False Expired',
      'Stalled: False Expired',
      'Bound: True Observed',
      'Active: False Expired',
    ]);
    const endedAt = Date.parse(conditionOf(ended, 'Active')?.lastTransitionTime ?? '');
    // By a timer of its own: whoever looked only now and then would be minutes late.
    expect(endedAt - endsAt).toBeLessThan(30_000);
    // Nobody touched it: the one write is that of the status that says so.
    await isLogged(
      'its one write',
      () =>
        world.audit
          .read({ since, namespace: here, name: 'timed', resource: 'mcpagentsessions', writes: true })
          .map(({ verb, subresource, user }) => [verb, subresource, user]),
      [['update', 'status', world.operatorUser]],
    );
  });

  it('ends with the longest lifetime of its server, whatever it asks for', async () => {
    const server = aServer(here, 'hasty', { ...GOVERNED, session: { maxLifetime: '5s' } });
    await make(server, aSession(here, 'endless', 'hasty'));
    await make(aSession(here, 'ambitious', 'hasty', { expiresAt: inSeconds(3600) }));
    for (const name of ['endless', 'ambitious']) {
      const ended = await sessionIs(name, 'Expired');
      const lifetime =
        Date.parse(String(at(ended, 'status', 'expiresAt'))) -
        Date.parse(String(at(ended, 'metadata', 'creationTimestamp')));
      expect(lifetime).toBe(5_000);
    }
    // A longer lifetime of the server begins no ended session again by itself; who asks for it gets it.
    await world.patch('MCPServer', 'hasty', here, { spec: { session: { maxLifetime: '1h' } } });
    await Promise.all([sessionIs('endless', 'Active'), sessionIs('ambitious', 'Active')]);
  });

  it('that ended before it was made was never in force', async () => {
    await make(aServer(here, 'past', GOVERNED));
    // Known to the operator, so that the session is bound when it is first looked at.
    await becomes('MCPServer', here, 'past', (server) => at(server, 'status', 'observedGeneration'), 1);
    await make(aSession(here, 'past', 'past', { expiresAt: inSeconds(-60) }));
    const ended = await sessionIs('past', 'Expired');
    await isLogged(
      'its two writes',
      () =>
        world.audit
          .read({ namespace: here, name: 'past', resource: 'mcpagentsessions', writes: true })
          .map(({ verb, subresource }) => [verb, subresource]),
      [
        ['create', undefined],
        ['update', 'status'],
      ],
    );
    expect(messageOf(ended, 'Active')).toContain('It ended at');
  });

  it('goes when its time after the end is over', async () => {
    const ended = { expiresAt: inSeconds(-60) };
    await make(
      aServer(here, 'tidy', GOVERNED),
      aSession(here, 'removed', 'tidy', { ...ended, ttlSecondsAfterExpired: 0 }),
      aSession(here, 'removed-later', 'tidy', { expiresAt: inSeconds(2), ttlSecondsAfterExpired: 2 }),
      aSession(here, 'kept', 'tidy', ended),
      aSession(here, 'not-yet', 'tidy', { ...ended, ttlSecondsAfterExpired: 86_400 }),
    );
    await Promise.all(['removed', 'removed-later'].map((name) => goes('MCPAgentSession', here, name)));
    await policyBecomes(here, 'tidy', ({ sessions }) => sessions, [`${here}/kept`, `${here}/not-yet`]);
    await Promise.all(['kept', 'not-yet'].map((name) => sessionIs(name, 'Expired')));
  });

  it.each([
    [
      'argo',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'a:mcpruntime.org/MCPAgentSession:x/y' } },
      'Argo CD',
    ],
    ['flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }, 'Flux'],
    ['helm', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, 'Helm'],
  ])('stays after its time is over where %s tracks it, and says so', async (name, marks, by) => {
    const spec = { expiresAt: inSeconds(-60), ttlSecondsAfterExpired: 0 };
    await make(aServer(here, `for-${name}`), aSession(here, name, `for-${name}`, spec, marks));
    const kept = await sessionIs(name, 'Expired');
    expect(messageOf(kept, 'Active')).toContain(`${by} tracks it`);
    await stays('the session is there', () => world.must('MCPAgentSession', name, here), { forMs: 1_000 });
    // Whoever tracks it no more gets it removed.
    await world.patch('MCPAgentSession', name, here, { metadata: { labels: null, annotations: null } });
    await goes('MCPAgentSession', here, name);
  });
});
