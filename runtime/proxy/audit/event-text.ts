// An event as it is written. There is one for each request, and what most of them say alike (of the server, its policy and
// one of its tools; of one caller) costs more to render than what is their own: it is kept, and rendered again only where it
// differs.
import type { AuditPayload } from '#api/audit-event.ts';
import type { LineBuffer } from './line-buffer.ts';

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

/** Fields that the requests of one caller have in common. */
type OfCaller = Pick<
  AuditPayload,
  | 'human_id'
  | 'agent_id'
  | 'subject_team_id'
  | 'session_id'
  | 'matched_grant'
  | 'matched_grant_namespace'
  | 'matched_session'
  | 'matched_session_namespace'
  | 'admin_trust'
  | 'consented_trust'
  | 'effective_trust'
  | 'client'
  | 'client_ip'
>;

type Own = Exclude<keyof AuditPayload, (typeof SHARED)[number] | keyof OfCaller>;

interface Rendered {
  readonly payload: AuditPayload;
  readonly text: string;
}

/** What was rendered last for a caller. */
export interface KeptText {
  readonly said: OfCaller;
  readonly text: string;
}

/** Keeps that, for as long as the caller is known. */
export interface TextKeeper {
  eventText: KeptText | undefined;
}

/** Callers name tools that there are not; only so many names are kept. */
const MAX_KEPT = 256;

export class EventTexts {
  private readonly kept = new Map<string, Rendered>();
  private last: Rendered | undefined;
  private timeMs = NaN;
  private time = '';

  /** Puts the JSON text of a payload. @param caller whose request it is, where that is known */
  put(lines: LineBuffer, payload: AuditPayload, caller?: TextKeeper): void {
    lines.put(this.shared(payload));
    lines.join(textOfCaller(payload, caller));
    lines.join(JSON.stringify(ownOf(payload)));
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
    if (this.last === undefined || !isAlike(this.last.payload, payload)) this.last = this.find(payload);
    return this.last.text;
  }

  private find(payload: AuditPayload): Rendered {
    // By phase, because calls with two events have them in turn.
    const name = `${payload.phase} ${payload.tool_name ?? payload.rpc_method ?? ''}`;
    const known = this.kept.get(name);
    if (known !== undefined && isAlike(known.payload, payload)) return known;
    const rendered = { payload, text: JSON.stringify(payload, [...SHARED]) };
    if (known !== undefined || this.kept.size < MAX_KEPT) this.kept.set(name, rendered);
    return rendered;
  }
}

function textOfCaller(payload: AuditPayload, caller: TextKeeper | undefined): string {
  const known = caller?.eventText;
  if (known !== undefined && saysAlike(known.said, payload)) return known.text;
  const said = ofCaller(payload);
  const text = JSON.stringify(said);
  if (caller !== undefined) caller.eventText = { said, text };
  return text;
}

function ownOf(payload: AuditPayload): { readonly [Field in Own]: AuditPayload[Field] | undefined } {
  return {
    latency_ms: payload.latency_ms,
    upstream_ms: payload.upstream_ms,
    bytes_in: payload.bytes_in,
    bytes_out: payload.bytes_out,
    rpc_id: payload.rpc_id,
    arguments_digest: payload.arguments_digest,
  };
}

function ofCaller(payload: AuditPayload): OfCaller {
  return {
    human_id: payload.human_id,
    agent_id: payload.agent_id,
    subject_team_id: payload.subject_team_id,
    session_id: payload.session_id,
    matched_grant: payload.matched_grant,
    matched_grant_namespace: payload.matched_grant_namespace,
    matched_session: payload.matched_session,
    matched_session_namespace: payload.matched_session_namespace,
    admin_trust: payload.admin_trust,
    consented_trust: payload.consented_trust,
    effective_trust: payload.effective_trust,
    client: payload.client,
    client_ip: payload.client_ip,
  };
}

// Both are written out, because a loop over names costs as much as rendering them.

/** Whether what is said of a caller is the same. */
function saysAlike(a: OfCaller, b: OfCaller): boolean {
  return (
    a.human_id === b.human_id &&
    a.agent_id === b.agent_id &&
    a.subject_team_id === b.subject_team_id &&
    a.session_id === b.session_id &&
    a.matched_grant === b.matched_grant &&
    a.matched_grant_namespace === b.matched_grant_namespace &&
    a.matched_session === b.matched_session &&
    a.matched_session_namespace === b.matched_session_namespace &&
    a.admin_trust === b.admin_trust &&
    a.consented_trust === b.consented_trust &&
    a.effective_trust === b.effective_trust &&
    a.client === b.client &&
    a.client_ip === b.client_ip
  );
}

/** Whether what is shared by requests for a tool is the same. */
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
