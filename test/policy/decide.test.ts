import { describe, expect, it } from '@jest/globals';
import type { PolicyRequest } from '#policy/decision.ts';
import { decide } from '#policy/decide.ts';
import { sealPolicy, type PolicyContent } from '#policy/document.ts';
import { explain } from '#policy/explain.ts';
import { OPEN_METHODS } from '#policy/methods.ts';
import { indexPolicy, type PolicyIndex } from '#policy/policy-index.ts';
import { isToolVisible, visibleTools } from '#policy/visible-tools.ts';
import {
  aCall,
  aGrant,
  anIndex,
  aPolicy,
  aPrincipal,
  aServer,
  aSession,
  decided,
  minutesFromNow,
  NOBODY,
  NOW_MS,
} from './build.ts';

const nameless = aPrincipal({ human: undefined, agent: undefined });
const method = (name: string): Partial<PolicyRequest> => ({ method: name, tool: undefined });

/** An index over a document as another version of the compiler might write it. */
function indexWith(change: (content: PolicyContent) => Partial<PolicyContent>): PolicyIndex {
  const { document } = aPolicy({
    grants: [aGrant({ toolRules: [{ name: 'read_note', decision: 'allow' }] })],
  });
  return indexPolicy(sealPolicy({ ...document, ...change(document) }, document.inputs, document.epoch));
}

describe('methods', () => {
  it.each(OPEN_METHODS.filter((name) => name !== 'tools/call'))(
    '%s is open to every identified caller, and to nobody else',
    (name) => {
      expect(decided({}, method(name))).toMatchObject({ outcome: 'allow', reason: 'allowed' });
      expect(decided({}, { ...method(name), principal: nameless }).reason).toBe('missing_identity');
    },
  );

  it('ask for no session, but a presented one has to be good', () => {
    const parts = {
      server: aServer({ session: { required: true } }),
      sessions: [aSession({ revoked: true })],
    };
    expect(decided(parts, method('initialize')).reason).toBe('allowed');
    expect(decided(parts, { ...method('initialize'), session: 'session' }).reason).toBe('session_revoked');
    expect(decided(parts, { ...method('tools/list'), session: 'nope' }).reason).toBe('session_not_found');
  });

  it.each(['resources/read', 'prompts/get', 'TOOLS/CALL', 'sampling/createMessage', '__proto__', ''])(
    '%j is closed',
    (name) => {
      expect(decided({ grants: [aGrant()] }, method(name))).toMatchObject({
        outcome: 'deny',
        reason: 'method_not_allowed',
        disclosedReason: 'method_not_allowed',
      });
    },
  );

  it('a call that names no tool calls an unknown one', () => {
    expect(decided({ grants: [aGrant()] }, { tool: undefined }).reason).toBe('unknown_tool');
  });
});

describe('identity', () => {
  const oauth = aServer({ auth: { mode: 'oauth', issuerURL: 'https://id.example.org', audience: 'notes' } });

  it('is missing where headers name nobody, and the headers that would do are named', () => {
    expect(decided({}, { principal: nameless })).toMatchObject({
      reason: 'missing_identity',
      needed: { identity: ['X-MCP-Human-ID', 'X-MCP-Agent-ID', 'X-MCP-Team-ID'] },
    });
  });

  it('is missing where a proof is asked for and only headers name somebody', () => {
    const decision = decided({ server: oauth, grants: [aGrant()] });
    expect(decision).toMatchObject({ reason: 'missing_identity', needed: { identity: ['Authorization'] } });
    const verified = { principal: aPrincipal({ assurance: 'verified' }) };
    expect(decided({ server: oauth, grants: [aGrant()] }, verified).reason).toBe('allowed');
  });

  it('anonymous callers pass only where the server identifies nobody, and match no other subject', () => {
    const none = aServer({ auth: { mode: 'none' } });
    const grants = [aGrant({ subject: {} })];
    expect(decided({ grants }, { principal: NOBODY }).reason).toBe('missing_identity');
    expect(decided({ server: none, grants }, { principal: NOBODY }).reason).toBe('no_matching_grant');
    const named = { ...NOBODY, human: 'alice' };
    expect(decided({ server: none, grants: [aGrant()] }, { principal: named }).reason).toBe(
      'no_matching_grant',
    );
  });

  it('a grant for anonymous callers matches nobody who has a name', () => {
    expect(decided({ grants: [aGrant({ subject: { anonymous: true } })] }).reason).toBe('no_matching_grant');
  });

  it('several teams count together', () => {
    const grants = [
      aGrant({
        name: 'ops',
        subject: { teamID: 'ops' },
        toolRules: [{ name: 'read_note', decision: 'allow' }],
      }),
      aGrant({
        name: 'dev',
        subject: { teamID: 'dev' },
        toolRules: [{ name: 'read_note', decision: 'deny' }],
      }),
    ];
    const inTeams = (...teams: string[]) => decided({ grants }, { principal: aPrincipal({ teams }) }).reason;
    expect(inTeams('ops')).toBe('allowed');
    expect(inTeams('ops', 'dev')).toBe('tool_denied');
    expect(inTeams('dev', 'ops')).toBe('tool_denied');
  });
});

describe('a presented session', () => {
  const parts = { grants: [aGrant()], sessions: [aSession({ expiresAt: minutesFromNow(60) })] };
  const at = (minutes: number, request: Partial<PolicyRequest> = {}) =>
    decided(parts, { session: 'session', ...request }, NOW_MS + minutes * 60_000).reason;

  it('is good until the instant of its end', () => {
    expect(at(59)).toBe('allowed');
    expect(at(60)).toBe('session_expired');
  });

  it('ends when it was not used for the idle timeout', () => {
    const sessionLastUsedMs = NOW_MS - 60 * 60_000;
    expect(at(0, { sessionLastUsedMs })).toBe('session_expired');
    expect(at(0, { sessionLastUsedMs: sessionLastUsedMs + 1 })).toBe('allowed');
  });

  it("that is somebody else's looks unknown", () => {
    const bob = aPrincipal({ human: 'bob' });
    expect(decided(parts, { session: 'session', principal: bob })).toMatchObject({
      reason: 'session_not_found',
      disclosedReason: 'session_not_found',
      session: undefined,
    });
  });

  it.each(['', '/', 'team-a/', '/session', 'team-a/session/x', '__proto__'])(
    '%j is no session',
    (session) => {
      expect(decided(parts, { session }).reason).toBe('session_not_found');
    },
  );
});

describe('what a caller is told', () => {
  const told = (parts: Parameters<typeof decided>[0], request?: Partial<PolicyRequest>) =>
    decided(parts, request).disclosedReason;
  const readOnly = [aGrant({ maxTrust: 'low', allowedSideEffects: ['read'] })];

  it('is the full reason where a grant covers the tool, whatever trust says', () => {
    expect(told({ grants: [aGrant({ maxTrust: 'low' })] }, { tool: 'delete_note' })).toBe('trust_too_low');
  });

  it('is that there is no such tool where no grant names or covers it', () => {
    expect(told({ grants: readOnly }, { tool: 'delete_note' })).toBe('unknown_tool');
    expect(told({ grants: readOnly }, { tool: 'never-heard-of' })).toBe('unknown_tool');
    expect(decided({ grants: readOnly }, { tool: 'delete_note' }).needed).toBeUndefined();
  });

  it('is the full reason of a rule that denies', () => {
    const grants = [aGrant({ toolRules: [{ name: 'delete_note', decision: 'deny' }] })];
    expect(told({ grants }, { tool: 'delete_note' })).toBe('tool_denied');
  });

  it('is the state of the session, whatever the tool', () => {
    const parts = { grants: readOnly, sessions: [aSession({ revoked: true })] };
    expect(told(parts, { tool: 'delete_note', session: 'session' })).toBe('session_revoked');
  });

  it('is the full reason where the default allows, for declared tools that destroy nothing', () => {
    const server = aServer({ policy: { defaultDecision: 'allow' } });
    const grants = [
      aGrant({ toolRules: [{ name: 'read_note', decision: 'deny' }], subject: { humanID: 'bob' } }),
    ];
    expect(told({ server, grants }, { tool: 'add_note' })).toBe('no_matching_grant');
    expect(told({ server, grants }, { tool: 'delete_note' })).toBe('unknown_tool');
    expect(told({ server, grants }, { tool: 'mystery' })).toBe('unknown_tool');
  });
});

describe('a feature that is unknown here', () => {
  it('denies everything where the whole document requires it, observed or not', () => {
    const index = indexWith(({ policy }) => ({
      requires: ['telepathy'],
      policy: { ...policy, mode: 'observe' },
    }));
    expect(decide(index, aCall(), NOW_MS)).toMatchObject({
      outcome: 'deny',
      reason: 'policy_feature_missing',
    });
    expect(decide(index, aCall(method('ping')), NOW_MS).outcome).toBe('deny');
  });

  it('keeps an allow from applying and makes a deny apply', () => {
    const requires = ['telepathy'];
    const requiring = (kind: 'allow' | 'deny') =>
      indexWith(({ subjects }) => ({
        subjects: subjects.map((record) => ({
          ...record,
          rules: record.rules.map(({ tool, allow }) => ({
            tool,
            allow: allow.map((entry) => (kind === 'allow' ? { ...entry, requires } : entry)),
            deny: kind === 'deny' ? allow.map(({ grant }) => ({ grant, condition: 'false', requires })) : [],
          })),
        })),
      }));
    expect(decide(requiring('allow'), aCall(), NOW_MS).reason).toBe('policy_feature_missing');
    expect(decide(requiring('deny'), aCall(), NOW_MS).reason).toBe('tool_denied');
  });
});

describe('a list of tools', () => {
  const grants = [aGrant({ maxTrust: 'medium', allowedSideEffects: ['read', 'write'] })];
  const caller = { principal: aPrincipal() };

  it('has what a call would pass for now, and nothing else', () => {
    const index = anIndex({ grants });
    expect(visibleTools(index, caller, NOW_MS)).toEqual(['add_note', 'read_note']);
    for (const { name } of index.document.tools) {
      const passes = decide(index, aCall({ tool: name }), NOW_MS).outcome === 'allow';
      expect(isToolVisible(index, caller, name, NOW_MS)).toBe(passes);
    }
  });

  it('shrinks with the consent of the session and is empty where one is missing', () => {
    const server = aServer({ session: { required: true } });
    const index = anIndex({ server, grants, sessions: [aSession({ consentedTrust: 'low' })] });
    expect(visibleTools(index, { ...caller, session: 'session' }, NOW_MS)).toEqual(['read_note']);
    expect(visibleTools(index, caller, NOW_MS)).toEqual([]);
  });

  it('hides tools that the server offers and nobody declared', () => {
    expect(isToolVisible(anIndex({ grants: [aGrant()] }), caller, 'debug_dump', NOW_MS)).toBe(false);
  });

  it('hides nothing while the server only observes', () => {
    const index = anIndex({ server: aServer({ policy: { mode: 'observe' } }) });
    expect(isToolVisible(index, caller, 'debug_dump', NOW_MS)).toBe(true);
  });
});

describe('an explanation', () => {
  it('tells the steps in the order in which they were taken', () => {
    const index = anIndex({ grants: [aGrant({ maxTrust: 'low' })], sessions: [aSession()] });
    const { steps } = explain(index, aCall({ tool: 'add_note', session: 'session' }), NOW_MS);
    expect(steps.map(({ step, outcome }) => `${step}: ${outcome}`)).toEqual([
      'method: pass',
      'identity: pass',
      'session: pass',
      'tool: note',
      'subjects: note',
      'deny rules: pass',
      'grant: fail',
      'decision: fail',
    ]);
    expect(steps.at(-2)?.detail).toBe(
      'team-a/grant gives low trust, asks for low, allows side effect write: trust_too_low',
    );
  });
});
