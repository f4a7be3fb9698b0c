// An answer of one JSON message. It is complete or nothing to a caller, so it is gathered, read, and sent in one piece.
import type { Refusal } from '../refusal.ts';
import { relayedHeaders } from './answer-headers.ts';
import { INVALID_ANSWER, answersRequest, filteredResponse, responseRefusal } from './governed-message.ts';
import { sendWhole } from './send.ts';
import { headerOf, type Answer, type RelayContext } from './answer.ts';

export class MessageAnswer implements Answer {
  readonly endless = false;
  private readonly context: RelayContext;
  private readonly headers: readonly string[];
  private first: Buffer | undefined;
  private more: Buffer[] | undefined;
  private bytes = 0;

  constructor(context: RelayContext, headers: readonly string[]) {
    this.context = context;
    this.headers = headers;
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > this.context.services.config.limits.maxAnswerBytes) this.context.fail(INVALID_ANSWER);
    else if (this.first === undefined) this.first = chunk;
    else (this.more ??= []).push(chunk);
  }

  end(): void {
    const { exchange, services } = this.context;
    if (exchange.finished) return;
    const first = this.first ?? Buffer.alloc(0);
    const bytes = this.more === undefined ? first : Buffer.concat([first, ...this.more]);
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
    const mcpSession = headerOf(this.headers, 'mcp-session-id');
    if (mcpSession !== undefined) services.ledger.claim(mcpSession, exchange.subjectKey);
    const body = filteredResponse(exchange, services, bytes, message);
    exchange.bytesOut = body.length;
    sendWhole(exchange.response, 200, relayedHeaders(this.headers, 'application/json', body.length), body);
    this.context.finish(200);
  }

  breakOff(_refusal: Refusal): boolean {
    return false;
  }
}
