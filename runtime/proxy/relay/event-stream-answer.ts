// An answer that is a stream of events. Each is read, and passed on as soon as it is complete; a slow caller slows
// the server down.
import type { Socket } from 'node:net';
import { idKey } from '../json/rpc-id.ts';
import type { ServerMessage } from '../json/server-message.ts';
import { refusalMessage, type Refusal } from '../refusal.ts';
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
import { whenSent } from './send.ts';

/** Bytes of events that can wait for others. More would fill the socket's buffer, and stop the server for nothing. */
const HELD_BELOW = 8 * 1024;

export class EventStreamAnswer implements Answer {
  readonly endless: boolean;
  readonly whole = false;
  private readonly context: RelayContext;
  private readonly splitter: EventSplitter;
  private answered = false;
  /** Events of it had ids, so it can be resumed. */
  private resumable = false;
  /** Nothing follows, and the last of it is on its way. */
  private leaving = false;
  private waitsForDrain = false;
  /** Holds what was written this turn. The socket's, because a corked response sends its end before its events. */
  private corked: Socket | undefined;
  /** Written, and not yet taken by the caller. */
  private untaken = 0;

  constructor(context: RelayContext, headers: readonly string[]) {
    this.context = context;
    const { exchange, services } = context;
    this.endless = exchange.httpMethod === 'GET';
    this.splitter = new EventSplitter(services.config.limits.maxAnswerBytes);
    services.recorder.streamOpened(exchange);
    this.holdForTurn();
    exchange.response.writeHead(200, [
      ...relayedHeaders(headers, 'text/event-stream'),
      'cache-control',
      'no-cache, no-transform',
    ]);
    exchange.response.flushHeaders();
  }

  push(chunk: Buffer): void {
    if (this.context.exchange.finished) return;
    const { exchange } = this.context;
    if (!this.hold(chunk.length)) {
      this.context.fail(NO_ROOM_FOR_ANSWER);
      return;
    }
    const { events, problem } = this.splitter.push(chunk);
    const passed: Buffer[] = [];
    for (const event of events) {
      const outcome = this.judge(event);
      if (outcome === undefined) continue;
      if (!Buffer.isBuffer(outcome)) {
        this.write(passed);
        this.context.fail(outcome);
        return;
      }
      passed.push(event.hasId ? this.withOwnIds(outcome) : outcome);
    }
    if (exchange.finished) return;
    this.write(passed);
    this.context.services.bufferGarbage.add(chunk.length);
    if (problem === undefined) this.hold();
    else this.context.fail(problem === 'too_large' ? TOO_LARGE_ANSWER : INVALID_ANSWER);
  }

  end(): void {
    const { exchange } = this.context;
    if (exchange.finished) return;
    this.leaving = true;
    this.holdForTurn();
  }

  /** Head, events and end of one turn leave in one packet. */
  leave(): void {
    const { response, finished } = this.context.exchange;
    const { corked } = this;
    this.corked = undefined;
    // To end it uncorks, too.
    if (this.leaving && !finished) response.end();
    else corked?.uncork();
  }

  left(): void {
    const { exchange, services } = this.context;
    if (!this.leaving || exchange.finished) return;
    whenSent(exchange.response, () => {
      if (this.resumable && this.answered) releaseRequest(exchange, services);
      this.context.finish(200);
    });
  }

  breakOff(refusal: Refusal): boolean {
    const { exchange } = this.context;
    if (this.leaving) {
      exchange.response.destroy();
      return true;
    }
    const waiting = exchange.message?.kind === 'request' && !this.answered;
    if (waiting) this.write([eventOf(refusalMessage(refusal, exchange.refused()))]);
    exchange.response.end();
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

  private write(parts: readonly Buffer[]): void {
    const [first] = parts;
    if (first === undefined) return;
    const { exchange, call } = this.context;
    const bytes = parts.length === 1 ? first : Buffer.concat(parts);
    exchange.bytesOut += bytes.length;
    if (bytes.length < HELD_BELOW) this.holdForTurn();
    if (exchange.response.write(bytes)) return;
    this.untaken = exchange.response.writableLength;
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

  private holdForTurn(): void {
    const { socket } = this.context.exchange.response;
    if (this.corked !== undefined || socket === null) return;
    socket.cork();
    this.corked = socket;
    this.context.leaveWithTurn();
  }

  /** Takes memory for what came and has not left, and for `more`; false where there is none. */
  private hold(more = 0): boolean {
    return holdAnswer(this.context, this.splitter.heldBytes + this.untaken + more);
  }
}
