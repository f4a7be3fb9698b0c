// Brings the server's answer back. It chooses how to read it by status and type; whatever can't be read for sure is
// not passed on.
import { noteCut, noteRequest } from './known-requests.ts';
import { policyRefusalOf } from './recheck.ts';
import { cancelAtServer } from './tell-server.ts';
import type { Departure } from '../departures.ts';
import type { Exchange } from '../exchange.ts';
import { GIVEN_UP, isDenial, refuseEdge, type Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';
import type { Cut } from '../state/forwarded.ts';
import type { Ending, Flow } from '../stages/stage.ts';
import type { UpstreamCall, UpstreamError, UpstreamHandler, UpstreamHead } from '../upstream/upstream.ts';
import { headerOf, type Answer, type RelayContext } from './answer.ts';
import { EmptyAnswer, PlainAnswer } from './plain-answer.ts';
import { EventStreamAnswer } from './event-stream-answer.ts';
import { MessageAnswer } from './message-answer.ts';

const EVENT_STREAM = /^text\/event-stream\s*(?:;|$)/i;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

export class Relay implements UpstreamHandler, RelayContext, Cut, Departure {
  readonly exchange: Exchange;
  readonly services: ProxyServices;
  call: UpstreamCall | undefined;
  private readonly flow: Flow;
  private answer: Answer | undefined;

  constructor(exchange: Exchange, services: ProxyServices, flow: Flow) {
    this.exchange = exchange;
    this.services = services;
    this.flow = flow;
  }

  begin(call: UpstreamCall): void {
    this.call = call;
    this.exchange.cancelUpstream = () => call.abort();
    this.services.forwarded.add(this.exchange, this);
  }

  onHead(head: UpstreamHead): void {
    this.exchange.answeredMs = this.services.clock.monotonicMs();
    this.guarded(() => {
      this.answer = this.choose(head);
      noteRequest(this.exchange, this.services);
      if (this.answer === undefined) this.fail(refuseEdge('upstream_invalid'));
    });
  }

  onData(chunk: Buffer): void {
    this.guarded(() => this.answer?.push(chunk));
  }

  onEnd(): void {
    // The connection is somebody else's from here on.
    this.call = undefined;
    this.exchange.bodyDone = this.services.upstream.keepsNothing;
    this.exchange.cancelUpstream = undefined;
    this.guarded(() => this.answer?.end());
  }

  onFailure({ failure, message }: UpstreamError): void {
    this.services.log.warn({ failure, detail: message }, 'A call to the server failed.');
    this.fail(refuseEdge(failure));
  }

  leaveWithTurn(): void {
    this.services.departures.add(this);
  }

  prepare(): void {
    this.guarded(() => this.answer?.prepare?.());
  }

  depart(): void {
    this.guarded(() => this.answer?.leave?.());
  }

  departed(): void {
    this.guarded(() => this.answer?.left?.());
  }

  finish(status: number): void {
    const { decision } = this.exchange;
    const outcome = decision.outcome === 'would_deny' ? 'would_deny' : 'allow';
    this.flow.end(this.exchange, { status, decision: outcome, reason: decision.reason, outcome: 'answered' });
  }

  fail(refusal: Refusal): void {
    this.call?.abort();
    if (this.exchange.finished) return;
    const outcome = refusal.reason === 'upstream_unavailable' ? 'none' : 'unknown';
    if (this.answer?.breakOff(refusal) !== true) {
      this.flow.refuse(this.exchange, refusal, outcome);
      return;
    }
    this.flow.end(this.exchange, endingOf(this.exchange, refusal, outcome));
  }

  /** Ends the exchange where the policy in force would no longer let it begin, or its answer drips for too long. */
  recheck(): void {
    if (this.isLate()) {
      this.fail(refuseEdge('upstream_timeout'));
      return;
    }
    const refusal = policyRefusalOf(this.exchange, this.services);
    if (refusal === undefined) return;
    noteCut(this.exchange, this.services);
    if (this.call !== undefined) cancelAtServer(this.exchange, this.services);
    this.fail(refusal);
  }

  drain(sessionsGoOn: boolean): void {
    if (this.answer?.endless !== true || (sessionsGoOn && this.exchange.mcpSession !== undefined)) return;
    this.call?.abort();
    this.answer.stop?.();
    // Recorded now: a caller who takes nothing may keep it open until there is no time left to say so.
    this.finish(this.exchange.response.statusCode);
  }

  giveUp(): void {
    const { response } = this.exchange;
    if (!response.headersSent) response.shouldKeepAlive = false;
    this.fail(GIVEN_UP);
  }

  private isLate(): boolean {
    const { answer, exchange, services } = this;
    if (answer?.whole !== true || exchange.answeredMs === undefined) return false;
    return services.clock.monotonicMs() - exchange.answeredMs > services.config.limits.answerTimeoutMs;
  }

  /** What can't be handled is not passed on, and harms no other request. */
  private guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.services.log.error({ error }, 'An answer could not be relayed; the request is ended.');
      this.fail(refuseEdge('upstream_invalid'));
    }
  }

  private choose({ status, headers: given }: UpstreamHead): Answer | undefined {
    const headers = this.services.sessions.shown(given, this.exchange);
    if (headers === undefined) return undefined;
    const type = headerOf(headers, 'content-type') ?? '';
    if (isEncoded(headers) || status >= 600 || (status >= 300 && status < 400)) return undefined;
    if (status >= 400) return new PlainAnswer(this, status, headers, JSON_TYPE.test(type));
    const { httpMethod, message } = this.exchange;
    if (httpMethod === 'GET') {
      return status === 200 && EVENT_STREAM.test(type) ? new EventStreamAnswer(this, headers) : undefined;
    }
    if (httpMethod === 'DELETE') return new EmptyAnswer(this, status === 200 ? 200 : 204);
    if (message?.kind !== 'request') return new EmptyAnswer(this, 202);
    if (status !== 200) return undefined;
    if (JSON_TYPE.test(type)) return new MessageAnswer(this, headers);
    return EVENT_STREAM.test(type) ? new EventStreamAnswer(this, headers) : undefined;
  }
}

/** A refusal by policy is a denial, late as it may come; everything else happened to an allowed request. */
export function endingOf(exchange: Exchange, refusal: Refusal, outcome: Ending['outcome']): Ending {
  const allowed = exchange.decision.outcome === 'would_deny' ? 'would_deny' : 'allow';
  return {
    status: exchange.response.statusCode,
    decision: isDenial(refusal) ? 'deny' : allowed,
    reason: refusal.reason,
    outcome,
  };
}

/** An encoded body can't be looked into, and nobody asked for one. */
function isEncoded(headers: readonly string[]): boolean {
  const encoding = headerOf(headers, 'content-encoding');
  return encoding !== undefined && encoding !== 'identity';
}
