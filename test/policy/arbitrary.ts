// Random worlds: small pools of names, so that grants, sessions and callers meet often, and every kind of bad object.
import fc from 'fast-check';
import type { McpServer } from '#api/mcp-server.ts';
import type { Principal } from '#api/principal.ts';
import { SIDE_EFFECTS } from '#api/side-effect.ts';
import { TRUST_LEVELS } from '#api/trust.ts';
import { aServer, minutesFromNow, NOBODY } from './build.ts';
import type { Question, RawGrant, RawSession, World } from './linear.ts';

const pick = <const Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });

const humans = pick('alice', 'bob');
const agents = pick('scribe', 'clerk');
const teams = pick('ops', 'dev');
const namespaces = pick('team-a', 'team-a', 'team-b', 'team-c');
const toolNames = pick('read_note', 'add_note', 'delete_note', 'mystery', 'ghost');
const trusts = pick(...TRUST_LEVELS);

/** What the conditions of random grants mean, said once more in TypeScript. */
export const CONDITIONS: World['conditions'] = {
  'args.n > 1': (args) => (hasNumber(args) ? args.n > 1 : 'fails'),
  'args.n < 3': (args) => (hasNumber(args) ? args.n < 3 : 'fails'),
  'has(args.n)': (args) => hasNumber(args),
};

function hasNumber(args: unknown): args is { readonly n: number } {
  return typeof args === 'object' && args !== null && 'n' in args && typeof args.n === 'number';
}

const conditions = pick(...Object.keys(CONDITIONS), 'args.n.matches("1")', 'this is no CEL');

const subject = fc.oneof(
  fc.record({ humanID: maybe(humans), agentID: maybe(agents), teamID: maybe(teams) }),
  fc.record({ humanID: humans }),
  fc.constant({ anonymous: true }),
  fc.constant({}),
  pick<unknown>('everybody', { humanID: 7 }, { anonymous: true, humanID: 'alice' }),
);

const toolRule = fc.record(
  {
    name: toolNames,
    decision: pick('allow', 'allow', 'deny'),
    requiredTrust: trusts,
    condition: conditions,
  },
  { requiredKeys: ['name', 'decision'] },
);

const grantSpec = fc.record(
  {
    serverRef: fc.constant({ name: 'notes', namespace: 'team-a' }),
    subject,
    maxTrust: fc.oneof({ weight: 9, arbitrary: trusts }, { weight: 1, arbitrary: fc.constant('enormous') }),
    allowedSideEffects: fc.subarray([...SIDE_EFFECTS]),
    toolRules: fc.uniqueArray(toolRule, { selector: ({ name }) => name, maxLength: 3 }),
    disabled: fc.boolean(),
  },
  { requiredKeys: ['serverRef', 'maxTrust'] },
);

const apiVersion = 'mcpruntime.org/v1alpha1';

export const aRandomGrant: fc.Arbitrary<RawGrant> = fc
  .record({ namespace: namespaces, name: pick('g1', 'g2', 'g3', 'g4', 'g5', 'g6'), spec: grantSpec })
  .map(({ namespace, name, spec }) => ({
    apiVersion,
    kind: 'MCPAccessGrant',
    metadata: { namespace, name },
    spec,
  }));

const instants = pick(-120, -1, 0, 1, 30, 120).map(minutesFromNow);

const sessionSpec = fc.record(
  {
    serverRef: fc.constant({ name: 'notes', namespace: 'team-a' }),
    subject: fc.oneof(
      fc.record({ humanID: humans }),
      fc.record({ humanID: maybe(humans), agentID: agents, teamID: maybe(teams) }),
      fc.constant({}),
    ),
    consentedTrust: trusts,
    expiresAt: fc.oneof(
      { weight: 9, arbitrary: instants },
      { weight: 1, arbitrary: fc.constant('tomorrow') },
    ),
    revoked: fc.boolean(),
  },
  { requiredKeys: ['serverRef', 'subject', 'consentedTrust'] },
);

export const aRandomSession: fc.Arbitrary<RawSession> = fc
  .record({
    metadata: fc.record(
      { namespace: namespaces, name: pick('s1', 's2', 's3'), creationTimestamp: instants },
      { requiredKeys: ['namespace', 'name'] },
    ),
    spec: sessionSpec,
  })
  .map((session) => ({ apiVersion, kind: 'MCPAgentSession', ...session }));

const aRandomServer: fc.Arbitrary<McpServer> = fc
  .record({
    mode: pick('header', 'header', 'oauth', 'none'),
    policy: fc.record({
      mode: pick('allow-list', 'allow-list', 'observe'),
      defaultDecision: pick('deny', 'deny', 'allow'),
    }),
    required: fc.boolean(),
    emptySubjectMatchesAsserted: fc.boolean(),
  })
  .map(({ mode, policy, required, emptySubjectMatchesAsserted }) =>
    aServer({
      auth: { mode, issuerURL: 'https://id.example.org', audience: 'notes' },
      policy,
      session: { required, maxLifetime: '1h', idleTimeout: '30m' },
      access: { fromNamespaces: ['team-b'], emptySubjectMatchesAsserted },
    }),
  );

const keyOf = ({ metadata }: RawGrant | RawSession) => `${metadata.namespace}/${metadata.name}`;

const tombstones = fc.array(
  fc.record({ namespace: namespaces, name: pick('s1', 's2', 's3'), until: instants }),
  { maxLength: 1 },
);

export const aRandomWorld: fc.Arbitrary<World> = fc.record({
  server: aRandomServer,
  grants: fc.uniqueArray(aRandomGrant, { selector: keyOf, maxLength: 8 }),
  sessions: fc.uniqueArray(aRandomSession, { selector: keyOf, maxLength: 4 }),
  tombstones,
  maxLifetimeMs: fc.constant(3_600_000),
  idleTimeoutMs: fc.constant(1_800_000),
  conditions: fc.constant(CONDITIONS),
});

const aRandomPrincipal: fc.Arbitrary<Principal> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      assurance: pick('asserted', 'verified'),
      human: maybe(humans),
      agent: maybe(agents),
      teams: fc.subarray(['ops', 'dev']),
    }),
  },
  { weight: 1, arbitrary: fc.constant(NOBODY) },
);

export const aRandomQuestion: fc.Arbitrary<Question> = fc.record({
  principal: aRandomPrincipal,
  tool: toolNames,
  session: maybe(pick('s1', 's2', 's3', 'team-a/s1', 'team-b/s1', 'team-c/s1')),
  sessionLastUsedMs: maybe(pick(-60, -30, -1).map((minutes) => Date.parse(minutesFromNow(minutes)))),
  args: pick<unknown>({}, { n: 1 }, { n: 2 }, { n: 5 }, undefined),
});
