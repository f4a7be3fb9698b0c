import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileMemo } from '#policy/compile.ts';
import { decide } from '#policy/decide.ts';
import type { Decision, PolicyRequest } from '#policy/decision.ts';
import { parsePolicy, renderPolicy } from '#policy/document.ts';
import { explain } from '#policy/explain.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { standingOf } from '#policy/standing.ts';
import { aRandomGrant, aRandomQuestion, aRandomWorld } from './arbitrary.ts';
import { aGrant, anIndex, aPolicy, aServer, aSession, minutesFromNow, NOW_MS } from './build.ts';
import { decideLinearly, type Question, type RawGrant, type World } from './linear.ts';

function requestOf({ args, ...question }: Question): PolicyRequest {
  return { ...question, method: 'tools/call', readArguments: () => args };
}

function ask(world: World, question: Question, nowMs = NOW_MS): Decision {
  return decide(anIndex(world), requestOf(question), nowMs);
}

function denies({ spec }: RawGrant): boolean {
  return (spec.toolRules ?? []).some(({ decision }) => decision === 'deny');
}

const RUNS = { numRuns: Number(process.env.PROPERTY_RUNS ?? 120) };

describe('a decision', () => {
  it('agrees with a linear scan over the raw objects on outcome, reason, what is told and the grant', () => {
    fc.assert(
      fc.property(
        aRandomWorld,
        fc.array(aRandomQuestion, { minLength: 4, maxLength: 4 }),
        (world, questions) => {
          const index = anIndex(world);
          for (const question of questions) {
            const decision = decide(index, requestOf(question), NOW_MS);
            const expected = decideLinearly(world, question, NOW_MS);
            expect({
              outcome: decision.outcome,
              reason: decision.reason,
              told: decision.disclosedReason,
              grant: decision.grant && `${decision.grant.namespace}/${decision.grant.name}`,
            }).toEqual({ grant: undefined, ...expected });
          }
        },
      ),
      RUNS,
    );
  });

  it('is the same where it is kept how the caller stands, and where that was in another policy', () => {
    fc.assert(
      fc.property(aRandomWorld, aRandomWorld, aRandomQuestion, (world, before, question) => {
        const index = anIndex(world);
        const request = requestOf(question);
        const expected = decide(index, request, NOW_MS);
        for (const known of [index, anIndex(before)]) {
          const standing = standingOf(known, request.principal, request.session);
          expect(decide(index, { ...request, standing }, NOW_MS)).toEqual(expected);
        }
      }),
      RUNS,
    );
  });

  it('is the one that its explanation ends with', () => {
    fc.assert(
      fc.property(aRandomWorld, aRandomQuestion, (world, question) => {
        const index = anIndex(world);
        const request = requestOf(question);
        expect(explain(index, request, NOW_MS).decision).toEqual(decide(index, request, NOW_MS));
      }),
      RUNS,
    );
  });

  it('is a deny wherever a grant of the caller denies, in any order of grants', () => {
    const deny = aGrant({ name: 'deny', toolRules: [{ name: 'read_note', decision: 'deny' }] });
    const grants = fc.array(aRandomGrant, { maxLength: 8 });
    const shuffled = grants.chain((some) =>
      fc.shuffledSubarray([...some, deny], { minLength: some.length + 1 }),
    );
    fc.assert(
      fc.property(shuffled, aRandomQuestion, (all, question) => {
        const principal = { ...question.principal, assurance: 'asserted' as const, human: 'alice' };
        const request = requestOf({ ...question, principal, session: undefined, tool: 'read_note' });
        const decision = decide(anIndex({ grants: all }), request, NOW_MS);
        expect(decision).toMatchObject({ outcome: 'deny', reason: 'tool_denied' });
      }),
      RUNS,
    );
  });

  it('never loses a permission to a further grant that denies nothing, under default deny', () => {
    fc.assert(
      fc.property(aRandomWorld, aRandomGrant, aRandomQuestion, (world, grant, question) => {
        fc.pre(world.server.spec.policy?.defaultDecision === 'deny' && !denies(grant));
        const further = { ...grant, metadata: { ...grant.metadata, name: 'further' } };
        const before = ask(world, question);
        const after = ask({ ...world, grants: [...world.grants, further] }, question);
        if (before.outcome === 'allow') expect(after.outcome).toBe('allow');
      }),
      RUNS,
    );
  });
});

describe('a session', () => {
  it('gains nothing for the request that presents it when it is revoked or expires', () => {
    fc.assert(
      fc.property(
        aRandomWorld,
        aRandomQuestion,
        fc.constantFrom('revoked', 'expired'),
        (world, question, end) => {
          const ended = world.sessions.map((session) => ({
            ...session,
            ...('spec' in session && typeof session.spec === 'object'
              ? {
                  spec: {
                    ...session.spec,
                    ...(end === 'revoked' ? { revoked: true } : { expiresAt: '2020-01-01T00:00:00Z' }),
                  },
                }
              : {}),
          }));
          const before = ask(world, { ...question, session: 's1' });
          const after = ask({ ...world, sessions: ended }, { ...question, session: 's1' });
          expect(after.outcome).not.toBe('allow');
          if (before.outcome !== 'allow') expect(after.outcome).toBe(before.outcome);
        },
      ),
      RUNS,
    );
  });

  it('that has expired stays expired at every later time', () => {
    const later = fc.integer({ min: 0, max: 10 * 365 * 24 * 3_600_000 });
    fc.assert(
      fc.property(aRandomWorld, aRandomQuestion, later, (world, question, ms) => {
        const index = anIndex(world);
        const request = requestOf(question);
        const now = decide(index, request, NOW_MS);
        if (now.reason === 'session_expired') {
          expect(decide(index, request, NOW_MS + ms).reason).toBe('session_expired');
        }
      }),
      RUNS,
    );
  });

  it('that was revoked stays revoked when its object is deleted and applied again', () => {
    const instant = fc.integer({ min: -600, max: 600 }).map(minutesFromNow);
    fc.assert(
      fc.property(instant, instant, aRandomQuestion, (createdAt, until, question) => {
        fc.pre(createdAt < until);
        const again = aSession({ createdAt, uid: 'second', expiresAt: until });
        const tombstones = [{ namespace: 'team-a', name: 'session', uid: 'first', until }];
        const principal = { ...question.principal, assurance: 'asserted' as const, human: 'alice' };
        const request = requestOf({ ...question, principal, session: 'session' });
        const index = anIndex({ grants: [aGrant()], sessions: [again], tombstones });
        for (const later of [0, 60, 600, 6000]) {
          expect(decide(index, request, NOW_MS + later * 60_000).reason).toBe('session_revoked');
        }
      }),
      RUNS,
    );
  });
});

describe('a compiled document', () => {
  it('has the same bytes whatever order its objects came in', () => {
    const shuffle = <Item>(items: readonly Item[]) =>
      fc.shuffledSubarray([...items], { minLength: items.length });
    const shuffled = aRandomWorld.chain((world) =>
      fc.tuple(
        fc.constant(world),
        fc.record({
          grants: shuffle(world.grants),
          sessions: shuffle(world.sessions),
          tombstones: shuffle(world.tombstones),
        }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([world, order]) => {
        const straight = aPolicy(world);
        const other = aPolicy({ ...world, ...order });
        expect(renderPolicy(other.document)).toBe(renderPolicy(straight.document));
        expect(other.reports).toEqual(straight.reports);
      }),
      { numRuns: 200 },
    );
  });

  it('is the same from what was remembered of its objects, whatever came and went meanwhile', () => {
    const worlds = aRandomWorld.chain((world) =>
      fc.tuple(
        fc.constant(world),
        fc.array(
          fc.record({
            grants: fc.shuffledSubarray([...world.grants, ...world.grants.slice(0, 1)]),
            sessions: fc.shuffledSubarray([...world.sessions, ...world.sessions.slice(0, 1)]),
            tombstones: fc.shuffledSubarray([...world.tombstones]),
          }),
          { minLength: 3, maxLength: 3 },
        ),
      ),
    );
    fc.assert(
      fc.property(worlds, ([world, moments]) => {
        const memo = compileMemo();
        for (const moment of moments) {
          expect(aPolicy({ ...world, ...moment, memo })).toEqual(aPolicy({ ...world, ...moment }));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is read back as it was written, and decides the same', () => {
    fc.assert(
      fc.property(aRandomWorld, aRandomQuestion, (world, question) => {
        const { document } = aPolicy(world);
        const read = parsePolicy(renderPolicy(document));
        expect(read).toEqual({ ok: true, value: document });
        if (!read.ok) return;
        const request = requestOf(question);
        expect(decide(indexPolicy(read.value), request, NOW_MS)).toEqual(
          decide(indexPolicy(document), request, NOW_MS),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('stays as small when many grants name one team', () => {
    const grant = (name: string) =>
      aGrant({ name, subject: { teamID: 'ops' }, toolRules: [{ name: 'read_note', decision: 'allow' }] });
    const grants = Array.from({ length: 200 }, (_, at) => grant(`grant-${at}`));
    const { document } = aPolicy({ server: aServer(), grants });
    expect(document.subjects).toHaveLength(1);
    expect(document.subjects[0]?.rules[0]?.allow).toHaveLength(1);
  });
});
