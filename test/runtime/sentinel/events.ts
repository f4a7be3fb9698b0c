// Builders of audit events for the sentinel's tests.
import type { AuditEvent, AuditPayload } from '#api/audit-event.ts';
import { FIRST_PREV_HASH } from '#api/audit-event.ts';

export function payloadOf(changes: Partial<AuditPayload> = {}): AuditPayload {
  return {
    kind: 'request',
    phase: 'complete',
    method: 'POST',
    path: '/mcp',
    status: 200,
    latency_ms: 3.25,
    bytes_in: 210,
    bytes_out: 480,
    server: 'notes',
    namespace: 'mcp-servers',
    human_id: 'user-1',
    agent_id: 'agent-1',
    session_id: 'live',
    assurance: 'asserted',
    decision: 'allow',
    reason: 'allowed',
    outcome: 'answered',
    rpc_method: 'tools/call',
    rpc_id: '1',
    tool_name: 'read_note',
    required_trust: 'low',
    effective_trust: 'medium',
    ...changes,
  };
}

export interface EventChanges extends Partial<Omit<AuditEvent, 'payload'>> {
  readonly payload?: Partial<AuditPayload>;
}

export function eventOf(changes: EventChanges = {}): AuditEvent {
  return {
    id: 'event-1',
    timestamp: '2026-11-21T09:40:00.123Z',
    source: 'notes-gateway',
    event_type: 'mcp.request',
    instance: 'notes-1',
    boot_epoch: 1,
    seq: 0,
    prev_hash: FIRST_PREV_HASH,
    ...changes,
    payload: payloadOf(changes.payload),
  };
}
