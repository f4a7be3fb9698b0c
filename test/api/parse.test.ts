import { describe, expect, it } from '@jest/globals';
import { checkUpdate, parseResource } from '#api/parse.ts';
import {
  aGrant,
  anObject,
  aServer,
  aSession,
  linesOf,
  MCPAccessGrant,
  MCPAgentSession,
  MCPServer,
  type Members,
} from './build.ts';

describe('parseResource', () => {
  it('returns metadata, the defaulted spec and the status of a valid object', () => {
    const parsed = parseResource(MCPServer, {
      ...aServer({ tools: [{ name: 'read_note' }] }),
      status: { phase: 'Ready' },
    });
    expect(parsed).toEqual({
      ok: true,
      value: {
        metadata: { name: 'notes', namespace: 'team-a' },
        spec: {
          image: 'registry.example.org/notes:1.0.0',
          useProvisionedRegistry: false,
          port: 8088,
          servicePort: 80,
          ingressClass: 'traefik',
          topologySpread: 'Preferred',
          tools: [{ name: 'read_note', requiredTrust: 'low' }],
        },
        status: { observedGeneration: -1, phase: 'Ready' },
      },
    });
  });

  it('does not change the object it reads', () => {
    const object = Object.freeze(aServer(Object.freeze({ gateway: Object.freeze({ enabled: true }) })));
    expect(parseResource(MCPServer, object).ok).toBe(true);
  });

  it('tells every problem of every part at once, schema and rules, each with its path', () => {
    const object = anObject('MCPServer', 'Notes_', {
      image: ' ',
      port: 70000,
      gateway: { enabled: true, port: 'http', allowedHosts: ['a.example.org', 'b', 'a.example.org'] },
      analytics: { enabled: true, disabled: true },
      tools: [
        { name: 'read' },
        { name: 'write', sideEffect: 'delete' },
        { name: 'read' },
        { sideEffect: 'read' },
      ],
      rollout: { strategy: 'Canary', maxSurge: '-1' },
      ingressAnnotations: { 'example.org/note': 3 },
      envVars: [{ name: 'PIN', value: 1234 }],
    });
    expect([...linesOf(MCPServer, object)].sort()).toEqual(
      [
        `metadata.name: must be lower-case letters, digits and '-', start with a letter and not end with '-', not "Notes_"`,
        'spec.analytics: analytics.enabled and analytics.disabled contradict each other; set one of them',
        'spec.envVars[0].value: must be text, not a number',
        'spec.gateway.allowedHosts[2]: must be unique, "a.example.org" is already item 0',
        'spec.gateway.port: must be a whole number, not text',
        'spec.image: must not be blank',
        'spec.ingressAnnotations["example.org/note"]: must be text, not a number',
        'spec.port: must be at most 65535, not 70000',
        'spec.rollout.maxSurge: must be a number or a percentage such as 1 or 25%, not "-1"',
        'spec.tools[1].sideEffect: must be one of read, write, destructive, not "delete"',
        'spec.tools[2].name: must be unique, "read" is already item 0',
        'spec.tools[3].name: is required',
      ].sort(),
    );
  });

  it.each<[string, Members, string]>([
    ['a number that is too small', { port: 0 }, 'spec.port: must be at least 1, not 0'],
    ['a fraction', { port: 80.5 }, 'spec.port: must be a whole number, not a fraction'],
    [
      'a number beyond 32 bits',
      { replicas: 4e9 },
      'spec.replicas: must be at most 2147483647, not 4000000000',
    ],
    ['a list that is none', { tools: 'all' }, 'spec.tools: must be a list, not text'],
    ['an object that is none', { gateway: [] }, 'spec.gateway: must be an object, not a list'],
    ['a switch that is text', { suspend: 'yes' }, 'spec.suspend: must be true or false, not text'],
    ['an empty text', { image: '' }, 'spec.image: must not be blank'],
    [
      'an unknown mode',
      { auth: { mode: 'oidc' } },
      'spec.auth.mode: must be one of none, header, oauth, mtls, not "oidc"',
    ],
    [
      'a duration',
      { session: { idleTimeout: '1 hour' } },
      'spec.session.idleTimeout: must be a duration such as 30s, 1h30m or 24h, not "1 hour"',
    ],
    [
      'a quantity',
      { resources: { limits: { cpu: 'much' } } },
      'spec.resources.limits.cpu: must be a quantity such as 250m or 64Mi, not "much"',
    ],
    [
      'a URL',
      { externalURL: 'notes.example.org' },
      'spec.externalURL: must be an http or https URL, not "notes.example.org"',
    ],
    ['a team with blanks', { teamID: 'team a' }, 'spec.teamID: must have no white space, not "team a"'],
    [
      'a team that is too long',
      { teamID: 'x'.repeat(129) },
      'spec.teamID: must have at most 128 characters, has 129 characters',
    ],
    [
      'a prefix of slashes',
      { publicPathPrefix: '//' },
      'spec.publicPathPrefix: must not be slashes only, not "//"',
    ],
    [
      'a secret without its key',
      { analytics: { disabled: true, apiKeySecretRef: { name: 'key' } } },
      'spec.analytics.apiKeySecretRef.key: is required',
    ],
    [
      'a variable without its secret',
      { secretEnvVars: [{ name: 'TOKEN' }] },
      'spec.secretEnvVars[0].secretKeyRef: is required',
    ],
    [
      'the host network',
      { podTemplate: { spec: { hostNetwork: true } } },
      'spec.podTemplate.spec.hostNetwork: may not be set here',
    ],
    [
      'a second container',
      { podTemplate: { spec: { containers: [{}, {}] } } },
      'spec.podTemplate.spec.containers: must have at most 1 item, has 2 items',
    ],
    [
      'a security context',
      { podTemplate: { spec: { containers: [{ securityContext: {} }] } } },
      'spec.podTemplate.spec.containers[0].securityContext: may not be set here',
    ],
    [
      'too many entries',
      { ingressAnnotations: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])) },
      'spec.ingressAnnotations: must have at most 64 entries',
    ],
  ])('says what is wrong with %s', (_what, spec, line) => {
    expect(linesOf(MCPServer, aServer(spec))).toContain(line);
  });

  it('says what a time looks like', () => {
    expect(linesOf(MCPAgentSession, aSession({ expiresAt: 'tomorrow' }))).toEqual([
      'spec.expiresAt: must be a time as 2030-01-31T12:00:00Z, not "tomorrow"',
    ]);
    expect(linesOf(MCPAgentSession, aSession({ expiresAt: '2030-02-30T12:00:00Z' }))).toEqual([
      'spec.expiresAt: must be a day of the calendar',
    ]);
  });

  it.each([
    '2030-01-31T12:00:00+01:00',
    '2030-01-31T12:00:00.123456789Z',
    '2000-02-29T00:00:00Z',
    '0096-02-29T00:00:00Z',
    '0000-02-29T23:59:59-12:00',
  ])('takes %s for a time', (expiresAt) => {
    expect(linesOf(MCPAgentSession, aSession({ expiresAt }))).toEqual([]);
  });

  it.each([
    '2030-01-31t12:00:00Z',
    '2030-01-31T12:00:00z',
    '2030-01-31T12:00Z',
    '2030-01-31T12:00:00',
    '2030-01-31T12:00:00,5Z',
    '2030-01-31T12:00:60Z',
    '2030-01-31T24:00:00Z',
    '2030-01-31T12:00:00+99:00',
    '1900-02-29T00:00:00Z',
    '2030-04-31T00:00:00Z',
    '2030-13-01T00:00:00Z',
  ])('does not take %s for a time', (expiresAt) => {
    expect(linesOf(MCPAgentSession, aSession({ expiresAt }))).toHaveLength(1);
  });

  it('refuses duplicate tool rules and side effects of a grant by their place', () => {
    const rules = [
      { name: 'a', decision: 'allow' },
      { name: 'a', decision: 'deny' },
    ];
    const grant = aGrant({ toolRules: rules, allowedSideEffects: ['read', 'read'] });
    expect(linesOf(MCPAccessGrant, grant)).toEqual([
      'spec.allowedSideEffects[1]: must be unique, "read" is already item 0',
      'spec.toolRules[1].name: must be unique, "a" is already item 0',
    ]);
  });

  it('takes null for absent, as clients written in Go send it', () => {
    const object = { ...aServer({ teamID: null, gateway: null }), status: null };
    const metadata = { name: 'notes', creationTimestamp: null };
    expect(parseResource(MCPServer, { ...object, metadata }).ok).toBe(true);
  });

  it('leaves out fields it does not know, as the API server prunes them', () => {
    const parsed = parseResource(MCPServer, aServer({ colour: 'green' }));
    expect(parsed.ok && 'colour' in parsed.value.spec).toBe(false);
    expect(parsed.ok).toBe(true);
  });

  it('leaves out a status that cannot be read', () => {
    const parsed = parseResource(MCPServer, { ...aServer(), status: { phase: 7 } });
    expect(parsed.ok && parsed.value.status).toBeUndefined();
    expect(parsed.ok).toBe(true);
  });

  it('says what an object should be before it looks into it', () => {
    expect(linesOf(MCPServer, null)).toEqual(['(object): must be an object of kind MCPServer']);
    expect(linesOf(MCPServer, { kind: 'Pod' })).toEqual([
      'apiVersion: must be mcpruntime.org/v1alpha1',
      'kind: must be MCPServer, not "Pod"',
    ]);
    expect(linesOf(MCPServer, { apiVersion: 'mcpruntime.org/v1alpha1', kind: 'MCPServer' })).toEqual([
      'metadata: is required',
      'spec: is required',
    ]);
  });

  it('takes names that a Service can have for servers, and longer ones for grants', () => {
    const named = (kind: string, name: string, spec: object) => ({
      ...anObject(kind, name, { ...spec }),
    });
    expect(linesOf(MCPServer, named('MCPServer', '1st', { image: 'a' }))).toHaveLength(1);
    expect(linesOf(MCPServer, named('MCPServer', 'x'.repeat(64), { image: 'a' }))).toHaveLength(1);
    expect(linesOf(MCPAccessGrant, named('MCPAccessGrant', '1.x', { serverRef: { name: 'n' } }))).toEqual([]);
  });
});

describe('checkUpdate', () => {
  const session = (spec: Members) => {
    const parsed = parseResource(MCPAgentSession, aSession(spec));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return parsed.value;
  };

  it('lets a session be revoked, and never taken back', () => {
    const revoked = session({ revoked: true });
    expect(checkUpdate(MCPAgentSession, session({}), revoked)).toEqual([]);
    expect(checkUpdate(MCPAgentSession, revoked, revoked)).toEqual([]);
    const problem = {
      path: 'spec.revoked',
      message: 'a revoked session stays revoked; make a new session instead',
    };
    expect(checkUpdate(MCPAgentSession, revoked, session({ revoked: false }))).toEqual([problem]);
    expect(checkUpdate(MCPAgentSession, revoked, session({}))).toEqual([problem]);
  });

  it('lets neither subject nor server of a session change, and tells both', () => {
    const other = session({ subject: { agentID: 'agent-1' }, serverRef: { name: 'other' } });
    expect(checkUpdate(MCPAgentSession, session({}), other).map((problem) => problem.path)).toEqual([
      'spec.subject',
      'spec.serverRef',
    ]);
  });
});
