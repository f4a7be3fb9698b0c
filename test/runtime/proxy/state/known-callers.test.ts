import { describe, expect, it } from '@jest/globals';
import { indexPolicy } from '#policy/policy-index.ts';
import { readCaller, type SentIdentity } from '#runtime/proxy/edge/identity.ts';
import { KnownCallers, standingIn, type KnownCaller } from '#runtime/proxy/state/known-callers.ts';
import { Places } from '#runtime/proxy/state/places.ts';
import { RateMeter, takeToken } from '#runtime/proxy/state/rate-meter.ts';
import { policyDocument } from '../harness/policy.ts';

const NOBODY: SentIdentity = { human: undefined, agent: undefined, team: undefined, session: undefined };
const ONCE = { perMinute: 1, burst: 1 };

function start(most?: number) {
  const places = new Places({ maxConcurrent: 10_000, maxConcurrentPerSubject: 1 });
  const subjectRates = new RateMeter();
  const callers = new KnownCallers({ places, subjectRates, ...(most === undefined ? {} : { most }) });
  const meet = (sent: Partial<SentIdentity>, mode: 'none' | 'header' = 'header'): KnownCaller => {
    const identity = { ...NOBODY, ...sent };
    const known = callers.find(identity, mode);
    if (known !== undefined) return known;
    const read = readCaller(identity, mode);
    if (!read.ok) throw new Error(read.reason);
    return callers.add(identity, mode, read.caller);
  };
  return { places, callers, meet };
}

describe('KnownCallers', () => {
  it('finds a caller by everything that its head says, and by nothing less', () => {
    const { meet } = start();
    const values = [undefined, 'a', 'b'];
    const everybody = values.flatMap((human) =>
      values.flatMap((agent) =>
        values.flatMap((team) => values.map((session) => ({ human, agent, team, session }))),
      ),
    );
    // Some of them more often than alike callers are kept: the rest are met again, never mistaken.
    for (const sent of [...everybody, ...everybody]) {
      const { principal, session } = meet(sent);
      const { human, agent, team } = sent;
      expect({ principal, session }).toEqual({
        principal: { assurance: 'asserted', human, agent, teams: team === undefined ? [] : [team] },
        session: sent.session,
      });
      expect(meet(sent)).toBe(meet(sent));
    }
  });

  it('takes no caller of one mode for the same one of another', () => {
    const { meet } = start();
    expect(meet({ human: 'ana' }, 'header').principal.assurance).toBe('asserted');
    expect(meet({ human: 'ana' }, 'none').principal.assurance).toBe('anonymous');
    expect(meet({ human: 'ana' }, 'header').principal.human).toBe('ana');
  });

  it('keeps one count and one rate for all sessions of a subject', () => {
    const { meet } = start();
    const [first, second] = [meet({ human: 'ana', session: 'one' }), meet({ human: 'ana', session: 'two' })];
    expect(first).not.toBe(second);
    expect(first.places).toBe(second.places);
    expect(takeToken(first.bucket, ONCE, 0)).toBe(0);
    expect(takeToken(second.bucket, ONCE, 0)).toBeGreaterThan(0);
  });

  it('leads to what the rates know, however many strangers come while a caller goes on', () => {
    const { meet } = start();
    const never = { perMinute: 0.001, burst: 1 };
    expect(takeToken(meet({ human: 'busy', session: 'one' }).bucket, never, 0)).toBe(0);
    for (let at = 0; at < 45_000; at += 1) {
      meet({ human: `stranger-${at}` });
      if (at % 1_000 === 0) {
        expect(takeToken(meet({ human: 'busy', session: 'one' }).bucket, never, at)).toBeGreaterThan(0);
      }
    }
    expect(takeToken(meet({ human: 'busy', session: 'two' }).bucket, never, 45_000)).toBeGreaterThan(0);
  });

  it('keeps how a caller stands for as long as the policy is in force', () => {
    const { callers, meet } = start();
    const [first, second] = [indexPolicy(policyDocument()), indexPolicy(policyDocument())];
    const ana = meet({ human: 'user-1' });
    const standing = standingIn(first, ana);
    expect(standing.subjects).not.toEqual([]);
    expect(standingIn(first, meet({ human: 'user-1' }))).toBe(standing);
    expect(standingIn(second, ana).index).toBe(second);
    callers.forgetStandings();
    expect(ana.standing).toBeUndefined();
  });

  it.each(['apart', 'alike'])('is bounded, and forgets no limit, when strangers come who are %s', (how) => {
    const { places, meet } = start(100);
    const busy = meet({ human: 'busy', session: 'its' });
    expect(places.take(busy.places)).toBe('taken');
    expect(takeToken(busy.bucket, ONCE, 0)).toBe(0);
    for (let at = 0; at < 1_000; at += 1) {
      const session = how === 'alike' ? 'its' : `session-${at}`;
      const stranger = meet({ human: `stranger-${at}`, session });
      expect(places.take(stranger.places)).toBe('taken');
      places.give(stranger.places);
      expect(places.subjects).toBeLessThanOrEqual(101);
    }
    const again = meet({ human: 'busy', session: 'its' });
    expect(places.take(again.places)).toBe('too_many_requests');
    expect(takeToken(again.bucket, ONCE, 0)).toBeGreaterThan(0);
  });
});
