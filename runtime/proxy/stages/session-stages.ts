// The stages that find the MCP session of a request, the pod that holds it, and where in it a stream is to go on. Modern
// requests have none: a stray id in them is nobody's.
import { isModernHead } from '../edge/mcp-headers.ts';
import { refuseEdge } from '../refusal.ts';
import { NEXT, WAIT, type Stage } from './stage.ts';

export const openSession: Stage = (exchange, { sessions }) => {
  const { head, subjectKey } = exchange;
  if (head?.mcpSessionId === undefined || isModernHead(head)) return NEXT;
  const session = sessions.open(head.mcpSessionId, subjectKey);
  if (session === undefined) return refuseEdge('unknown_mcp_session');
  exchange.mcpSession = session;
  return NEXT;
};

/** Events are of a session, so this is for the pod that holds it. */
export const openEventId: Stage = (exchange, { resumeIds }) => {
  const { head } = exchange;
  if (head === undefined || isModernHead(head)) return NEXT;
  const bound = head.values[head.names.indexOf('last-event-id')];
  if (bound === undefined || bound === '') return NEXT;
  exchange.lastEventId = resumeIds.open(bound, exchange);
  return exchange.lastEventId === undefined ? refuseEdge('unknown_event_id') : NEXT;
};

export const handOver: Stage = (exchange, { sessions, peers }, flow) => {
  const { mcpSession } = exchange;
  if (mcpSession === undefined || sessions.isHere(mcpSession)) return NEXT;
  // What was handed over is at its end: a pod that isn't the one it was meant for has taken its address.
  if (peers === undefined || exchange.viaPeer) return refuseEdge('unknown_mcp_session');
  exchange.handedOver = true;
  peers.handOver(exchange, mcpSession, flow);
  return WAIT;
};
