import { describe, expect, it } from '@jest/globals';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { aSession, minutesFromNow } from '#test/policy/build.ts';
import { conditionOf, Installation, marked, rawServer } from './build.ts';

const HOUR_MS = 3_600_000;

/** An installation with `notes` and sessions, reconciled once. */
async function placeWith(...sessions: readonly object[]): Promise<Installation> {
  const place = new Installation();
  place.cluster.put(rawServer({ session: { maxLifetime: '72h' } }));
  for (const session of sessions) {
    const { metadata } = place.cluster.put(session);
    await place.session(metadata.name, metadata.namespace);
  }
  return place;
}

const statusOf = (place: Installation) => MCPAgentSession.status.parse(place.theSession()?.['status']);
const active = (place: Installation) => {
  const condition = conditionOf(place.theSession(), 'Active');
  return condition && `${condition.status} ${condition.reason}`;
};
const ready = (place: Installation) => conditionOf(place.theSession(), 'Ready')?.status;

describe('the status of a session', () => {
  it('says that it is in force, until when, and comes back at that time', async () => {
    const place = await placeWith(aSession());
    expect(statusOf(place)).toMatchObject({
      phase: 'Active',
      boundServer: 'team-a/notes',
      expiresAt: '2026-01-01T13:00:00Z',
      message: 'In force for team-a/notes. It ends at 2026-01-01T13:00:00Z.',
    });
    expect(await place.session()).toEqual({ kind: 'again', afterMs: HOUR_MS });
  });

  it('says that it expired when its time is over, without any event, and that this is no fault', async () => {
    const place = await placeWith(aSession());
    place.passMinutes(59);
    await place.session();
    expect(statusOf(place).phase).toBe('Active');
    place.passMinutes(1);
    expect(await place.session()).toEqual({ kind: 'done' });
    expect(statusOf(place)).toMatchObject({ phase: 'Expired', message: 'It ended at 2026-01-01T13:00:00Z.' });
    expect([active(place), ready(place)]).toEqual(['False Expired', 'True']);
    expect(place.writes).toBe(2);
  });

  it('counts the longest lifetime of the server from creation', async () => {
    const session = aSession({ expiresAt: undefined, createdAt: minutesFromNow(-60) });
    const place = await placeWith(session);
    place.cluster.put(rawServer({ session: { maxLifetime: '90m' } }));
    expect(await place.session()).toEqual({ kind: 'again', afterMs: HOUR_MS / 2 });
    expect(statusOf(place).expiresAt).toBe(minutesFromNow(30).replace('.000', ''));
  });

  it('looks twice a day at one that ends in years', async () => {
    const place = await placeWith(aSession({ expiresAt: '2031-01-01T00:00:00Z' }));
    expect(await place.session()).toEqual({ kind: 'again', afterMs: 12 * HOUR_MS });
  });

  it('says that it was revoked, whether or not there is a server', async () => {
    const place = await placeWith(
      aSession({ revoked: true }),
      aSession({ name: 'lost', serverRef: { name: 'nowhere' }, revoked: true }),
    );
    expect(statusOf(place)).toMatchObject({ phase: 'Revoked' });
    expect([active(place), ready(place)]).toEqual(['False Revoked', 'True']);
    const lost = place.theSession('lost');
    expect(lost).toMatchObject({ status: { phase: 'Revoked' } });
    expect(conditionOf(lost, 'Bound')).toMatchObject({ status: 'False', reason: 'ServerNotFound' });
    expect(conditionOf(lost, 'Stalled')?.status).toBe('False');
  });

  it('names what is wrong with it', async () => {
    const place = await placeWith({ ...aSession(), spec: { serverRef: { name: 'notes' }, subject: {} } });
    expect(statusOf(place).phase).toBe('Invalid');
    expect(statusOf(place).message).toContain('spec.subject: a session needs a subject');
    expect(conditionOf(place.theSession(), 'Stalled')?.status).toBe('True');
  });

  it('says where the server is missing or takes nothing from the namespace', async () => {
    const place = await placeWith(
      aSession({ serverRef: { name: 'nowhere' } }),
      aSession({ namespace: 'team-z', serverRef: { name: 'notes', namespace: 'team-a' } }),
    );
    expect(statusOf(place).phase).toBe('Unbound');
    expect(statusOf(place).message).toContain('There is no MCPServer team-a/nowhere');
    expect(place.theSession('session', 'team-z')).toMatchObject({ status: { phase: 'Unbound' } });
  });

  it('is written once', async () => {
    const place = await placeWith(aSession());
    await place.session();
    await place.session();
    expect(place.writes).toBe(1);
  });
});

describe('ttlSecondsAfterExpired', () => {
  const brief = { ttlSecondsAfterExpired: 600 };

  it('removes a session that long after it expired, and not before', async () => {
    const place = await placeWith(aSession(brief));
    place.passMinutes(60);
    expect(await place.session()).toEqual({ kind: 'again', afterMs: 600_000 });
    place.passMinutes(10);
    expect(await place.session()).toEqual({ kind: 'done' });
    expect(place.theSession()).toBeUndefined();
  });

  it('counts a revocation from when it was seen, even where the session could not be used before', async () => {
    const place = await placeWith(aSession({ ...brief, serverRef: { name: 'nowhere' } }));
    place.passMinutes(30);
    place.cluster.put(aSession({ ...brief, serverRef: { name: 'nowhere' }, revoked: true }));
    expect(await place.session()).toEqual({ kind: 'again', afterMs: 600_000 });
    place.passMinutes(9);
    await place.session();
    expect(place.theSession()).toBeDefined();
    place.passMinutes(1);
    await place.session();
    expect(place.theSession()).toBeUndefined();
  });

  it('does not start again where a session that had expired is revoked', async () => {
    const place = await placeWith(aSession(brief));
    place.passMinutes(69);
    place.cluster.put(aSession({ ...brief, revoked: true }));
    expect(await place.session()).toEqual({ kind: 'again', afterMs: 60_000 });
  });

  it('removes at once with 0, and never without', async () => {
    const place = await placeWith(
      aSession({ name: 'a', ttlSecondsAfterExpired: 0 }),
      aSession({ name: 'b' }),
    );
    place.passMinutes(60);
    await place.session('a');
    expect(place.theSession('a')).toBeUndefined();
    place.passMinutes(60 * 24 * 365);
    expect(await place.session('b')).toEqual({ kind: 'done' });
    expect(place.theSession('b')).toMatchObject({ status: { phase: 'Expired' } });
  });

  it.each<[string, Parameters<typeof marked>[1]]>([
    ['Argo CD', { annotations: { 'argocd.argoproj.io/tracking-id': 'app:x' } }],
    ['Argo CD', { labels: { 'argocd.argoproj.io/instance': 'app' } }],
    ['Argo CD', { labels: { 'app.kubernetes.io/instance': 'app' } }],
    ['Flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }],
    ['Flux', { labels: { 'helm.toolkit.fluxcd.io/name': 'apps' } }],
    ['Helm', { annotations: { 'meta.helm.sh/release-name': 'apps' } }],
    ['Helm', { labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'x' } }],
  ])('leaves what %s tracks, and says so: %j', async (by, marks) => {
    const session = aSession({ ttlSecondsAfterExpired: 0 });
    const place = await placeWith(marked(session, marks));
    place.passMinutes(60);
    expect(await place.session()).toEqual({ kind: 'done' });
    expect(statusOf(place)).toMatchObject({ phase: 'Expired' });
    expect(statusOf(place).message).toContain(`${by} tracks it`);
    expect(statusOf(place).message).toContain(Object.keys({ ...marks.labels, ...marks.annotations })[0]);
    expect(ready(place)).toBe('True');
  });

  it('removes what another manager labelled as one of a set', async () => {
    const session = aSession({ ttlSecondsAfterExpired: 0 });
    const labels = { 'app.kubernetes.io/managed-by': 'mcp-runtime', 'app.kubernetes.io/instance': 'x' };
    const place = await placeWith(marked(session, { labels }));
    place.passMinutes(60);
    await place.session();
    expect(place.theSession()).toBeUndefined();
  });

  it('removes only the object that was judged: one with a later end meanwhile stays', async () => {
    const place = await placeWith(aSession({ ttlSecondsAfterExpired: 0 }));
    place.passMinutes(60);
    place.cluster.live = false;
    place.cluster.put(aSession({ ttlSecondsAfterExpired: 0, expiresAt: minutesFromNow(120) }));
    expect(await place.session()).toMatchObject({ kind: 'again' });
    expect(place.theSession()).toBeDefined();
    place.cluster.deliver();
    await place.session();
    expect(statusOf(place).phase).toBe('Active');
  });
});
