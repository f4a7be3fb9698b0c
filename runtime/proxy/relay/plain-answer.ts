// Answers of which only the status matters: errors of the server's HTTP side, and acknowledgements without a body.
import { GatheredBytes } from '../gathered-bytes.ts';
import type { Refusal } from '../refusal.ts';
import { relayedHeaders } from './answer-headers.ts';
import { answersRequest } from './governed-message.ts';
import { holdAnswer } from './held-answer.ts';
import type { Answer, RelayContext } from './answer.ts';

/** More than this of an error page helps nobody. */
const MAX_BYTES = 64 * 1024;

/** An error status with its body: as JSON where it is the JSON-RPC error of this request, else as text. */
export class PlainAnswer implements Answer {
  readonly endless = false;
  readonly whole = true;
  private readonly context: RelayContext;
  private readonly status: number;
  private readonly headers: readonly string[];
  private readonly isJson: boolean;
  private readonly gathered: GatheredBytes;
  private isWhole = true;

  constructor(context: RelayContext, status: number, headers: readonly string[], isJson: boolean) {
    this.context = context;
    this.status = status;
    this.headers = headers;
    this.isJson = isJson;
    this.gathered = new GatheredBytes(context.services.upstream.keepsNothing);
  }

  push(chunk: Buffer): void {
    const bytes = this.gathered.byteLength + chunk.length;
    this.isWhole &&= bytes <= MAX_BYTES && holdAnswer(this.context, bytes);
    if (this.isWhole) this.gathered.push(chunk);
  }

  end(): void {
    const { exchange, services } = this.context;
    const { mcpSession } = exchange;
    if (this.status === 404 && mcpSession !== undefined) services.sessions.ended(mcpSession);
    const gathered = this.gathered.take();
    const body = this.isWhole ? gathered : Buffer.alloc(0);
    const message = this.isJson ? services.serverMessages.read(body) : undefined;
    // A result has no place in an error: read as one, it would pass by the rules for results.
    const isAnswer = message?.isError === true && answersRequest(exchange, message);
    const type = isAnswer ? 'application/json' : 'text/plain; charset=utf-8';
    exchange.bytesOut = body.length;
    exchange.response.writeHead(this.status, [
      ...relayedHeaders(this.headers, type, body.length),
      'x-content-type-options',
      'nosniff',
    ]);
    exchange.response.end(body);
    this.context.finish(this.status);
  }

  breakOff(_refusal: Refusal): boolean {
    return false;
  }
}

/** A status without a body, whatever the server sent along. */
export class EmptyAnswer implements Answer {
  readonly endless = false;
  readonly whole = true;
  private readonly context: RelayContext;
  private readonly status: number;

  constructor(context: RelayContext, status: number) {
    this.context = context;
    this.status = status;
  }

  push(_chunk: Buffer): void {
    // A notification has no answer, so a body here is nothing that a caller could use.
  }

  end(): void {
    const { exchange, services } = this.context;
    const { mcpSession } = exchange;
    if (exchange.httpMethod === 'DELETE' && mcpSession !== undefined) services.sessions.ended(mcpSession);
    exchange.response.writeHead(this.status, this.status === 204 ? [] : ['content-length', '0']);
    exchange.response.end();
    this.context.finish(this.status);
  }

  breakOff(_refusal: Refusal): boolean {
    return false;
  }
}
