// A policy of any size: one grant and one session for every caller, beside the tools of a middling server. Every second
// grant names its human alone, so that a lookup has two shapes of subject to try.
import { POLICY_SCHEMA, sealPolicy, type PolicyDocument } from '#policy/document.ts';
import { tool, type Caller } from '../load/request.ts';

export const server = { namespace: 'bench', name: 'bench' } as const;

const toolCount = 20;

/** A document in which every caller may use the one tool that is called, and two others. */
export function policyFor(callers: readonly Caller[]): PolicyDocument {
  const others = Array.from({ length: toolCount - 1 }, (_, i) => `tool-${i}`);
  const content: Parameters<typeof sealPolicy>[0] = {
    schema: POLICY_SCHEMA,
    requires: [],
    server,
    auth: {
      mode: 'header',
      humanHeader: 'X-MCP-Human-ID',
      agentHeader: 'X-MCP-Agent-ID',
      teamHeader: 'X-MCP-Team-ID',
      sessionHeader: 'X-MCP-Agent-Session',
      tokenHeader: 'Authorization',
      emptySubjectMatchesAsserted: false,
    },
    policy: { mode: 'allow-list', defaultDecision: 'deny', version: 'v1', maxStalenessSeconds: 86_400 },
    session: { required: true, idleTimeoutSeconds: 3_600 },
    audit: { durability: 'by-effect' },
    tools: [tool, ...others].map((name) => ({
      name,
      requiredTrust: 'medium',
      sideEffect: 'read',
      riskLevel: 'low',
    })),
    subjects: callers.map(({ human, agent }, i) => ({
      subject: i % 2 === 0 ? { human, agent } : { human },
      rules: [tool, 'tool-0', 'tool-1'].map((name) => ({
        tool: name,
        deny: [],
        allow: [
          {
            grant: { namespace: server.namespace, name: `grant-${human}` },
            maxTrust: 'high',
            requiredTrust: 'low',
            sideEffects: ['read'],
          },
        ],
      })),
      covers: [],
    })),
    deniedToAll: [],
    sessions: callers.map(({ human, agent, session }) => ({
      namespace: server.namespace,
      name: session,
      subject: { human, agent },
      consentedTrust: 'high',
      revoked: false,
    })),
  };
  return sealPolicy(content, { servers: '1', grants: '1', sessions: '1', tombstones: '1' }, 0);
}
