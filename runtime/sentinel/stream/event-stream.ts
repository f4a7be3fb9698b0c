// The durable line between ingest and writer. The embedded log implements it on a folder; a broker can implement it
// for larger installations. It knows nothing of events but their number: a batch is lines of text.

/** One accepted request: as many lines as events, each line one JSON object without raw line breaks. */
export interface EventBatch {
  readonly lines: Buffer;
  readonly count: number;
  readonly receivedAtMs: number;
}

/** A batch in its place: `offset` counts the events before it since the stream began. */
export interface StreamBatch extends EventBatch {
  readonly offset: number;
}

/** Reading stops after the batch that reaches one of these. */
export interface ReadLimits {
  readonly events: number;
  readonly bytes: number;
}

/** `next` is where to go on: behind the last batch, and past what can't be read any more. */
export interface StreamSlice {
  readonly batches: readonly StreamBatch[];
  readonly next: number;
}

export interface StreamStats {
  /** Durable events that are not committed. */
  readonly pending: number;
  /** Bytes the stream occupies. */
  readonly bytes: number;
  /** Events that were acknowledged once and can't be read any more. Anything but 0 is damage from outside. */
  readonly lost: number;
  /** Why the last append failed; absent while appends succeed. */
  readonly problem?: string | undefined;
}

/**
 * `full`: the bound is reached until the reader has caught up. `busy`: more is waiting to be written than memory
 * allows. `unavailable`: the medium refuses (disk full, I/O error). `closed`: the program is ending.
 */
export type StreamErrorCode = 'full' | 'busy' | 'unavailable' | 'closed';

/** Nothing of the batch counts as stored; whoever sent it has to send it again. */
export class StreamError extends Error {
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StreamError';
    this.code = code;
  }
}

export interface EventStream {
  /** Resolves once the whole batch survives a crash of program and machine. Rejects with `StreamError`. */
  append(batch: EventBatch): Promise<void>;
  /** Whole batches from `offset` on, in order; none where the reader is at the end. */
  read(offset: number, limits: ReadLimits): Promise<StreamSlice>;
  /** Where reading starts after a restart. Everything before `offset` may be deleted. */
  commit(offset: number): Promise<void>;
  readonly committed: number;
  /** Calls `listener` for each durable batch, in order, until the returned function is called. */
  subscribe(listener: (batch: EventBatch) => void): () => void;
  stats(): StreamStats;
  /** Waits for what is being written, then refuses. */
  close(): Promise<void>;
}
