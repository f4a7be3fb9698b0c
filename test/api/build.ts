// Objects as manifests write them, valid until a test changes what it is about.
import type { Kind } from '#api/kind.ts';
import { MCPAccessGrant } from '#api/mcp-access-grant.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { parseResource } from '#api/parse.ts';
import type { Problem } from '#api/result.ts';

export type Members = Readonly<Record<string, unknown>>;

export function anObject(kind: string, name: string, spec: Members): Members {
  return {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind,
    metadata: { name, namespace: 'team-a' },
    spec,
  };
}

/** An MCPServer called `notes`. */
export function aServer(spec: Members = {}): Members {
  return anObject('MCPServer', 'notes', { image: 'registry.example.org/notes:1.0.0', ...spec });
}

export function aGrant(spec: Members = {}): Members {
  return anObject('MCPAccessGrant', 'editors', { serverRef: { name: 'notes' }, ...spec });
}

export function aSession(spec: Members = {}): Members {
  const subject = { humanID: 'user-1' };
  return anObject('MCPAgentSession', 'today', { serverRef: { name: 'notes' }, subject, ...spec });
}

/** The valid object of a kind, with changes to its spec. */
export function anyObject(kind: Kind, spec: Members): Members {
  switch (kind) {
    case MCPServer:
      return aServer(spec);
    case MCPAccessGrant:
      return aGrant(spec);
    default:
      return aSession(spec);
  }
}

export { MCPAccessGrant, MCPAgentSession, MCPServer };

/** What parsing says is wrong; nothing for a valid object. */
export function problemsOf(kind: Kind, object: unknown): readonly Problem[] {
  const parsed = parseResource(kind, object);
  return parsed.ok ? [] : parsed.error;
}

/** Problems as people read them: `path: message`. */
export function linesOf(kind: Kind, object: unknown): readonly string[] {
  return problemsOf(kind, object).map(({ path, message }) => `${path}: ${message}`);
}

export function parsedServer(spec: Members = {}): McpServer {
  const parsed = parseResource(MCPServer, aServer(spec));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}
