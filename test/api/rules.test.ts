// Every CEL rule with an object it accepts and one it refuses; the rules themselves are what the API server evaluates.
import { describe, expect, it } from '@jest/globals';
import { KINDS } from '#api/kinds.ts';
import type { Kind, Rule } from '#api/kind.ts';
import { parseResource } from '#api/parse.ts';
import { checkSpec, isTransitionRule } from '#api/rules.ts';
import { anyObject, linesOf, MCPAccessGrant, MCPAgentSession, MCPServer, type Members } from './build.ts';

const on = { enabled: true };
const canary = { strategy: 'Canary', canaryReplicas: 1 };

/** Message of a rule, a spec it accepts, and one it refuses. */
const EXAMPLES: readonly (readonly [Kind, string, Members, Members])[] = [
  [MCPServer, "the gateway's port must differ", { gateway: on }, { gateway: on, port: 8091 }],
  [MCPServer, 'port 9103 is taken', { port: 9103 }, { port: 9103, gateway: on }],
  // A Service has no port for peers, so that of calls may be any.
  [MCPServer, 'port 9104 is taken', { gateway: on, servicePort: 9104 }, { gateway: { ...on, port: 9104 } }],
  [
    MCPServer,
    'auth.mode oauth needs auth.issuerURL',
    { gateway: on, auth: { mode: 'oauth', issuerURL: 'https://issuer.example.org' } },
    { gateway: on, auth: { mode: 'oauth', issuerURL: '' } },
  ],
  [
    MCPServer,
    'auth.mode mtls needs gateway.enabled',
    { gateway: on, auth: { mode: 'mtls', trustDomain: 'example.org' } },
    { auth: { mode: 'mtls', trustDomain: 'example.org' } },
  ],
  [
    MCPServer,
    'auth.mode mtls needs auth.trustDomain',
    { gateway: on, auth: { mode: 'mtls', trustDomain: 'example.org' } },
    { gateway: on, auth: { mode: 'mtls' } },
  ],
  [
    MCPServer,
    'auth.mode mtls works with ingressClass traefik only',
    { gateway: on, auth: { mode: 'mtls', trustDomain: 'example.org' }, ingressClass: '' },
    { gateway: on, auth: { mode: 'mtls', trustDomain: 'example.org' }, ingressClass: 'nginx' },
  ],
  [
    MCPServer,
    'analytics.enabled and analytics.disabled contradict',
    { gateway: on, analytics: { enabled: true, disabled: false } },
    { gateway: on, analytics: { enabled: false, disabled: false } },
  ],
  [
    MCPServer,
    'analytics is recorded by the gateway',
    { analytics: { source: 'notes', enabled: false } },
    { analytics: { source: 'notes' } },
  ],
  [
    MCPServer,
    'strategy Canary needs canaryReplicas',
    { replicas: 2, rollout: canary },
    { replicas: 2, rollout: { strategy: 'Canary', canaryReplicas: 0 } },
  ],
  [MCPServer, 'strategy Canary needs replicas', { replicas: 2, rollout: canary }, { rollout: canary }],
  [
    MCPServer,
    'canaryReplicas must be less than replicas',
    { replicas: 2, rollout: canary },
    { replicas: 1, rollout: canary },
  ],
  [
    MCPServer,
    'canaryWeight needs ingressClass gateway',
    { ingressClass: '', rollout: { canaryWeight: 5 } },
    { rollout: { canaryWeight: 5 } },
  ],
  [
    MCPServer,
    'promote and abort name the same revision',
    { rollout: { promote: 'a', abort: 'b' } },
    { rollout: { promote: 'a', abort: 'a' } },
  ],
  [
    MCPServer,
    'replicas and autoscaling both decide',
    { autoscaling: { maxReplicas: 3 } },
    { autoscaling: { maxReplicas: 3 }, replicas: 2 },
  ],
  [
    MCPServer,
    'strategy Canary divides a fixed number',
    { replicas: 2, rollout: canary },
    { autoscaling: { maxReplicas: 3 }, rollout: canary },
  ],
  [
    MCPServer,
    'maxReplicas must be at least minReplicas',
    { autoscaling: { maxReplicas: 1 } },
    { autoscaling: { minReplicas: 4, maxReplicas: 3 } },
  ],
  [
    MCPServer,
    'gatewayRef needs ingressClass gateway',
    { ingressClass: 'gateway', gatewayRef: { name: 'edge' } },
    { gatewayRef: { name: 'edge' } },
  ],
  [
    MCPServer,
    'ingressTLS has no effect with ingressClass gateway',
    { ingressTLS: {} },
    { ingressClass: 'gateway', ingressTLS: {} },
  ],
  [
    MCPServer,
    'clusterIssuer and issuer exclude each other',
    { ingressTLS: { issuer: 'own' } },
    { ingressTLS: { issuer: 'own', clusterIssuer: 'main' } },
  ],
  [
    MCPServer,
    'volumes gateway-policy, gateway-state, gateway-identity and gateway-keys',
    { podTemplate: { spec: { volumes: [{ name: 'gateway' }] } } },
    { podTemplate: { spec: { volumes: [{ name: 'data' }, { name: 'gateway-state' }] } } },
  ],
  [
    MCPServer,
    'the server may not mount gateway-policy',
    { podTemplate: { spec: { containers: [{ volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } } },
    {
      podTemplate: {
        spec: { containers: [{ volumeMounts: [{ name: 'gateway-identity', mountPath: '/t' }] }] },
      },
    },
  ],
  [
    MCPAccessGrant,
    'an anonymous subject has no',
    { subject: { anonymous: true, humanID: '' } },
    { subject: { anonymous: true, teamID: 'team-a' } },
  ],
  [
    MCPAgentSession,
    'a session needs a subject',
    { subject: { teamID: 'team-a' } },
    { subject: { humanID: '' } },
  ],
];

/** A change of a session that a transition rule accepts, and one it refuses. */
const CHANGES: readonly (readonly [string, Members, Members, Members])[] = [
  ['a revoked session stays revoked', { revoked: false }, { revoked: true }, { revoked: false }],
  [
    'the subject of a session cannot change',
    { revoked: true },
    { consentedTrust: 'high' },
    { subject: { agentID: 'a' } },
  ],
  [
    'the server of a session cannot change',
    { revoked: true },
    { policyVersion: 'v2' },
    { serverRef: { name: 'other' } },
  ],
];

describe('rules', () => {
  it('each have an example here', () => {
    const messages = [...EXAMPLES.map(([, message]) => message), ...CHANGES.map(([message]) => message)];
    const rules = KINDS.flatMap((kind) => kind.rules);
    const without = rules.filter((rule) => !messages.some((message) => rule.message.startsWith(message)));
    expect(without).toEqual([]);
    expect(messages).toHaveLength(rules.length);
  });

  it.each(EXAMPLES.map(([kind, message, accepted, refused]) => ({ kind, message, accepted, refused })))(
    'accept and refuse: $message',
    ({ kind, message, accepted, refused }) => {
      expect(linesOf(kind, anyObject(kind, accepted))).toEqual([]);
      const lines = linesOf(kind, anyObject(kind, refused));
      expect(lines.filter((line) => line.includes(`: ${message}`))).toHaveLength(1);
    },
  );

  it('about changes say nothing about a new object', () => {
    expect(KINDS.flatMap((kind) => kind.rules.filter(isTransitionRule))).toHaveLength(CHANGES.length);
    expect(linesOf(MCPAgentSession, anyObject(MCPAgentSession, { revoked: true }))).toEqual([]);
  });

  it('name fields that exist', () => {
    for (const kind of KINDS) {
      for (const { fieldPath } of kind.rules) {
        expect(fieldPath).toMatch(/^\.[a-zA-Z]+/);
        expect(Object.keys(kind.spec.shape)).toContain(fieldPath?.split('.')[1]);
      }
    }
  });

  it('that cannot be evaluated count as broken and say so', () => {
    const rule: Rule = { rule: 'self.absent.field > 1', message: 'absent has to be there' };
    const problems = checkSpec({ ...MCPServer, rules: [rule] }, { image: 'a' });
    expect(problems).toEqual([{ path: 'spec', message: 'absent has to be there (No such key: absent)' }]);
  });

  it('that are no CEL are a mistake of ours', () => {
    const broken = (rule: string) => () => checkSpec({ ...MCPServer, rules: [{ rule, message: 'm' }] }, {});
    expect(broken('self..')).toThrow(/rule 'm' is not CEL/);
    expect(broken('other.field')).toThrow(/rule 'm' is not CEL: Unknown variable/);
    expect(broken('1 + 1')).toThrow(/yields int, not bool/);
  });

  it('about sound fields are evaluated beside unsound ones', () => {
    const spec = { port: 'x', gateway: on, replicas: 1, rollout: canary };
    expect(linesOf(MCPServer, anyObject(MCPServer, spec))).toEqual([
      'spec.port: must be a whole number, not text',
      'spec.rollout: canaryReplicas must be less than replicas',
    ]);
  });
});

describe('rules about changes', () => {
  it.each(CHANGES.map(([message, fine, also, refused]) => ({ message, fine, also, refused })))(
    'have objects that are valid on either side: $message',
    ({ fine, also, refused }) => {
      for (const spec of [fine, also, refused]) {
        expect(parseResource(MCPAgentSession, anyObject(MCPAgentSession, spec)).ok).toBe(true);
      }
    },
  );
});
