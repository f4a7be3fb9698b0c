// An answer of one JSON message. It is complete or nothing to a caller, so it is gathered, read, and sent in one piece.
import { GatheredBytes } from '../gathered-bytes.ts';
import type { Refusal } from '../refusal.ts';
import { relayedHeaders } from './answer-headers.ts';
import {
  INVALID_ANSWER,
  NO_ROOM_FOR_ANSWER,
  TOO_LARGE_ANSWER,
  answersRequest,
  filteredResponse,
  responseRefusal,
} from './governed-message.ts';
import { holdAnswer } from './held-answer.ts';
import { sendWhole, whenSent } from './send.ts';
import type { Answer, RelayContext } from './answer.ts';

export class MessageAnswer implements Answer {
  readonly endless = false;
  readonly whole = true;
  private readonly context: RelayContext;
  private readonly headers: readonly string[];
  private readonly gathered: GatheredBytes;
  private body: Buffer | undefined;
  private leaving = false;

  constructor(context: RelayContext, headers: readonly string[]) {
    this.context = context;
    this.headers = headers;
    this.gathered = new GatheredBytes(context.services.upstream.keepsNothing);
  }

  push(chunk: Buffer): void {
    const { exchange, services } = this.context;
    if (exchange.finished) return;
    const bytes = this.gathered.byteLength + chunk.length;
    if (bytes > services.config.limits.maxAnswerBytes) this.context.fail(TOO_LARGE_ANSWER);
    else if (!holdAnswer(this.context, bytes)) this.context.fail(NO_ROOM_FOR_ANSWER);
    else this.gathered.push(chunk);
  }

  end(): void {
    if (!this.context.exchange.finished) this.context.leaveWithTurn();
  }

  prepare(): void {
    const { exchange, services } = this.context;
    if (exchange.finished) return;
    const bytes = this.gathered.take();
    const message = services.serverMessages.read(bytes);
    if (message?.kind !== 'response' || !answersRequest(exchange, message)) {
      this.context.fail(INVALID_ANSWER);
      return;
    }
    const refusal = responseRefusal(exchange, message);
    if (refusal !== undefined) {
      this.context.fail(refusal);
      return;
    }
    this.body = filteredResponse(exchange, services, bytes, message);
    if (services.upstream.keepsNothing) exchange.answerBody = this.body;
  }

  leave(): void {
    const { body } = this;
    const { exchange } = this.context;
    if (body === undefined || exchange.finished) return;
    exchange.bytesOut = body.length;
    sendWhole(exchange.response, 200, relayedHeaders(this.headers, 'application/json', body.length), body);
    this.leaving = true;
  }

  left(): void {
    const { exchange } = this.context;
    if (this.leaving) whenSent(exchange.response, () => this.context.finish(200));
  }

  /** A body that is on its way can only be cut off. */
  breakOff(_refusal: Refusal): boolean {
    if (this.leaving) this.context.exchange.response.destroy();
    return this.leaving;
  }
}
