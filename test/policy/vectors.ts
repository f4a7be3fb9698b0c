// The test vectors of the evaluator in the Go system, with what they expected there and what they expect here. The
// table in docs/policy-vectors.md is this list.
import type { Decision, PolicyRequest } from '#policy/decision.ts';
import type { CompileInput } from '#policy/compile.ts';
import { aGrant, aPrincipal, aServer, aSession, minutesFromNow, NOBODY } from './build.ts';

export interface Vector {
  readonly name: string;
  /** What the Go system does. */
  readonly before: string;
  /** `outcome reason`, and what a caller is told where that differs. */
  readonly expected: string;
  /** Why it differs from the Go system. */
  readonly because?: string;
  readonly parts: Partial<CompileInput>;
  readonly request?: Partial<PolicyRequest>;
  readonly details?: Partial<Decision>;
}

const observing = () => aServer({ policy: { mode: 'observe' } });
const allowing = () => aServer({ policy: { defaultDecision: 'allow' } });
const withSessions = () => aServer({ session: { required: true } });
const teamCaller = aPrincipal({ teams: ['ops'] });
const allowsRead = { name: 'read_note', decision: 'allow' as const };
const revoked = aSession({ revoked: true });
const expired = aSession({ expiresAt: minutesFromNow(-1) });
const grantRef = (name: string) => ({ namespace: 'team-a', name });

const methods: readonly Vector[] = [
  {
    name: 'tools/list of an identified caller, no grant',
    before: 'allow',
    expected: 'allow allowed',
    parts: {},
    request: { method: 'tools/list', tool: undefined },
  },
  {
    name: 'tools/list without identity',
    before: 'allow',
    expected: 'deny missing_identity',
    because: 'every method is governed; a list is filtered for somebody',
    parts: {},
    request: {
      method: 'tools/list',
      tool: undefined,
      principal: aPrincipal({ human: undefined, agent: undefined }),
    },
  },
  {
    name: 'resources/read',
    before: 'allow',
    expected: 'deny method_not_allowed',
    because: 'what is not in the list of methods is closed',
    parts: {},
    request: { method: 'resources/read', tool: undefined },
  },
  {
    name: 'observe mode, no identity, tools/call',
    before: 'allow',
    expected: 'would_deny missing_identity',
    because: 'observe evaluates fully, lets pass and records what would have been denied',
    parts: { server: observing() },
    request: { principal: aPrincipal({ human: undefined, agent: undefined }) },
  },
];

const defaults: readonly Vector[] = [
  {
    name: 'default allow, no grant',
    before: 'allow no_matching_grant',
    expected: 'allow no_matching_grant',
    parts: { server: allowing() },
  },
  {
    name: 'default allow, no grant, destructive tool',
    before: 'allow no_matching_grant',
    expected: 'deny no_matching_grant, told unknown_tool',
    because: 'the default never covers destructive side effects',
    parts: { server: allowing() },
    request: { tool: 'delete_note' },
  },
  {
    name: 'default allow, no grant, tool without side effect',
    before: 'allow no_matching_grant',
    expected: 'deny tool_side_effect_unknown, told unknown_tool',
    because: 'the default never covers unknown side effects',
    parts: { server: allowing() },
    request: { tool: 'mystery' },
  },
  {
    name: 'default deny, no grant',
    before: 'deny no_matching_grant',
    expected: 'deny no_matching_grant, told unknown_tool',
    because: 'a tool is named only to callers whom a grant tells of it; the reason is the same in audit',
    parts: {},
  },
];

const sessions: readonly Vector[] = [
  {
    name: 'optional session, live session presented: its consent applies',
    before: 'deny trust_too_low',
    expected: 'deny trust_too_low',
    parts: { grants: [aGrant()], sessions: [aSession({ consentedTrust: 'low' })] },
    request: { tool: 'add_note', session: 'session' },
    details: {
      trust: { required: 'medium', admin: 'high', consented: 'low', effective: 'low' },
      needed: { trust: 'medium' },
      session: grantRef('session'),
    },
  },
  {
    name: 'optional session, none presented, a matching live session exists: ignored',
    before: 'allow allowed',
    expected: 'allow allowed',
    parts: { grants: [aGrant()], sessions: [aSession({ consentedTrust: 'low' })] },
    request: { tool: 'add_note' },
    details: { trust: { required: 'medium', admin: 'high', consented: undefined, effective: 'high' } },
  },
  {
    name: 'optional session, revoked',
    before: 'ignored: allow allowed',
    expected: 'deny session_revoked',
    because: 'a presented session has to be good, required or not',
    parts: { grants: [aGrant()], sessions: [revoked] },
    request: { session: 'session' },
    details: { needed: { session: true } },
  },
  {
    name: 'optional session, expired',
    before: 'ignored: allow allowed',
    expected: 'deny session_expired',
    because: 'a presented session has to be good, required or not',
    parts: { grants: [aGrant()], sessions: [expired] },
    request: { session: 'session' },
  },
  {
    name: 'optional session, unknown',
    before: 'ignored: allow allowed',
    expected: 'deny session_not_found',
    because: 'a presented session has to be good, required or not',
    parts: { grants: [aGrant()] },
    request: { session: 'session' },
  },
  {
    name: 'required session, none presented',
    before: 'deny missing_session',
    expected: 'deny missing_session',
    parts: { server: withSessions(), grants: [aGrant()], sessions: [aSession()] },
    details: { needed: { session: true } },
  },
  {
    name: 'required session, unknown',
    before: 'deny session_not_found',
    expected: 'deny session_not_found',
    parts: { server: withSessions(), grants: [aGrant()] },
    request: { session: 'session' },
  },
  {
    name: 'required session, revoked',
    before: 'deny session_revoked',
    expected: 'deny session_revoked',
    parts: { server: withSessions(), grants: [aGrant()], sessions: [revoked] },
    request: { session: 'session' },
  },
  {
    name: 'required session, expired',
    before: 'deny session_expired',
    expected: 'deny session_expired',
    parts: { server: withSessions(), grants: [aGrant()], sessions: [expired] },
    request: { session: 'session' },
  },
  {
    name: 'required session, expiry that is no time',
    before: 'deny session_expired',
    expected: 'deny session_not_found',
    because: 'an invalid session is reported on the object and left out of the policy',
    parts: { server: withSessions(), grants: [aGrant()], sessions: [aSession({ expiresAt: 'tomorrow' })] },
    request: { session: 'session' },
  },
  {
    name: "required session, its subject's team differs from the caller's",
    before: 'deny session_not_found',
    expected: 'deny session_not_found',
    parts: {
      server: withSessions(),
      grants: [aGrant()],
      sessions: [aSession({ subject: { humanID: 'alice', teamID: 'dev' } })],
    },
    request: { session: 'session', principal: teamCaller },
  },
];

const grants: readonly Vector[] = [
  {
    name: 'grant by team only, caller in the team',
    before: 'allow allowed',
    expected: 'allow allowed',
    parts: { grants: [aGrant({ subject: { teamID: 'ops' } })] },
    request: { principal: teamCaller },
    details: { grant: grantRef('grant') },
  },
  {
    name: 'grant with human, agent and team, one differs',
    before: 'deny no_matching_grant',
    expected: 'deny no_matching_grant, told unknown_tool',
    because: 'same reason in audit; the caller may not know of the tool',
    parts: { grants: [aGrant({ subject: { humanID: 'alice', agentID: 'scribe', teamID: 'dev' } })] },
    request: { principal: teamCaller },
  },
  {
    name: 'grant without rules, side effect allowed: any declared tool',
    before: 'allow allowed',
    expected: 'allow allowed',
    parts: { grants: [aGrant()] },
    request: { tool: 'delete_note' },
  },
  {
    name: 'grant that names the tool, side effect not in its list',
    before: 'deny side_effect_not_allowed',
    expected: 'deny side_effect_not_allowed',
    parts: {
      grants: [
        aGrant({ allowedSideEffects: ['read'], toolRules: [{ name: 'add_note', decision: 'allow' }] }),
      ],
    },
    request: { tool: 'add_note' },
    details: { needed: { sideEffect: 'write' } },
  },
  {
    name: 'grant without rules, side effect not in its list',
    before: 'deny side_effect_not_allowed',
    expected: 'deny side_effect_not_allowed, told unknown_tool',
    because: 'same reason in audit; such a grant covers only tools whose side effect it allows',
    parts: { grants: [aGrant({ allowedSideEffects: ['read'] })] },
    request: { tool: 'add_note' },
  },
  {
    name: 'grant that names the tool, empty list of side effects',
    before: 'deny side_effect_not_allowed',
    expected: 'deny side_effect_not_allowed',
    parts: { grants: [aGrant({ allowedSideEffects: [], toolRules: [allowsRead] })] },
  },
  {
    name: 'undeclared tool with a rule that allows it',
    before: 'deny tool_side_effect_unknown',
    expected: 'deny tool_side_effect_unknown',
    parts: { grants: [aGrant({ toolRules: [{ name: 'ghost', decision: 'allow' }] })] },
    request: { tool: 'ghost' },
  },
  {
    name: 'a rule asks for high trust in a grant without the side effect, another grant has it',
    before: "allow allowed; the effect-less grant's requirement is ignored",
    expected: 'allow allowed',
    parts: {
      grants: [
        aGrant({ name: 'has-it', maxTrust: 'low' }),
        aGrant({
          name: 'lacks-it',
          allowedSideEffects: [],
          toolRules: [{ ...allowsRead, requiredTrust: 'high' }],
        }),
      ],
    },
    details: { grant: grantRef('has-it') },
  },
  {
    name: 'a rule asks for high trust in one grant, another covers the tool with less',
    before: 'deny trust_too_low',
    expected: 'allow allowed',
    because: 'a rule binds its own grant; adding a grant takes nothing away',
    parts: {
      grants: [
        aGrant({ name: 'plain', maxTrust: 'medium' }),
        aGrant({ name: 'strict', maxTrust: 'medium', toolRules: [{ ...allowsRead, requiredTrust: 'high' }] }),
      ],
    },
    details: { grant: grantRef('plain') },
  },
  {
    name: 'one grant gives the tool, another the trust',
    before: 'allow allowed',
    expected: 'deny trust_too_low',
    because: 'one grant has to satisfy everything by itself',
    parts: {
      grants: [
        aGrant({ name: 'tool', maxTrust: 'low', toolRules: [{ name: 'add_note', decision: 'allow' }] }),
        aGrant({ name: 'trust', maxTrust: 'high', allowedSideEffects: [] }),
      ],
    },
    request: { tool: 'add_note' },
    details: { grant: grantRef('tool') },
  },
  {
    name: 'two grants, the second gives more trust: attributed to the higher',
    before: 'allow allowed',
    expected: 'allow allowed',
    parts: { grants: [aGrant({ name: 'a-low', maxTrust: 'low' }), aGrant({ name: 'b-high' })] },
    details: {
      grant: grantRef('b-high'),
      trust: { required: 'low', admin: 'high', consented: undefined, effective: 'high' },
    },
  },
  {
    name: 'deny rule in any matching enabled grant',
    before: 'deny tool_denied',
    expected: 'deny tool_denied',
    parts: {
      grants: [
        aGrant({ name: 'allows' }),
        aGrant({
          name: 'denies',
          subject: { agentID: 'scribe' },
          toolRules: [{ name: 'read_note', decision: 'deny' }],
        }),
      ],
    },
    details: { grant: grantRef('denies') },
  },
  {
    name: 'disabled grant only',
    before: 'deny tool_not_granted',
    expected: 'deny tool_not_granted, told unknown_tool',
    because: 'same reason in audit; a grant that is off tells nobody of a tool',
    parts: { grants: [aGrant({ disabled: true })] },
  },
  {
    name: 'consent low, tool asks for medium',
    before: 'deny trust_too_low',
    expected: 'deny trust_too_low',
    parts: { grants: [aGrant()], sessions: [aSession({ consentedTrust: 'low' })] },
    request: { tool: 'add_note', session: 'session' },
    details: { trust: { required: 'medium', admin: 'high', consented: 'low', effective: 'low' } },
  },
];

const subjects: readonly Vector[] = [
  {
    name: 'empty subject, verified caller',
    before: "matches the server's team, or nobody",
    expected: 'allow allowed',
    because: 'an empty subject means any verified caller; nothing is filled in from the server',
    parts: {
      server: aServer({ auth: { mode: 'oauth', issuerURL: 'https://id.example.org', audience: 'notes' } }),
      grants: [aGrant({ subject: {} })],
    },
    request: { principal: aPrincipal({ assurance: 'verified' }) },
  },
  {
    name: 'empty subject, caller who only asserts who they are',
    before: "matches the server's team, or nobody",
    expected: 'deny no_matching_grant, told unknown_tool',
    because: 'asserted callers count only where the server says so',
    parts: { grants: [aGrant({ subject: {} })] },
  },
  {
    name: 'empty subject, asserted caller, server that accepts them',
    before: "matches the server's team, or nobody",
    expected: 'allow allowed',
    because: 'asserted callers count where the server says so',
    parts: {
      server: aServer({ access: { emptySubjectMatchesAsserted: true } }),
      grants: [aGrant({ subject: {} })],
    },
  },
  {
    name: 'empty subject denies the tool, caller who only asserts who they are',
    before: 'allow allowed',
    expected: 'deny tool_denied',
    because: 'denies of an empty subject bind everybody; whoever proves nothing gains nothing by it',
    parts: {
      grants: [
        aGrant(),
        aGrant({ name: 'closed', subject: {}, toolRules: [{ name: 'read_note', decision: 'deny' }] }),
      ],
    },
  },
  {
    name: 'auth mode none, no identity, grant for anonymous callers',
    before: 'deny missing_identity',
    expected: 'allow allowed',
    because: 'mode none identifies nobody; a grant can say that this is meant',
    parts: {
      server: aServer({ auth: { mode: 'none' } }),
      grants: [aGrant({ subject: { anonymous: true } })],
    },
    request: { principal: NOBODY },
  },
  {
    name: 'two grants of one name in two namespaces',
    before: 'the policy of the server is frozen',
    expected: 'allow allowed',
    because: 'names are unique within a namespace; other namespaces count where the server lists them',
    parts: {
      server: aServer({ access: { fromNamespaces: ['team-b'] } }),
      grants: [
        aGrant({ maxTrust: 'low' }),
        aGrant({ namespace: 'team-b', serverRef: { name: 'notes', namespace: 'team-a' } }),
      ],
    },
    details: { grant: { namespace: 'team-b', name: 'grant' } },
  },
];

export const VECTORS: readonly Vector[] = [...methods, ...defaults, ...sessions, ...grants, ...subjects];

/** The documentation of the vectors, one table row each. */
export function vectorRows(): readonly (readonly string[])[] {
  return VECTORS.map(({ name, before, expected, because }) => [name, before, expected, because ?? '']);
}
