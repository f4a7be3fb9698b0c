// Policies to enforce: `user-1` with `agent-1` may read, may write with enough trust, may destroy; `user-2` may
// destroy alone. `secret` is declared and granted to nobody.
import { POLICY_SCHEMA, sealPolicy, type PolicyContent, type PolicyDocument } from '#policy/document.ts';

export const USER_1 = { 'x-mcp-human-id': 'user-1', 'x-mcp-agent-id': 'agent-1' } as const;
export const USER_2 = { 'x-mcp-human-id': 'user-2', 'x-mcp-agent-id': 'agent-1' } as const;
export const STRANGER = { 'x-mcp-human-id': 'stranger' } as const;

const grant = (name: string) => ({ namespace: 'team-a', name });
const allow = (name: string, maxTrust: 'low' | 'medium' | 'high') => ({
  grant: grant(name),
  maxTrust,
  requiredTrust: 'low' as const,
  sideEffects: ['read' as const, 'write' as const, 'destructive' as const],
});

const session = (name: string, human: string, rest: Partial<PolicyContent['sessions'][number]> = {}) => ({
  namespace: 'team-a',
  name,
  subject: { human },
  consentedTrust: 'high' as const,
  revoked: false,
  ...rest,
});

export function policyContent(changes: Partial<PolicyContent> = {}): PolicyContent {
  return {
    schema: POLICY_SCHEMA,
    requires: [],
    server: grant('notes'),
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
    session: { required: false, idleTimeoutSeconds: 3_600 },
    audit: { durability: 'by-effect' },
    tools: [
      { name: 'list_notes', requiredTrust: 'low', sideEffect: 'read', riskLevel: 'low' },
      { name: 'read_note', requiredTrust: 'low', sideEffect: 'read', riskLevel: 'low' },
      { name: 'export_notes', requiredTrust: 'low', sideEffect: 'read', riskLevel: 'low' },
      { name: 'add_note', requiredTrust: 'high', sideEffect: 'write', riskLevel: 'medium' },
      { name: 'delete_note', requiredTrust: 'low', sideEffect: 'destructive', riskLevel: 'high' },
      { name: 'secret', requiredTrust: 'low', sideEffect: 'read', riskLevel: 'low' },
    ],
    subjects: [
      {
        subject: { human: 'user-1' },
        rules: ['list_notes', 'read_note', 'export_notes', 'add_note', 'delete_note'].map((tool) => ({
          tool,
          deny: [],
          allow: [allow('readers', 'medium')],
        })),
        covers: [],
      },
      {
        subject: { human: 'user-2' },
        rules: [{ tool: 'delete_note', deny: [], allow: [allow('cleaners', 'high')] }],
        covers: [],
      },
    ],
    deniedToAll: [],
    sessions: [
      session('live', 'user-1'),
      session('shy', 'user-1', { consentedTrust: 'low' }),
      session('revoked', 'user-1', { revoked: true }),
      session('expired', 'user-1', { expiresAt: '2020-01-01T00:00:00Z' }),
      session('other', 'user-2'),
    ],
    ...changes,
  };
}

/** Sealed, with a place in the order of documents. */
export function policyDocument(changes: Partial<PolicyContent> = {}, version = 1): PolicyDocument {
  const at = String(version);
  return sealPolicy(policyContent(changes), { servers: at, grants: at, sessions: at, tombstones: at }, 0);
}
