// The stage that finds the MCP session of a request. Modern requests have none: a stray id in them is nobody's.
import { isModernHead } from '../edge/mcp-headers.ts';
import { refuseEdge } from '../refusal.ts';
import { NEXT, type Stage } from './stage.ts';

export const openSession: Stage = (exchange, { sessions }) => {
  const { head, subjectKey } = exchange;
  if (head?.mcpSessionId === undefined || isModernHead(head)) return NEXT;
  const session = sessions.open(head.mcpSessionId, subjectKey);
  if (session === undefined || !sessions.isHere(session)) return refuseEdge('unknown_mcp_session');
  exchange.mcpSession = session;
  return NEXT;
};
