// From stored events to the decisions that people read: one record per request, its end put together with its start.
import type { DecisionRecord, StoredEvent } from '#api/sentinel-api.ts';
import { textOfPosition } from '../store/position.ts';

export function decisionRecordOf(event: StoredEvent): DecisionRecord {
  const { payload } = event;
  const isOpen = payload.phase === 'decided';
  return {
    cursor: textOfPosition({
      at: Date.parse(event.timestamp),
      namespace: payload.namespace,
      server: payload.server,
      id: event.id,
      phase: payload.phase,
    }),
    id: event.id,
    timestamp: event.timestamp,
    namespace: payload.namespace,
    server: payload.server,
    kind: payload.kind,
    decision: payload.decision,
    reason: payload.reason,
    caller: {
      humanId: payload.human_id,
      agentId: payload.agent_id,
      teamId: payload.subject_team_id,
      assurance: payload.assurance,
    },
    session: payload.session_id,
    httpMethod: payload.method,
    path: payload.path,
    rpcMethod: payload.rpc_method,
    rpcId: payload.rpc_id,
    tool: payload.tool_name,
    sideEffect: payload.required_side_effect,
    trust: {
      required: payload.required_trust,
      granted: payload.admin_trust,
      consented: payload.consented_trust,
      effective: payload.effective_trust,
    },
    status: isOpen || payload.status === 0 ? undefined : payload.status,
    outcome: payload.outcome,
    durationMs: isOpen ? undefined : payload.latency_ms,
    grant: grantOf(event),
    policyRevision: payload.policy_revision,
    traceId: event.trace_id,
    client: payload.client,
  };
}

/** `finished` says how the request ended; everything else was decided before. */
export function withEnd(record: DecisionRecord, finished: StoredEvent): DecisionRecord {
  const end = decisionRecordOf(finished);
  return { ...record, status: end.status, outcome: end.outcome, durationMs: end.durationMs };
}

/** What `decided` and `finished` of one request have in common; an id alone is unique within a server only. */
export function requestKey(event: StoredEvent): string {
  return JSON.stringify([event.payload.namespace, event.payload.server, event.id]);
}

/** Whether the event is shown as a decision: the end of a stream isn't one. */
export function isDecision(event: StoredEvent): boolean {
  return event.payload.kind !== 'stream_ended';
}

function grantOf({ payload }: StoredEvent): string | undefined {
  const { matched_grant: name, matched_grant_namespace: namespace } = payload;
  if (name === undefined) return undefined;
  return namespace === undefined ? name : `${namespace}/${name}`;
}
