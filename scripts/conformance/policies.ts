// The two policies that the suite runs under. Its client names nobody, so grants are for those whom nobody identified.
import { POLICY_SCHEMA, sealPolicy, type PolicyDocument } from '#policy/document.ts';

export const server = { namespace: 'conformance', name: 'fixture' } as const;

export type ProxyMode = 'observe' | 'enforced';

/**
 * In observe mode nothing is granted and everything passes; enforced, every tool is granted.
 * @param tools what the server has
 */
export function policyFor(mode: ProxyMode, tools: readonly string[]): PolicyDocument {
  const enforced = mode === 'enforced';
  const grant = { namespace: server.namespace, name: 'every-tool' };
  const allow = { grant, maxTrust: 'high', requiredTrust: 'low', sideEffects: ['read' as const] } as const;
  return sealPolicy(
    {
      schema: POLICY_SCHEMA,
      requires: [],
      server,
      auth: {
        mode: 'none',
        humanHeader: 'X-MCP-Human-ID',
        agentHeader: 'X-MCP-Agent-ID',
        teamHeader: 'X-MCP-Team-ID',
        sessionHeader: 'X-MCP-Agent-Session',
        tokenHeader: 'Authorization',
        emptySubjectMatchesAsserted: false,
      },
      policy: {
        mode: enforced ? 'allow-list' : 'observe',
        defaultDecision: 'deny',
        version: 'v1',
        maxStalenessSeconds: 86_400,
      },
      session: { required: false, idleTimeoutSeconds: 3_600 },
      audit: { durability: 'by-effect' },
      tools: tools.map((name) => ({ name, requiredTrust: 'low', sideEffect: 'read', riskLevel: 'low' })),
      subjects: enforced
        ? [{ subject: { anonymous: true }, rules: [], covers: [{ ...allow, sideEffects: ['read'] }] }]
        : [],
      deniedToAll: [],
      sessions: [],
    },
    { servers: '1', grants: '1', sessions: '1', tombstones: '1' },
    0,
  );
}
