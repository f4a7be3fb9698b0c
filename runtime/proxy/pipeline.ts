// The way of a request, in one list. The order is a security property: what is cheap and tells least comes first, a
// body is read for known callers only, and nothing is forwarded that `authorise` did not let pass.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { REASONS, type EdgeReason } from '#api/reasons.ts';
import type { CallerRequest, CallerResponse } from './edge/caller.ts';
import { Exchange } from './exchange.ts';
import { freeBuffer } from './free-buffer.ts';
import { answerRefusal, type Refusal } from './refusal.ts';
import { endingOf } from './relay/relay.ts';
import { sendWhole } from './relay/send.ts';
import type { ProxyServices } from './services.ts';
import { authorise } from './stages/authorise.ts';
import { matchHeaders, readBody, readEnvelope } from './stages/body-stages.ts';
import { forward } from './stages/forward.ts';
import {
  authenticate,
  checkFraming,
  checkHostAndOrigin,
  followPolicy,
  limitConcurrency,
  takePolicy,
} from './stages/head-stages.ts';
import { limitSubjectRate, limitToolRate } from './stages/rate-stages.ts';
import { recordFirst } from './stages/record-first.ts';
import { handOver, openEventId, openSession } from './stages/session-stages.ts';
import { NEXT, WAIT, type Ending, type Flow, type Stage, type StageResult } from './stages/stage.ts';

export const STAGES: readonly Stage[] = [
  checkFraming,
  checkHostAndOrigin,
  takePolicy,
  authenticate,
  limitSubjectRate,
  limitConcurrency,
  openSession,
  handOver,
  openEventId,
  readBody,
  readEnvelope,
  matchHeaders,
  followPolicy,
  authorise,
  limitToolRate,
  recordFirst,
  forward,
];

/** A refused body up to this size is read to its end, so that the connection can go on. */
const DRAINED_BODY_BYTES = 64 * 1024;

/** A connection of a caller. */
interface Line {
  /** Its newest request, until the answer to that is out. */
  newest: Exchange | undefined;
  /** Cut off because the caller took nothing of an answer. */
  unread: boolean;
}

export class Pipeline implements Flow {
  /** New answers close their connection, so that callers go elsewhere; peers stay while sessions do. */
  draining = false;
  /** Whoever has no answer by now gets none. */
  timeIsUp = false;
  private readonly services: ProxyServices;
  private readonly lines = new WeakMap<Duplex, Line>();

  constructor(services: ProxyServices) {
    this.services = services;
  }

  handle(request: CallerRequest, response: CallerResponse, viaPeer = false): void {
    const { ids, clock } = this.services;
    const { socket } = request;
    const exchange = new Exchange(ids.next(), request, response, clock.monotonicMs(), viaPeer);
    const line = this.lineOf(socket);
    const before = line.newest;
    line.newest = exchange;
    if (this.draining && !(viaPeer && !this.services.sessions.over)) response.shouldKeepAlive = false;
    response.on('close', () => this.onClosed(exchange, line));
    if (before === undefined) this.begin(exchange);
    else before.response.once('close', () => this.begin(exchange));
  }

  /** One at a time, and none once the connection ends: what came before may be nothing that anything may follow. */
  private begin(exchange: Exchange): void {
    if (exchange.request.socket.writable) this.advance(exchange);
  }

  advance(exchange: Exchange): void {
    while (!exchange.finished) {
      const stage = STAGES[exchange.nextStage];
      if (stage === undefined) return;
      exchange.nextStage += 1;
      const result = this.run(stage, exchange);
      if (result === WAIT) return;
      if (result !== NEXT) this.refuse(exchange, result);
    }
  }

  /** A stage that throws has decided nothing, so the request is refused; the proxy goes on. */
  private run(stage: Stage, exchange: Exchange): StageResult {
    try {
      return stage(exchange, this.services, this);
    } catch (error) {
      this.services.log.error(
        { error, stage: stage.name },
        'A stage of the proxy failed; the request is refused.',
      );
      return { reason: 'undecided', shown: 'undecided' };
    }
  }

  refuse(exchange: Exchange, refusal: Refusal, outcome: Ending['outcome'] = 'none'): void {
    const { response, message } = exchange;
    const dropped = exchange.authorised && message?.kind === 'notification';
    if (dropped) {
      response.writeHead(202, ['content-length', '0']);
      response.end();
    } else {
      const answer = answerRefusal(refusal, exchange.refused());
      if (!mayGoOn(exchange, refusal)) response.shouldKeepAlive = false;
      exchange.bytesOut = answer.body.length;
      sendWhole(response, answer.status, answer.headers, answer.body);
    }
    this.end(exchange, endingOf(exchange, refusal, outcome));
  }

  /** The newest request of a connection, until its answer is out. */
  exchangeOn(socket: Duplex): Exchange | undefined {
    return this.lines.get(socket)?.newest;
  }

  /** Nothing moved on a connection for a while. A stream may be silent; a caller who takes nothing is cut off. */
  onStill(socket: Socket): void {
    const line = this.lines.get(socket);
    if (line?.newest !== undefined && socket.writableLength === 0) return;
    if (line !== undefined) line.unread = true;
    socket.destroy();
  }

  private lineOf(socket: Duplex): Line {
    const known = this.lines.get(socket);
    if (known !== undefined) return known;
    const line = { newest: undefined, unread: false };
    this.lines.set(socket, line);
    return line;
  }

  /** Bytes came that belong to no request, while this one was open; the connection is answered and ends. */
  break(exchange: Exchange, reason: EdgeReason): void {
    exchange.cancelUpstream?.();
    const outcome = exchange.forwardedMs === undefined ? 'none' : 'cancelled';
    this.end(exchange, { status: REASONS[reason].httpStatus, decision: 'deny', reason, outcome });
  }

  release(exchange: Exchange): void {
    exchange.finished = true;
    this.services.forwarded.remove(exchange);
  }

  end(exchange: Exchange, ending: Ending): void {
    if (exchange.finished) return;
    this.release(exchange);
    this.services.recorder.ended(exchange, ending);
  }

  /** The caller has the answer, or the connection is gone: until then it takes memory, and so a place. */
  private onClosed(exchange: Exchange, line: Line): void {
    const { places, bodies, answers } = this.services;
    if (line.newest === exchange) line.newest = undefined;
    if (exchange.places !== undefined) places.give(exchange.places);
    bodies.give(exchange.heldBytes);
    answers.give(exchange.heldAnswerBytes);
    if (!exchange.finished) this.abandon(exchange, line);
    this.letGo(exchange);
  }

  /** Its caller went away, or was cut off. */
  private abandon(exchange: Exchange, line: Line): void {
    const { cancelUpstream, forwardedMs } = exchange;
    cancelUpstream?.();
    // Whoever it was handed over to records that.
    if (exchange.handedOver) return;
    this.end(exchange, {
      status: exchange.response.headersSent ? exchange.response.statusCode : 0,
      decision: exchange.authorised ? exchange.decision.outcome : 'deny',
      reason: this.reasonFor(line),
      outcome: forwardedMs === undefined ? 'none' : cancelUpstream === undefined ? 'answered' : 'cancelled',
    });
  }

  private reasonFor({ unread }: Line): EdgeReason {
    if (unread) return 'answer_unread';
    return this.timeIsUp ? 'draining' : 'client_closed';
  }

  /** Nobody needs its bodies: what no socket can be writing any more is freed, the rest is left to be found. */
  private letGo(exchange: Exchange): void {
    const { body, answerBody, forwardedMs, heldBytes, heldAnswerBytes } = exchange;
    const isBodyDone = exchange.bodyDone || forwardedMs === undefined;
    exchange.body = undefined;
    exchange.answerBody = undefined;
    let freed = 0;
    if (body !== undefined && isBodyDone) freed += freeBuffer(body);
    if (answerBody !== undefined && exchange.response.writableFinished) freed += freeBuffer(answerBody);
    this.services.bufferGarbage.add(heldBytes + heldAnswerBytes - freed);
  }
}

/** Where a request was ambiguous, so is what follows it; and a large body is not read to its end for nothing. */
function mayGoOn({ request, head }: Exchange, { reason }: Refusal): boolean {
  if (reason === 'bad_request_framing') return false;
  if (request.complete) return true;
  return head !== undefined && !head.chunked && (head.contentLength ?? 0) <= DRAINED_BODY_BYTES;
}
