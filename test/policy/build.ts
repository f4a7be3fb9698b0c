// Fixtures that compose: each builder gives a valid object of the kind, and takes what a test is about.
import { MCPServer, type McpServer, type McpServerSpecInput } from '#api/mcp-server.ts';
import type { McpAccessGrantSpecInput } from '#api/mcp-access-grant.ts';
import type { McpAgentSessionSpecInput } from '#api/mcp-agent-session.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import type { Principal } from '#api/principal.ts';
import { compilePolicy, type CompiledPolicy, type CompileInput } from '#policy/compile.ts';
import { decide } from '#policy/decide.ts';
import type { Decision, PolicyRequest } from '#policy/decision.ts';
import { indexPolicy, type PolicyIndex } from '#policy/policy-index.ts';

/** When everything in these tests happens. */
export const NOW_MS = Date.parse('2026-01-01T12:00:00.000Z');

/** An ISO time some minutes after (or before) now. */
export function minutesFromNow(minutes: number): string {
  return new Date(NOW_MS + minutes * 60_000).toISOString();
}

type Changes<Spec> = Partial<Spec> & {
  readonly name?: string;
  readonly namespace?: string;
  readonly createdAt?: string;
  readonly uid?: string;
};

function rawObject(kind: string, fallbackName: string, changes: Changes<object>, defaults: object): object {
  const { name = fallbackName, namespace = 'team-a', createdAt, uid, ...spec } = changes;
  return {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind,
    metadata: {
      name,
      namespace,
      ...(createdAt !== undefined && { creationTimestamp: createdAt }),
      ...(uid !== undefined && { uid }),
    },
    spec: { ...defaults, ...spec },
  };
}

/** `notes`: a read (low), a write (medium), a destructive (high) tool and one without a side effect, in mode header. */
export function aServer(changes: Changes<McpServerSpecInput> = {}): McpServer {
  const raw = rawObject('MCPServer', 'notes', changes, {
    image: 'registry.example.org/notes:1.0.0',
    publicPathPrefix: 'notes',
    gateway: { enabled: true, image: 'registry.example.org/proxy:1.0.0' },
    tools: [
      { name: 'read_note', sideEffect: 'read', requiredTrust: 'low' },
      { name: 'add_note', sideEffect: 'write', requiredTrust: 'medium' },
      { name: 'delete_note', sideEffect: 'destructive', requiredTrust: 'high' },
      { name: 'mystery', requiredTrust: 'low' },
    ],
  });
  const parsed = parseResource(MCPServer, raw);
  if (!parsed.ok) throw new Error(`fixture: ${JSON.stringify(parsed.error)}`);
  return parsed.value;
}

/** A raw grant for `notes` to human `alice`: every tool of every side effect, up to high trust. */
export function aGrant(changes: Changes<McpAccessGrantSpecInput> = {}): object {
  return rawObject('MCPAccessGrant', 'grant', changes, {
    serverRef: { name: 'notes' },
    subject: { humanID: 'alice' },
    maxTrust: 'high',
    allowedSideEffects: ['read', 'write', 'destructive'],
  });
}

/** A raw session for `notes` of human `alice` that consents to high trust for another hour. */
export function aSession(changes: Changes<McpAgentSessionSpecInput> = {}): object {
  return rawObject('MCPAgentSession', 'session', changes, {
    serverRef: { name: 'notes' },
    subject: { humanID: 'alice' },
    consentedTrust: 'high',
    expiresAt: minutesFromNow(60),
  });
}

/** Human `alice` with agent `scribe`, asserted in headers. */
export function aPrincipal(changes: Partial<Principal> = {}): Principal {
  return { assurance: 'asserted', human: 'alice', agent: 'scribe', teams: [], ...changes };
}

export const NOBODY: Principal = { assurance: 'anonymous', teams: [] };

/** Compiles a policy of what a test is about. */
export function aPolicy(parts: Partial<CompileInput> = {}): CompiledPolicy {
  return compilePolicy({
    server: aServer(),
    grants: [],
    sessions: [],
    tombstones: [],
    config: DEFAULT_OPERATOR_CONFIG,
    inputs: { servers: '1', grants: '1', sessions: '1', tombstones: '1' },
    epoch: 0,
    ...parts,
  });
}

export function anIndex(parts: Partial<CompileInput> = {}): PolicyIndex {
  return indexPolicy(aPolicy(parts).document);
}

/** Alice calls `read_note`. */
export function aCall(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return { principal: aPrincipal(), method: 'tools/call', tool: 'read_note', ...changes };
}

/** Compiles and decides in one go. */
export function decided(
  parts: Partial<CompileInput>,
  request: Partial<PolicyRequest> = {},
  nowMs = NOW_MS,
): Decision {
  return decide(anIndex(parts), aCall(request), nowMs);
}
