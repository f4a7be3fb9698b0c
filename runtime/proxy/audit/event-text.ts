// An event as it is written. There is one for each request, and what most of them say alike (of the server, its policy and
// one of its tools) costs as much to render as what is their own: it is kept, and rendered again only where it differs.
import type { AuditPayload } from '#api/audit-event.ts';

/** Fields that requests for one tool have in common. */
const SHARED = [
  'kind',
  'phase',
  'method',
  'path',
  'status',
  'server',
  'namespace',
  'team_id',
  'cluster',
  'assurance',
  'decision',
  'reason',
  'outcome',
  'policy_version',
  'policy_revision',
  'rpc_method',
  'tool_name',
  'required_trust',
  'required_side_effect',
  'risk_level',
  'era',
] as const satisfies readonly (keyof AuditPayload)[];

type Own = Exclude<keyof AuditPayload, (typeof SHARED)[number]>;

interface Rendered {
  readonly payload: AuditPayload;
  /** Without the brace that closes it. */
  readonly text: string;
}

/** Callers name tools that there are not; only so many names are kept. */
const MAX_KEPT = 256;

export class EventTexts {
  private readonly kept = new Map<string, Rendered>();
  private timeMs = NaN;
  private time = '';

  /** The JSON text of a payload. */
  payload(payload: AuditPayload): string {
    return `${this.shared(payload)},${JSON.stringify(ownOf(payload)).slice(1)}`;
  }

  /** ISO 8601, for epoch milliseconds: many events fall into one. */
  timestamp(ms: number): string {
    if (ms !== this.timeMs) {
      this.timeMs = ms;
      this.time = new Date(ms).toISOString();
    }
    return this.time;
  }

  private shared(payload: AuditPayload): string {
    // By phase, because calls with two events have them in turn.
    const name = `${payload.phase} ${payload.tool_name ?? payload.rpc_method ?? ''}`;
    const known = this.kept.get(name);
    if (known !== undefined && isAlike(known.payload, payload)) {
      return known.text;
    }
    const text = JSON.stringify(payload, [...SHARED]).slice(0, -1);
    if (known !== undefined || this.kept.size < MAX_KEPT) this.kept.set(name, { payload, text });
    return text;
  }
}

function ownOf(payload: AuditPayload): { readonly [Field in Own]-?: AuditPayload[Field] | undefined } {
  return {
    latency_ms: payload.latency_ms,
    upstream_ms: payload.upstream_ms,
    bytes_in: payload.bytes_in,
    bytes_out: payload.bytes_out,
    human_id: payload.human_id,
    agent_id: payload.agent_id,
    subject_team_id: payload.subject_team_id,
    session_id: payload.session_id,
    rpc_id: payload.rpc_id,
    matched_grant: payload.matched_grant,
    matched_grant_namespace: payload.matched_grant_namespace,
    matched_session: payload.matched_session,
    matched_session_namespace: payload.matched_session_namespace,
    admin_trust: payload.admin_trust,
    consented_trust: payload.consented_trust,
    effective_trust: payload.effective_trust,
    client: payload.client,
    client_ip: payload.client_ip,
    arguments_digest: payload.arguments_digest,
  };
}

/** Whether what is shared is the same. Written out, because a loop over names costs as much as rendering them. */
function isAlike(a: AuditPayload, b: AuditPayload): boolean {
  return (
    a.kind === b.kind &&
    a.phase === b.phase &&
    a.method === b.method &&
    a.path === b.path &&
    a.status === b.status &&
    a.server === b.server &&
    a.namespace === b.namespace &&
    a.team_id === b.team_id &&
    a.cluster === b.cluster &&
    a.assurance === b.assurance &&
    a.decision === b.decision &&
    a.reason === b.reason &&
    a.outcome === b.outcome &&
    a.policy_version === b.policy_version &&
    a.policy_revision === b.policy_revision &&
    a.rpc_method === b.rpc_method &&
    a.tool_name === b.tool_name &&
    a.required_trust === b.required_trust &&
    a.required_side_effect === b.required_side_effect &&
    a.risk_level === b.risk_level &&
    a.era === b.era
  );
}
