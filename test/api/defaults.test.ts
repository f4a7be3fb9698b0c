// Every default of the compatibility surface, one line each: these are frozen within the version.
import { describe, expect, it } from '@jest/globals';
import { parseResource } from '#api/parse.ts';
import type { Kind } from '#api/kind.ts';
import { anyObject, MCPAccessGrant, MCPAgentSession, MCPServer, type Members } from './build.ts';

/** The value at a path below spec, after parsing. */
function defaulted(kind: Kind, spec: Members, path: string): unknown {
  const parsed = parseResource(kind, anyObject(kind, spec));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null
      ? Object.entries(value).find(([key]) => key === name)?.[1]
      : value;
  }, parsed.value.spec);
}

describe('defaults of MCPServer', () => {
  it.each<[string, Members, unknown]>([
    ['useProvisionedRegistry', {}, false],
    ['port', {}, 8088],
    ['servicePort', {}, 80],
    ['ingressClass', {}, 'traefik'],
    ['tools.0.requiredTrust', { tools: [{ name: 'a' }] }, 'low'],
    ['auth.mode', { auth: {} }, 'header'],
    ['auth.humanIDHeader', { auth: {} }, 'X-MCP-Human-ID'],
    ['auth.agentIDHeader', { auth: {} }, 'X-MCP-Agent-ID'],
    ['auth.teamIDHeader', { auth: {} }, 'X-MCP-Team-ID'],
    ['auth.sessionIDHeader', { auth: {} }, 'X-MCP-Agent-Session'],
    ['auth.tokenHeader', { auth: {} }, 'Authorization'],
    ['auth.claims.human', { auth: { claims: {} } }, 'sub'],
    ['policy.mode', { policy: {} }, 'allow-list'],
    ['policy.defaultDecision', { policy: {} }, 'deny'],
    ['policy.enforceOn', { policy: {} }, 'call_tool'],
    ['policy.policyVersion', { policy: {} }, 'v1'],
    ['policy.maxStaleness', { policy: {} }, '24h'],
    ['session.required', { session: {} }, false],
    ['session.store', { session: {} }, 'kubernetes'],
    ['session.headerName', { session: {} }, 'X-MCP-Agent-Session'],
    ['session.maxLifetime', { session: {} }, '24h'],
    ['session.idleTimeout', { session: {} }, '1h'],
    ['session.upstreamTokenHeader', { session: {} }, 'Authorization'],
    ['gateway.enabled', { gateway: {} }, false],
    ['gateway.port', { gateway: {} }, 8091],
    ['rollout.strategy', { rollout: {} }, 'RollingUpdate'],
    ['rollout.maxUnavailable', { rollout: {} }, '25%'],
    ['rollout.maxSurge', { rollout: {} }, '25%'],
    ['autoscaling.minReplicas', { autoscaling: { maxReplicas: 2 } }, 1],
    ['disruption.maxUnavailable', { disruption: {} }, '1'],
    ['topologySpread', {}, 'Preferred'],
  ])('%s', (path, spec, value) => {
    expect(defaulted(MCPServer, spec, path)).toBe(value);
  });

  it.each([
    ['replicas, which an autoscaler may own', 'replicas'],
    ['the image tag, which depends on the image', 'imageTag'],
    ['the prefix, which is the name', 'publicPathPrefix'],
    ['the path, which follows from the prefix', 'ingressPath'],
    ["the host, which is the installation's", 'ingressHost'],
    ['auth, policy, session: they exist with the gateway', 'auth'],
    ['policy', 'policy'],
    ['session', 'session'],
    ['gateway', 'gateway'],
    ['analytics, which is asked for by its block', 'analytics'],
    ['rollout', 'rollout'],
    ['autoscaling', 'autoscaling'],
    ["the Gateway, which may be the installation's", 'gatewayRef'],
    ['TLS of the route', 'ingressTLS'],
  ])('there is none for %s', (_what, path) => {
    expect(defaulted(MCPServer, {}, path)).toBeUndefined();
  });
});

describe('defaults of grants and sessions', () => {
  it.each<[string, string, Kind, Members, unknown]>([
    ['a grant', 'maxTrust', MCPAccessGrant, {}, 'low'],
    [
      'a grant',
      'toolRules.0.requiredTrust',
      MCPAccessGrant,
      { toolRules: [{ name: 'a', decision: 'allow' }] },
      'low',
    ],
    ['a session', 'consentedTrust', MCPAgentSession, {}, 'low'],
  ])('%s: %s', (_name, path, kind, spec, value) => {
    expect(defaulted(kind, spec, path)).toBe(value);
  });

  it.each<[string, string, Kind]>([
    ['a grant', 'disabled', MCPAccessGrant],
    ['a grant', 'allowedSideEffects', MCPAccessGrant],
    ['a grant', 'subject', MCPAccessGrant],
    ['a session', 'revoked', MCPAgentSession],
    ['a session', 'expiresAt', MCPAgentSession],
    ['a session', 'ttlSecondsAfterExpired', MCPAgentSession],
  ])('%s has none for %s', (_name, path, kind) => {
    expect(defaulted(kind, {}, path)).toBeUndefined();
  });
});
