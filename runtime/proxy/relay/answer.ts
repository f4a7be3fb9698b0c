// What the ways to read an answer have in common.
import type { Exchange } from '../exchange.ts';
import type { Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';
import type { UpstreamCall } from '../upstream/upstream.ts';

/** One way to read an answer and send it on. */
export interface Answer {
  push(chunk: Buffer): void;
  end(): void;
  /** Reads what was kept for the end of the turn, before anything is written. The exchange may be over by then. */
  prepare?(): void;
  /** Writes what was kept for the end of the turn. The exchange may be over by then. */
  leave?(): void;
  /** What follows `leave`, once everything else of the turn has been written. */
  left?(): void;
  /** Ends an endless one at once, in order. */
  stop?(): void;
  /** Ends the answer early; true where it had begun and so was ended in its own way. */
  breakOff(refusal: Refusal): boolean;
  /** Whether it ends only when somebody ends it. */
  readonly endless: boolean;
  /** Whether it comes whole or not at all, so that it has to come within a time. */
  readonly whole: boolean;
}

/** What an answer needs of its relay. */
export interface RelayContext {
  readonly exchange: Exchange;
  readonly services: ProxyServices;
  readonly call: UpstreamCall | undefined;
  /** Has `prepare`, `leave` and `left` called at the end of this turn of the event loop. */
  leaveWithTurn(): void;
  /** The answer was sent in full. */
  finish(status: number): void;
  /** The answer can't go on. */
  fail(refusal: Refusal): void;
}

export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] === name) return headers[at + 1];
  }
  return undefined;
}
