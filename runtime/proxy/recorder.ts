// Writes down what happened: one audit event for each thing that the contract names, and the metrics beside it.
import type { AuditDecision, AuditPayload } from '#api/audit-event.ts';
import { REASONS, type EdgeReason } from '#api/reasons.ts';
import type { AuditSink, OnCommitted } from './audit/sink.ts';
import { argumentsDigest } from './audit/arguments-digest.ts';
import type { EventIds } from './audit/event-id.ts';
import { Redaction } from './audit/redaction.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { ProxyConfig } from './config.ts';
import type { Exchange } from './exchange.ts';
import type { ServerMessage } from './json/server-message.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { PolicySnapshot } from './policy/policy-source.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { Ending } from './stages/stage.ts';
import type { SpanSink } from './tracing/span-sink.ts';

export interface RecorderOptions {
  /** Undefined: audit is off. */
  readonly sink: AuditSink | undefined;
  readonly metrics: RequestMetrics;
  /** Undefined: nobody collects spans. */
  readonly spans: SpanSink | undefined;
  readonly config: ProxyConfig;
  readonly clock: Clock;
  readonly ids: EventIds;
  readonly keys: KeyRing;
  /** The policy in force, for requests that were refused before they were judged by one. */
  readonly policy: () => PolicySnapshot | undefined;
}

/** Longest text of a caller that an event repeats. */
const MAX_TEXT = 256;

/** Half of a surrogate pair, sent or left by a cut, would have ingest refuse the event, and the call go unrecorded. */
function short(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed();
}

export class Recorder {
  private readonly options: RecorderOptions;
  private readonly redaction: Redaction;

  constructor(options: RecorderOptions) {
    this.options = options;
    this.redaction = new Redaction(options.keys);
  }

  get isOn(): boolean {
    return this.options.sink !== undefined;
  }

  /** Puts the decision on disk before the call is made. */
  commitDecided(exchange: Exchange, onCommitted: OnCommitted): void {
    const { sink } = this.options;
    if (sink === undefined) {
      onCommitted(true);
      return;
    }
    exchange.decidedRecorded = true;
    sink.commit(this.eventOf(exchange, 'decided', pending(exchange)), onCommitted);
  }

  /** The answer is a stream, so the decision is recorded now and the end when it comes. */
  streamOpened(exchange: Exchange): void {
    if (exchange.decidedRecorded) return;
    exchange.decidedRecorded = true;
    this.options.sink?.record(this.eventOf(exchange, 'decided', pending(exchange)));
  }

  /** The exchange is over. */
  ended(exchange: Exchange, ending: Ending): void {
    const durationMs = this.options.clock.monotonicMs() - exchange.startedMs;
    this.options.metrics.observe(exchange, ending, durationMs);
    this.options.spans?.ended(exchange, ending, durationMs);
    if (exchange.message?.kind === 'response' && ending.decision === 'allow') return;
    const phase = exchange.decidedRecorded ? 'finished' : 'complete';
    this.options.sink?.record(this.eventOf(exchange, phase, ending));
  }

  /** Bytes came that are no request; there is nothing to say of it but why. */
  connectionRefused(reason: EdgeReason): void {
    const { sink, metrics, config, ids } = this.options;
    metrics.connectionRefused(reason);
    const { httpStatus } = REASONS[reason];
    const id = ids.next();
    const payload: AuditPayload = {
      kind: 'refused',
      phase: 'complete',
      method: '',
      path: '',
      status: httpStatus,
      latency_ms: 0,
      bytes_in: 0,
      bytes_out: 0,
      server: config.server.name,
      namespace: config.server.namespace,
      cluster: config.server.cluster,
      decision: 'deny',
      reason,
      outcome: 'none',
    };
    sink?.record({ id, traceId: id, payload });
  }

  /** The server asked its caller something, or tried to. */
  serverRequest(exchange: Exchange, message: ServerMessage, decision: AuditDecision): void {
    const { sink, clock, ids } = this.options;
    if (sink === undefined) return;
    const passed = decision !== 'deny';
    const ending: Ending = {
      status: 200,
      decision,
      reason: decision === 'allow' ? 'allowed' : 'method_not_allowed',
      outcome: 'none',
    };
    const payload: AuditPayload = {
      ...this.payloadOf(exchange, 'complete', ending),
      kind: 'server_request',
      latency_ms: rounded(clock.monotonicMs() - exchange.startedMs),
      bytes_in: 0,
      bytes_out: 0,
      outcome: passed ? 'unknown' : 'none',
      rpc_method: message.method === undefined ? undefined : short(message.method),
      rpc_id: message.id,
      tool_name: undefined,
    };
    sink.record({ id: ids.next(), traceId: exchange.traceId, payload: this.redacted(exchange, payload) });
  }

  private eventOf(exchange: Exchange, phase: AuditPayload['phase'], ending: Ending) {
    return {
      id: exchange.id,
      traceId: exchange.traceId,
      payload: this.redacted(exchange, this.payloadOf(exchange, phase, ending)),
      caller: exchange.caller,
    };
  }

  /** As the server asks for it; as little as can be said where there is no policy to say what that is. */
  private redacted(exchange: Exchange, payload: AuditPayload): AuditPayload {
    const snapshot = exchange.snapshot ?? this.options.policy();
    if (snapshot === undefined) return this.redaction.apply(payload);
    const { redact } = snapshot.document.audit;
    return redact === undefined ? payload : this.redaction.apply(payload, redact);
  }

  private payloadOf(exchange: Exchange, phase: AuditPayload['phase'], ending: Ending): AuditPayload {
    const { config, clock, keys } = this.options;
    const { message, decision, caller, snapshot } = exchange;
    const { human, agent, teams } = caller?.principal ?? { teams: [] };
    return {
      kind: kindOf(exchange, phase, ending),
      phase,
      method: exchange.httpMethod,
      path: short(exchange.path),
      status: ending.status,
      latency_ms: phase === 'decided' ? 0 : rounded(clock.monotonicMs() - exchange.startedMs),
      upstream_ms: upstreamMs(exchange),
      bytes_in: exchange.bytesIn,
      bytes_out: exchange.bytesOut,
      server: config.server.name,
      namespace: config.server.namespace,
      team_id: snapshot?.document.server.teamId,
      cluster: config.server.cluster,
      human_id: human,
      agent_id: agent,
      subject_team_id: teams[0],
      session_id: caller?.session,
      assurance: caller?.principal.assurance,
      decision: ending.decision,
      reason: ending.reason,
      outcome: ending.outcome,
      policy_version: snapshot?.document.policy.version,
      policy_revision: snapshot?.document.revision,
      rpc_method: message?.method,
      rpc_id: message?.id,
      tool_name: exchange.tool === undefined ? undefined : short(exchange.tool),
      matched_grant: decision.grant?.name,
      matched_grant_namespace: decision.grant?.namespace,
      matched_session: decision.session?.name,
      matched_session_namespace: decision.session?.namespace,
      required_trust: decision.trust?.required,
      required_side_effect: decision.sideEffect,
      risk_level: decision.riskLevel,
      admin_trust: decision.trust?.admin,
      consented_trust: decision.trust?.consented,
      effective_trust: decision.trust?.effective,
      era: eraOf(exchange),
      client: message?.client === undefined ? undefined : short(message.client),
      client_ip: exchange.callerAddress,
      arguments_digest: argumentsDigest(exchange, keys),
    };
  }
}

function pending({ decision }: Exchange): Ending {
  return {
    status: 0,
    decision: decision.outcome,
    reason: decision.reason,
    outcome: 'none',
  };
}

/** What the policy never saw is a refused HTTP request; a GET that passed is a stream. */
function kindOf(exchange: Exchange, phase: AuditPayload['phase'], { outcome }: Ending): AuditPayload['kind'] {
  // What was handed over and got lost was a request; by whose policy, the peer alone knew.
  if (exchange.handedOver && outcome === 'unknown') return 'request';
  if (!exchange.authorised) return 'refused';
  if (exchange.message?.kind === 'notification') return 'notification';
  if (exchange.message !== undefined) return exchange.message.kind === 'response' ? 'refused' : 'request';
  if (exchange.httpMethod !== 'GET') return exchange.decision.outcome === 'deny' ? 'refused' : 'request';
  if (phase === 'decided') return 'stream_opened';
  return phase === 'finished' ? 'stream_ended' : 'refused';
}

function eraOf({ message, head }: Exchange): 'legacy' | 'modern' | undefined {
  if (message?.modern === true) return 'modern';
  return message !== undefined || head?.mcpSessionId !== undefined ? 'legacy' : undefined;
}

function upstreamMs({ forwardedMs, answeredMs }: Exchange): number | undefined {
  return forwardedMs === undefined || answeredMs === undefined
    ? undefined
    : rounded(answeredMs - forwardedMs);
}

/** Microseconds are enough, and shorter to write. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
