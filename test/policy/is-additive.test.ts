import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '#policy/decide.ts';
import type { PolicyContent } from '#policy/document.ts';
import { isAdditive } from '#policy/is-additive.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { aRandomGrant, aRandomQuestion, aRandomWorld } from './arbitrary.ts';
import { aGrant, aPolicy, aServer, aSession, minutesFromNow, NOW_MS } from './build.ts';
import type { World } from './linear.ts';

const RUNS = { numRuns: Number(process.env.PROPERTY_RUNS ?? 400) };

const grants = [aGrant()];
const sessions = [aSession()];
const base = { grants, sessions };

function additive(before: Parameters<typeof aPolicy>[0], after: Parameters<typeof aPolicy>[0]): boolean {
  return isAdditive(aPolicy(before).document, aPolicy(after).document);
}

describe('a change that only adds', () => {
  it.each<[string, Parameters<typeof aPolicy>[0]]>([
    ['nothing', base],
    [
      'a grant for somebody else',
      { ...base, grants: [...grants, aGrant({ name: 'bob', subject: { humanID: 'bob' } })] },
    ],
    [
      'a grant for the same subject that folds into the same record',
      {
        ...base,
        grants: [...grants, aGrant({ name: 'a', toolRules: [{ name: 'read_note', decision: 'allow' }] })],
      },
    ],
    ['a grant that covers as much with no more', { ...base, grants: [aGrant({ name: 'another' })] }],
    ['a session', { ...base, sessions: [...sessions, aSession({ name: 'second' })] }],
    ['a later end', { ...base, sessions: [aSession({ expiresAt: minutesFromNow(90) })] }],
    ['no end', { ...base, sessions: [aSession({ expiresAt: undefined })] }],
    [
      'a tool',
      {
        ...base,
        server: aServer({ tools: [...(aServer().spec.tools ?? []), { name: 'ghost', sideEffect: 'read' }] }),
      },
    ],
  ])('is one that adds %s', (_what, after) => {
    expect(additive(base, after)).toBe(true);
  });

  it('is the end of a session that was revoked already, and of a deny', () => {
    expect(additive({ ...base, sessions: [aSession({ revoked: true })] }, { ...base, sessions: [] })).toBe(
      true,
    );
    const deny = aGrant({ name: 'deny', toolRules: [{ name: 'read_note', decision: 'deny' }] });
    expect(additive({ grants: [...grants, deny] }, { grants })).toBe(true);
  });
});

describe('a change that takes away', () => {
  it.each<[string, Parameters<typeof aPolicy>[0]]>([
    ['by a rate', { ...base, server: aServer({ policy: { subjectRate: { perMinute: 1 } } }) }],
    ['a grant', { ...base, grants: [] }],
    ['trust', { ...base, grants: [aGrant({ maxTrust: 'medium' })] }],
    ['a side effect', { ...base, grants: [aGrant({ allowedSideEffects: ['read', 'write'] })] }],
    ['a session', { ...base, sessions: [] }],
    ['consent', { ...base, sessions: [aSession({ consentedTrust: 'low' })] }],
    ['time', { ...base, sessions: [aSession({ expiresAt: minutesFromNow(30) })] }],
    ['by a revocation', { ...base, sessions: [aSession({ revoked: true })] }],
    ['a session from its subject', { ...base, sessions: [aSession({ subject: { humanID: 'bob' } })] }],
    [
      'by a deny',
      {
        ...base,
        grants: [...grants, aGrant({ name: 'd', toolRules: [{ name: 'add_note', decision: 'deny' }] })],
      },
    ],
    [
      'by a deny of a grant that nobody can attribute',
      {
        ...base,
        grants: [
          ...grants,
          {
            ...aGrant({ name: 'd' }),
            spec: {
              serverRef: { name: 'notes' },
              subject: 7,
              toolRules: [{ name: 'add_note', decision: 'deny' }],
            },
          },
        ],
      },
    ],
    [
      'by a condition',
      {
        ...base,
        grants: [aGrant({ toolRules: [{ name: 'read_note', decision: 'allow', condition: 'args.n > 1' }] })],
      },
    ],
    ['a tool', { ...base, server: aServer({ tools: [{ name: 'read_note', sideEffect: 'read' }] }) }],
    [
      'by a mode',
      {
        ...base,
        server: aServer({ auth: { mode: 'oauth', issuerURL: 'https://id.example.org', audience: 'a' } }),
      },
    ],
    ['by an idle timeout', { ...base, server: aServer({ session: { idleTimeout: '1m' } }) }],
  ])('%s is none that only adds', (_what, after) => {
    expect(additive(base, after)).toBe(false);
  });

  it('is any word of a grant on a tool that the default allows', () => {
    const server = aServer({ policy: { defaultDecision: 'allow' } });
    expect(additive({ server }, { server, grants: [aGrant({ maxTrust: 'low' })] })).toBe(false);
  });

  it('is one to a document that requires more', () => {
    const { document } = aPolicy(base);
    const after: PolicyContent = { ...document, requires: ['something-new'] };
    expect(isAdditive(document, after)).toBe(false);
  });
});

/** Two worlds that share a server and most objects. */
const aChange = fc
  .tuple(aRandomWorld, aRandomWorld, fc.array(aRandomGrant, { maxLength: 2 }), fc.boolean(), fc.boolean())
  .map(([world, other, further, sameSessions, sameTombstones]): readonly [World, World] => [
    world,
    {
      ...world,
      grants: [
        ...world.grants,
        ...further.map((grant, at) => ({ ...grant, metadata: { ...grant.metadata, name: `further-${at}` } })),
      ],
      sessions: sameSessions ? world.sessions : other.sessions,
      tombstones: sameTombstones ? world.tombstones : other.tombstones,
    },
  ]);

const aTime = fc.constantFrom(-200, -60, -1, 0, 1, 29, 31, 200).map((minutes) => NOW_MS + minutes * 60_000);

describe('a change that is said to only add', () => {
  it('denies no request at any time that passed before it', () => {
    let found = 0;
    const questions = fc.array(fc.tuple(aRandomQuestion, aTime), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.oneof(aChange, fc.tuple(aRandomWorld, aRandomWorld)),
        questions,
        ([one, other], asked) => {
          const [before, after] = [aPolicy(one).document, aPolicy(other).document];
          if (!isAdditive(before, after)) return;
          found += 1;
          const [past, future] = [indexPolicy(before), indexPolicy(after)];
          for (const [{ args, ...question }, nowMs] of asked) {
            const request = { ...question, method: 'tools/call', readArguments: () => args };
            if (decide(past, request, nowMs).outcome === 'deny') continue;
            expect(decide(future, request, nowMs).outcome).not.toBe('deny');
          }
        },
      ),
      RUNS,
    );
    // The property says something only where changes of both kinds occur.
    expect(found).toBeGreaterThan(RUNS.numRuns / 20);
    expect(found).toBeLessThan(RUNS.numRuns);
  });
});
