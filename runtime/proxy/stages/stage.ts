// What a stage of the pipeline is: one check or one step, synchronous unless it says that it waits.
import type { AuditDecision, AuditPayload } from '#api/audit-event.ts';
import type { Reason } from '#api/reasons.ts';
import type { Exchange } from '../exchange.ts';
import type { Refusal } from '../refusal.ts';
import type { ProxyServices } from '../services.ts';

/** Go on with the next stage. */
export const NEXT = 'next';
/** The stage calls `flow.advance` itself, later. */
export const WAIT = 'wait';

export type StageResult = typeof NEXT | typeof WAIT | Refusal;

/** How an exchange ended, for the audit event and the metrics. */
export interface Ending {
  /** The HTTP status that was sent; 0 where none was. */
  readonly status: number;
  readonly decision: AuditDecision;
  readonly reason: Reason;
  readonly outcome: AuditPayload['outcome'];
}

/** What a stage that waits, or what relays the answer, tells the pipeline. */
export interface Flow {
  /** Runs the stages that are left. */
  advance(exchange: Exchange): void;
  /** Answers with a refusal, once nothing of another answer was sent. */
  refuse(exchange: Exchange, refusal: Refusal, outcome?: Ending['outcome']): void;
  /** Lets go of an exchange that a peer answered, and recorded. */
  release(exchange: Exchange): void;
  /** Closes the books on an exchange whose answer is sent. */
  end(exchange: Exchange, ending: Ending): void;
}

export type Stage = (exchange: Exchange, services: ProxyServices, flow: Flow) => StageResult;
