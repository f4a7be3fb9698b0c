// W3C Trace Context, at its edge: what a caller says of its trace is taken where it is well-formed, and replaced where it
// isn't. Nothing of it is believed but that it names a trace and asks for it to be recorded.

export interface TraceParent {
  /** 32 hexadecimal digits, not all of them 0. */
  readonly traceId: string;
  /** Of the caller; 16 hexadecimal digits, not all of them 0. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Later versions may go on behind these fields; `ff` is none. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;
const MAX_STATE_MEMBERS = 32;

/** Undefined where it isn't well-formed. */
export function readTraceparent(value: string): TraceParent | undefined {
  const found = TRACEPARENT.exec(value);
  if (found === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = found;
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export function traceparentOf(traceId: string, spanId: string, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Whether a `tracestate`, its lines joined, may be passed on: it has bounds, and means nothing here. */
export function isTracestate(value: string): boolean {
  return TRACESTATE.test(value) && value.split(',').length <= MAX_STATE_MEMBERS;
}

/** Whether a trace that begins here is recorded: the same answer for the same id, everywhere. */
export function isInSample(traceId: string, share: number): boolean {
  return Number.parseInt(traceId.slice(0, 8), 16) < share * 2 ** 32;
}
