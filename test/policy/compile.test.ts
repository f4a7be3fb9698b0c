import { describe, expect, it } from '@jest/globals';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { aGrant, anIndex, aPolicy, aPrincipal, aServer, aSession, decided, minutesFromNow } from './build.ts';

const stateOf = (...grants: readonly object[]) =>
  aPolicy({ grants }).reports.grants.map(({ name, state }) => `${name} ${state}`);

describe('the document of a server', () => {
  it('says what the server, its defaults and the installation say', () => {
    const { document } = aPolicy({
      server: aServer({
        teamID: 'team-1',
        auth: { mode: 'oauth', issuerURL: 'https://id.example.org', audience: 'notes' },
        policy: { maxStaleness: '1h30m', policyVersion: 'v7' },
        session: { required: true, idleTimeout: '15m' },
        audit: { durability: 'strict' },
      }),
      config: { ...DEFAULT_OPERATOR_CONFIG, clusterName: 'east' },
    });
    expect(document).toMatchObject({
      server: { namespace: 'team-a', name: 'notes', teamId: 'team-1', cluster: 'east' },
      auth: {
        mode: 'oauth',
        issuerUrl: 'https://id.example.org',
        audience: 'notes',
        humanHeader: 'X-MCP-Human-ID',
      },
      policy: { mode: 'allow-list', defaultDecision: 'deny', version: 'v7', maxStalenessSeconds: 5400 },
      session: { required: true, idleTimeoutSeconds: 900 },
      audit: { durability: 'strict' },
    });
  });

  it('can be compiled while the gateway is off', () => {
    const { document } = aPolicy({ server: aServer({ gateway: { enabled: false } }) });
    expect(document.auth.mode).toBe('header');
  });

  it('lists the tools in code-point order, with the risk that follows from them', () => {
    const { document } = aPolicy();
    expect(document.tools.map(({ name, riskLevel }) => `${name} ${riskLevel}`)).toEqual([
      'add_note medium',
      'delete_note high',
      'mystery low',
      'read_note low',
    ]);
  });
});

describe('rates and what is recorded', () => {
  const tools = [{ name: 'read_note', sideEffect: 'read' as const, rate: { perMinute: 60 } }];

  it('are in the document as the server says, with the burst that goes without saying', () => {
    const { document } = aPolicy({
      server: aServer({
        tools,
        policy: { subjectRate: { perMinute: 600, burst: 5 } },
        audit: { arguments: 'digest', redact: ['path', 'client_ip'] },
      }),
    });
    expect(document).toMatchObject({
      requires: ['rates', 'arguments-digest', 'redaction'],
      limits: { subjectRate: { perMinute: 600, burst: 5 } },
      audit: { arguments: 'digest', redact: ['client_ip', 'path'] },
      tools: [{ name: 'read_note', rate: { perMinute: 60, burst: 2 } }],
    });
    expect(document.policy).not.toHaveProperty('subjectRate');
  });

  it('have a burst of at least one', () => {
    const rare = [{ name: 'read_note', sideEffect: 'read' as const, rate: { perMinute: 1 } }];
    expect(aPolicy({ server: aServer({ tools: rare }) }).document.tools[0]?.rate?.burst).toBe(1);
  });

  it.each([
    ['a rate of a tool', { tools }, ['rates']],
    ['a rate of callers', { policy: { subjectRate: { perMinute: 1 } } }, ['rates']],
    ['a digest of arguments', { audit: { arguments: 'digest' as const } }, ['arguments-digest']],
    ['a redacted field', { audit: { redact: ['client' as const] } }, ['redaction']],
  ])('need a proxy that knows them: %s', (_what, changes, features) => {
    expect(aPolicy({ server: aServer(changes) }).document.requires).toEqual(features);
  });

  it('leave no trace where a server says nothing of them', () => {
    const silent = aServer({ audit: { arguments: 'none', redact: [] } });
    const { document } = aPolicy({ server: silent });
    expect(document.requires).toEqual([]);
    expect(document.audit).toEqual({ durability: 'by-effect' });
    expect(document).not.toHaveProperty('limits');
    expect(document.tools.some((tool) => 'rate' in tool)).toBe(false);
  });
});

describe('the report of a grant', () => {
  it('says bound, disabled, invalid or unbound', () => {
    const states = stateOf(
      aGrant({ name: 'bound' }),
      aGrant({ name: 'disabled', disabled: true }),
      { ...aGrant({ name: 'invalid' }), spec: { serverRef: { name: 'notes' }, maxTrust: 'enormous' } },
      aGrant({ name: 'elsewhere', serverRef: { name: 'other' } }),
      { nonsense: true },
    );
    expect(states).toEqual([
      ' unbound',
      'bound bound',
      'disabled disabled',
      'elsewhere unbound',
      'invalid invalid',
    ]);
  });

  it('says that the server does not accept the namespace, and nothing of the grant counts', () => {
    const foreign = aGrant({ namespace: 'team-b', serverRef: { name: 'notes', namespace: 'team-a' } });
    const { document, reports } = aPolicy({ grants: [foreign] });
    expect(reports.grants[0]?.state).toBe('namespace_not_allowed');
    expect(document.subjects).toEqual([]);
    const server = aServer({ access: { fromNamespaces: ['team-b'] } });
    expect(aPolicy({ server, grants: [foreign] }).reports.grants[0]?.state).toBe('bound');
  });

  it('has every problem of an invalid grant with its path', () => {
    const grant = aGrant({ name: 'bad' });
    const spec = { serverRef: { name: 'notes' }, maxTrust: 'enormous', allowedSideEffects: ['magic'] };
    const [report] = aPolicy({ grants: [{ ...grant, spec }] }).reports.grants;
    expect(report?.problems.map(({ path }) => path)).toEqual(['spec.maxTrust', 'spec.allowedSideEffects[0]']);
  });

  it('warns of tools that the server does not declare, unusable conditions and subjects that match nobody', () => {
    const { reports } = aPolicy({
      grants: [
        aGrant({
          subject: {},
          toolRules: [
            { name: 'ghost', decision: 'allow' },
            { name: 'read_note', decision: 'allow', condition: 'args.a.matches("x")' },
          ],
        }),
      ],
    });
    expect(reports.grants[0]).toMatchObject({ state: 'bound', problems: [] });
    expect(reports.grants[0]?.warnings.map(({ path }) => path)).toEqual([
      'spec.toolRules[0].name',
      'spec.toolRules[1].condition',
      'spec.subject',
    ]);
  });
});

describe('an invalid grant', () => {
  const invalid = (spec: object) => ({
    ...aGrant({ name: 'bad' }),
    spec: { serverRef: { name: 'notes' }, subject: { humanID: 'alice' }, maxTrust: 'enormous', ...spec },
  });
  const denying = [{ name: 'read_note', decision: 'deny' }];

  it('loses its allows and stops no other grant', () => {
    expect(decided({ grants: [invalid({ allowedSideEffects: ['read'] })] }).reason).toBe('tool_not_granted');
    expect(decided({ grants: [invalid({}), aGrant({ name: 'good' })] }).reason).toBe('allowed');
  });

  it('keeps its denies', () => {
    const decision = decided({ grants: [invalid({ toolRules: denying }), aGrant({ name: 'good' })] });
    expect(decision).toMatchObject({ reason: 'tool_denied', grant: { name: 'bad' } });
  });

  it.each([[{ humanID: 7 }], ['everybody'], [{ anonymous: true, humanID: 'alice' }]])(
    'denies its tools to everybody where nobody can tell whom %j means',
    (subject) => {
      const grants = [
        invalid({ subject, toolRules: denying }),
        aGrant({ name: 'good', subject: { humanID: 'bob' } }),
      ];
      const decision = decided({ grants }, { principal: aPrincipal({ human: 'bob' }) });
      expect(decision).toMatchObject({ reason: 'tool_denied', grant: { name: 'bad' } });
      expect(decided({ grants }, { principal: aPrincipal({ human: 'bob' }), tool: 'add_note' }).reason).toBe(
        'allowed',
      );
    },
  );

  it('neither allows nor denies where it is disabled too', () => {
    const grants = [invalid({ disabled: true, toolRules: denying }), aGrant({ name: 'good' })];
    expect(decided({ grants }).reason).toBe('allowed');
  });

  it('is one whose name another has, and both lose their allows', () => {
    const { reports } = aPolicy({ grants: [aGrant(), aGrant({ maxTrust: 'low' })] });
    expect(reports.grants.map(({ state }) => state)).toEqual(['invalid', 'invalid']);
    expect(decided({ grants: [aGrant(), aGrant({ maxTrust: 'low' })] }).reason).toBe('tool_not_granted');
  });
});

describe('a session', () => {
  const endOf = (session: object, maxLifetime = '24h') =>
    aPolicy({ server: aServer({ session: { maxLifetime } }), sessions: [session] }).document.sessions[0]
      ?.expiresAt;

  it('ends at the earlier of its own end and its creation plus the longest lifetime', () => {
    const createdAt = minutesFromNow(0);
    expect(endOf(aSession({ createdAt, expiresAt: minutesFromNow(60) }))).toBe(minutesFromNow(60));
    expect(endOf(aSession({ createdAt, expiresAt: minutesFromNow(60) }), '30m')).toBe(minutesFromNow(30));
    expect(endOf(aSession({ createdAt, expiresAt: undefined }), '30m')).toBe(minutesFromNow(30));
    expect(endOf(aSession({ expiresAt: undefined }))).toBeUndefined();
    expect(endOf(aSession({ expiresAt: '2026-01-01T14:00:00+02:00' }))).toBe('2026-01-01T12:00:00.000Z');
  });

  it('has an end that can be written, however long it may live', () => {
    const longest = `${'9'.repeat(31)}h`;
    expect(endOf(aSession({ createdAt: minutesFromNow(0), expiresAt: undefined }), longest)).toBe(
      '9999-12-31T23:59:59.999Z',
    );
  });

  it('is left out, and reported, where it is invalid', () => {
    const { document, reports } = aPolicy({ sessions: [aSession({ subject: {} })] });
    expect(document.sessions).toEqual([]);
    expect(reports.sessions[0]).toMatchObject({ state: 'invalid', problems: [{ path: 'spec.subject' }] });
  });

  it('of another namespace is found by namespace and name, where the server accepts it', () => {
    const server = aServer({ access: { fromNamespaces: ['team-b'] } });
    const session = aSession({ namespace: 'team-b', serverRef: { name: 'notes', namespace: 'team-a' } });
    const ask = (id: string, sessions = [session]) =>
      decided({ server, grants: [aGrant()], sessions }, { session: id }).reason;
    expect(ask('team-b/session')).toBe('allowed');
    expect(ask('session')).toBe('session_not_found');
    expect(decided({ grants: [aGrant()], sessions: [session] }, { session: 'team-b/session' }).reason).toBe(
      'session_not_found',
    );
  });
});

describe('a tombstone', () => {
  const until = minutesFromNow(30);
  const tombstones = [{ namespace: 'team-a', name: 'session', uid: 'first', until }];
  const reasonOf = (session: object) =>
    decided({ grants: [aGrant()], sessions: [session], tombstones }, { session: 'session' }).reason;

  it('revokes the object that it speaks of, for ever', () => {
    expect(reasonOf(aSession({ uid: 'first', createdAt: minutesFromNow(31) }))).toBe('session_revoked');
  });

  it('revokes an object that is applied again before its time', () => {
    expect(reasonOf(aSession({ uid: 'second', createdAt: minutesFromNow(1) }))).toBe('session_revoked');
    expect(reasonOf(aSession({ uid: 'second' }))).toBe('session_revoked');
  });

  it('says nothing of a new object that is created after its time, or of another name', () => {
    expect(reasonOf(aSession({ uid: 'second', createdAt: minutesFromNow(31) }))).toBe('allowed');
    const index = { grants: [aGrant()], sessions: [aSession({ name: 'other' })], tombstones };
    expect(decided(index, { session: 'other' }).reason).toBe('allowed');
  });
});

describe('an index', () => {
  it('compiles a condition once, however many rules have it', () => {
    const toolRules = [{ name: 'read_note', decision: 'allow' as const, condition: 'args.n < 2' }];
    const index = anIndex({
      grants: [
        aGrant({ name: 'a', toolRules }),
        aGrant({ name: 'b', subject: { agentID: 'scribe' }, toolRules }),
      ],
    });
    const { byTeam } = index.subjects;
    const conditions = [...byTeam.values()].flatMap((byAgent) =>
      [...byAgent.values()].flatMap((byHuman) =>
        [...byHuman.values()].flatMap(({ rules }) =>
          rules.flatMap(({ allow }) => allow.map(({ condition }) => condition)),
        ),
      ),
    );
    expect(conditions).toHaveLength(2);
    expect(conditions[0]).toBe(conditions[1]);
  });
});
