// One request on its way through the proxy: what each stage found out. Fresh, it is refused: only `authorise` may
// let it pass, and a stage that forgets to decide leaves the refusal standing.
import type { Decision } from '#policy/decision.ts';
import type { CallerRequest, CallerResponse } from './edge/caller.ts';
import type { TraceParent } from './edge/trace-context.ts';
import type { RequestHead } from './edge/request-head.ts';
import { callerAddressIn } from './peers/peer-head.ts';
import type { ClientMessage } from './json/client-message.ts';
import type { PolicySnapshot } from './policy/policy-source.ts';
import type { RefusedRequest } from './refusal.ts';
import type { PlacedSession } from './sessions/session-seal.ts';
import type { KnownCaller } from './state/known-callers.ts';
import type { SubjectPlaces } from './state/places.ts';

export const UNDECIDED: Decision = {
  outcome: 'deny',
  reason: 'undecided',
  disclosedReason: 'undecided',
};

const SPAN_DIGITS = 16;
const NO_HEADERS: readonly string[] = [];

export class Exchange {
  readonly request: CallerRequest;
  readonly httpMethod: string;
  readonly response: CallerResponse;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** Of its audit events; also its trace, where the caller brought none. */
  readonly id: string;
  /** A peer handed it over. */
  readonly viaPeer: boolean;
  head: RequestHead | undefined;
  /** What the caller says of its trace, where it is well-formed. */
  traceParent: TraceParent | undefined;
  /** Whether the trace is to be recorded. */
  sampled = false;
  snapshot: PolicySnapshot | undefined;
  caller: KnownCaller | undefined;
  /** Came more often than policy allows, which only observes. */
  exceedsRate = false;
  /** The legacy session that the caller presented and may use, or that it gets with the answer. */
  mcpSession: PlacedSession | undefined;
  /** The server's id of the event after which a stream is to go on. */
  lastEventId: string | undefined;
  /** The pod that holds its session answers it. */
  handedOver = false;
  /** Among which it holds a place, as one of the requests in progress of its subject. */
  places: SubjectPlaces | undefined;
  body: Buffer | undefined;
  /** Of the budget for bodies. */
  heldBytes = 0;
  /** Of the budget for answers. */
  heldAnswerBytes = 0;
  /** The body of the answer, where nobody needs it once it is sent. */
  answerBody: Buffer | undefined;
  /** Its answer is complete, from a client that then reads the body no more: it is the proxy's alone. */
  bodyDone = false;
  message: ClientMessage | undefined;
  /** Of its arguments, once it was asked for. */
  argumentsDigest: string | undefined;
  decision = UNDECIDED;
  /** Whether policy had its say, so that a refusal is an answer to a request and not to a connection. */
  authorised = false;
  /** A `decided` event is on record. */
  decidedRecorded = false;
  bytesIn = 0;
  bytesOut = 0;
  forwardedMs: number | undefined;
  answeredMs: number | undefined;
  /** Ends what is under way towards the server. */
  cancelUpstream: (() => void) | undefined;
  /** Index of the stage that runs next. */
  nextStage = 0;
  finished = false;
  /** Where it stands among the forwarded ones; of no meaning to others. */
  forwardedPlace: number | undefined;

  constructor(
    id: string,
    request: CallerRequest,
    response: CallerResponse,
    startedMs: number,
    viaPeer: boolean,
  ) {
    this.id = id;
    this.viaPeer = viaPeer;
    this.request = request;
    this.httpMethod = request.method ?? '';
    this.response = response;
    this.startedMs = startedMs;
  }

  /** From where the caller came. */
  get callerAddress(): string {
    const told = this.viaPeer && this.head !== undefined ? callerAddressIn(this.head) : undefined;
    return told ?? this.request.socket.remoteAddress ?? 'unknown';
  }

  /** The path without its query. */
  get path(): string {
    const url = this.request.url ?? '';
    const query = url.indexOf('?');
    return query === -1 ? url : url.slice(0, query);
  }

  /** The caller's trace, or one of our own. */
  get traceId(): string {
    return this.traceParent?.traceId ?? this.id;
  }

  /** The span of this request in its trace: the beginning of its id, so that its events name it too. */
  get spanId(): string {
    return this.id.slice(0, SPAN_DIGITS);
  }

  /** See `subjectKeyOf`; empty where nobody is known. */
  get subjectKey(): string {
    return this.caller?.subjectKey ?? '';
  }

  get isObserved(): boolean {
    return this.snapshot?.document.policy.mode === 'observe';
  }

  get tool(): string | undefined {
    return this.message?.method === 'tools/call' ? this.message.name : undefined;
  }

  /** The request as a refusal sees it. */
  refused(): RefusedRequest {
    const { snapshot, message } = this;
    const headers = snapshot?.document.auth;
    return {
      rpcId: message?.kind === 'response' ? undefined : message?.id,
      tool: this.tool,
      answerable: this.authorised && message?.kind === 'request',
      modern: message?.modern === true,
      revision: snapshot?.document.revision,
      traceId: this.traceId,
      identityHeaders:
        headers === undefined ? NO_HEADERS : [headers.humanHeader, headers.agentHeader, headers.teamHeader],
    };
  }
}
