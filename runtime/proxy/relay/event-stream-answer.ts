// An answer that is a stream of events. Each is read, and passed on as soon as it is complete; a slow caller slows
// the server down.
import { idKey } from '../json/rpc-id.ts';
import type { ServerMessage } from '../json/server-message.ts';
import { GIVEN_UP, isDenial, refusalMessage, type Refusal } from '../refusal.ts';
import { relayedHeaders } from './answer-headers.ts';
import { EventSplitter, eventOf, withData, withIds, type StreamEvent } from './event-splitter.ts';
import {
  INVALID_ANSWER,
  NO_ROOM_FOR_ANSWER,
  TOO_LARGE_ANSWER,
  answersKnownRequest,
  answersRequest,
  filteredResponse,
  passServerRequest,
  responseRefusal,
} from './governed-message.ts';
import { holdAnswer } from './held-answer.ts';
import { keepRequest, releaseRequest } from './known-requests.ts';
import type { Answer, RelayContext } from './answer.ts';
import { sendWhole, whenSent } from './send.ts';

/** Bytes of events that can wait for others. More would fill the socket's buffer, and stop the server for nothing. */
const HELD_BELOW = 8 * 1024;
const OWN_HEADERS = ['cache-control', 'no-cache, no-transform'];

export class EventStreamAnswer implements Answer {
  readonly endless: boolean;
  readonly whole = false;
  private readonly context: RelayContext;
  private readonly headers: readonly string[];
  private readonly splitter: EventSplitter;
  private answered = false;
  /** Events of it had ids, so it can be resumed. */
  private resumable = false;
  /** Its head is written. */
  private begun = false;
  /** Nothing follows. */
  private ended = false;
  /** The last of it is on its way. */
  private leaving = false;
  private waitsForDrain = false;
  /** What leaves with this turn. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  /** The answer of the call is among it. */
  private holdsAnswer = false;
  private leavesWithTurn = false;
  /** Written, and not yet taken by the caller. */
  private untaken = 0;

  constructor(context: RelayContext, headers: readonly string[]) {
    this.context = context;
    this.headers = headers;
    const { exchange, services } = context;
    this.endless = exchange.httpMethod === 'GET';
    const { config, upstream } = services;
    this.splitter = new EventSplitter(config.limits.maxAnswerBytes, upstream.keepsNothing);
    // A stream that is no call's is recorded as one from the first.
    if (this.endless) services.recorder.streamOpened(exchange);
    this.leaveWithTurn();
  }

  push(chunk: Buffer): void {
    if (this.context.exchange.finished) return;
    const { exchange } = this.context;
    if (!this.hold(chunk.length)) {
      this.context.fail(NO_ROOM_FOR_ANSWER);
      return;
    }
    const { events, problem } = this.splitter.push(chunk);
    for (const event of events) {
      const outcome = this.judge(event);
      if (outcome === undefined) continue;
      if (!Buffer.isBuffer(outcome)) {
        this.context.fail(outcome);
        return;
      }
      this.pass(event.hasId ? this.withOwnIds(outcome) : outcome);
    }
    if (exchange.finished) return;
    if (this.heldBytes >= HELD_BELOW) this.write();
    this.context.services.bufferGarbage.add(chunk.length);
    if (problem === undefined) this.hold();
    else this.context.fail(problem === 'too_large' ? TOO_LARGE_ANSWER : INVALID_ANSWER);
  }

  end(): void {
    if (this.context.exchange.finished) return;
    this.ended = true;
    this.leaveWithTurn();
  }

  /** Head, events and end of one turn leave in one packet. A call's stream that is whole by then has a length, as JSON has. */
  leave(): void {
    this.leavesWithTurn = false;
    const { exchange } = this.context;
    if (exchange.finished) return;
    if (!this.ended) {
      this.write();
      return;
    }
    this.leaving = true;
    if (this.begun || this.endless) {
      this.writeLast();
      return;
    }
    const body = this.takeHeld();
    sendWhole(exchange.response, 200, this.headersOf(body.length), body);
  }

  left(): void {
    const { exchange, services } = this.context;
    if (exchange.finished) return;
    if (this.begun) services.recorder.streamOpened(exchange);
    if (!this.leaving) return;
    whenSent(exchange.response, () => {
      if (this.resumable && this.answered) releaseRequest(exchange, services);
      this.context.finish(200);
    });
  }

  stop(): void {
    if (!this.leaving) this.writeLast();
  }

  breakOff(refusal: Refusal): boolean {
    const { exchange } = this.context;
    if (this.leaving) {
      exchange.response.destroy();
      return true;
    }
    // An answer that nobody has yet may not leave any more; one that a lost server left behind may.
    if (this.holdsAnswer && isDenial(refusal)) this.dropHeld();
    // Nothing has left: the caller gets the refusal instead, as if no answer had come.
    if (!this.begun && (this.ended || this.heldBytes === 0)) return false;
    const isAsked = exchange.message?.kind === 'request' && !this.answered;
    // A caller who can resume hears nothing: to an error it would not come back.
    const resumes = this.resumable && refusal === GIVEN_UP;
    if (isAsked && !resumes) this.pass(eventOf(refusalMessage(refusal, exchange.refused())));
    this.writeLast();
    return true;
  }

  /** An event by whose id only this caller can resume. */
  private withOwnIds(bytes: Buffer): Buffer {
    const { exchange, services } = this.context;
    if (!this.resumable) keepRequest(exchange, services);
    this.resumable = true;
    return withIds(bytes, (id) => services.resumeIds.bind(id, exchange));
  }

  /** The bytes to pass on, nothing, or why the stream may not go on. */
  private judge(event: StreamEvent): Buffer | Refusal | undefined {
    if (event.data.length === 0) return event.bytes;
    const { exchange, services } = this.context;
    const message = services.serverMessages.read(event.data);
    if (message === undefined) return INVALID_ANSWER;
    switch (message.kind) {
      case 'notification':
        return event.bytes;
      case 'request':
        return passServerRequest(exchange, services, message) ? event.bytes : undefined;
      case 'response': {
        if (!this.expects(message)) {
          this.noteDropped(message.id);
          return undefined;
        }
        this.answered = true;
        const refusal = responseRefusal(exchange, message);
        if (refusal !== undefined) {
          this.answered = false;
          return refusal;
        }
        this.holdsAnswer = true;
        const data = filteredResponse(exchange, services, event.data, message);
        return data === event.data ? event.bytes : withData(event, data);
      }
    }
  }

  /** Whether somebody waits for a response here. A stream that nobody asked anything on has none, unless it resumes. */
  private expects(message: ServerMessage): boolean {
    const { exchange, services } = this.context;
    if (exchange.message === undefined) return answersKnownRequest(exchange, services, message);
    return !this.answered && answersRequest(exchange, message);
  }

  private noteDropped(id: string | undefined): void {
    const key = id === undefined ? undefined : idKey(id);
    this.context.services.log.debug(
      { id: key },
      'The server sent a response that nobody waits for; dropped.',
    );
  }

  private pass(bytes: Buffer): void {
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    this.leaveWithTurn();
  }

  private leaveWithTurn(): void {
    if (this.leavesWithTurn) return;
    this.leavesWithTurn = true;
    this.context.leaveWithTurn();
  }

  private dropHeld(): void {
    this.held = [];
    this.heldBytes = 0;
    this.holdsAnswer = false;
    this.answered = false;
  }

  private takeHeld(): Buffer {
    const { held, heldBytes } = this;
    const [first] = held;
    this.held = [];
    this.heldBytes = 0;
    this.holdsAnswer = false;
    this.context.exchange.bytesOut += heldBytes;
    return held.length === 1 && first !== undefined ? first : Buffer.concat(held, heldBytes);
  }

  private headersOf(length?: number): readonly string[] {
    return [...relayedHeaders(this.headers, 'text/event-stream', length), ...OWN_HEADERS];
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.context.exchange.response.writeHead(200, [...this.headersOf()]);
  }

  /** Writes the head, where that was not done, and what is held. */
  private write(): void {
    const isEmpty = this.heldBytes === 0;
    if (isEmpty && this.begun) return;
    const { response } = this.context.exchange;
    // The socket's, because a corked response sends its end before its events.
    const { socket } = response;
    socket?.cork();
    this.begin();
    if (isEmpty) response.flushHeaders();
    const mayGoOn = isEmpty || response.write(this.takeHeld());
    socket?.uncork();
    if (!mayGoOn) this.waitForDrain();
  }

  private writeLast(): void {
    const { response } = this.context.exchange;
    this.begin();
    if (this.heldBytes === 0) response.end();
    else response.end(this.takeHeld());
  }

  private waitForDrain(): void {
    const { exchange, call } = this.context;
    this.untaken = exchange.response.writableLength;
    this.hold();
    if (this.waitsForDrain || call === undefined) return;
    this.waitsForDrain = true;
    call.pause();
    exchange.response.once('drain', () => {
      this.waitsForDrain = false;
      this.untaken = 0;
      // The connection to the server may be another call's by now.
      if (exchange.finished) return;
      this.hold();
      call.resume();
    });
  }

  /** Takes memory for what came and has not left, and for `more`; false where there is none. */
  private hold(more = 0): boolean {
    return holdAnswer(this.context, this.splitter.heldBytes + this.untaken + more);
  }
}
