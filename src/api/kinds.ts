// All of our kinds, in the order they are listed and installed.
import type { Kind } from './kind.ts';
import { MCPAccessGrant } from './mcp-access-grant.ts';
import { MCPAgentSession } from './mcp-agent-session.ts';
import { MCPServer } from './mcp-server.ts';

export const KINDS: readonly Kind[] = [MCPServer, MCPAccessGrant, MCPAgentSession];
