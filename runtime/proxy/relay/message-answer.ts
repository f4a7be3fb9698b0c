// An answer of one JSON message. It is complete or nothing to a caller, so it is gathered, read, and sent in one piece.
import { GatheredBytes } from '../gathered-bytes.ts';
import type { Refusal } from '../refusal.ts';
import { relayedHeaders } from './answer-headers.ts';
import { INVALID_ANSWER, answersRequest, filteredResponse, responseRefusal } from './governed-message.ts';
import { sendWhole } from './send.ts';
import type { Answer, RelayContext } from './answer.ts';

export class MessageAnswer implements Answer {
  readonly endless = false;
  private readonly context: RelayContext;
  private readonly headers: readonly string[];
  private readonly gathered = new GatheredBytes();

  constructor(context: RelayContext, headers: readonly string[]) {
    this.context = context;
    this.headers = headers;
  }

  push(chunk: Buffer): void {
    this.gathered.push(chunk);
    const { maxAnswerBytes } = this.context.services.config.limits;
    if (this.gathered.byteLength > maxAnswerBytes) this.context.fail(INVALID_ANSWER);
  }

  end(): void {
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
    const body = filteredResponse(exchange, services, bytes, message);
    exchange.bytesOut = body.length;
    sendWhole(exchange.response, 200, relayedHeaders(this.headers, 'application/json', body.length), body);
    this.context.finish(200);
  }

  breakOff(_refusal: Refusal): boolean {
    return false;
  }
}
