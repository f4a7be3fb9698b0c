// What the rest of the proxy knows of spans: that somebody may want them. Who does is loaded only where a collector is.
import type { Exchange } from '../exchange.ts';
import type { Ending } from '../stages/stage.ts';

export interface SpanCounts {
  exported: number;
  /** Found no room, or were taken by no collector. */
  dropped: number;
}

export interface SpanSink {
  readonly counts: SpanCounts;
  /** An exchange is over; its span is exported where its trace is sampled. */
  ended(exchange: Exchange, ending: Ending, durationMs: number): void;
  /** Exports what waits, until `signal` fires. */
  close(signal: AbortSignal): Promise<void>;
}
