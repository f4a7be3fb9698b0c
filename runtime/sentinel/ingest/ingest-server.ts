// Where proxies deliver their events: `POST /events`. A 202 means that every event of the request is on disk; any
// other answer means that none is and that the client has to keep them. One path on plain `node:http`, because
// this is the sentinel's hot path. It knows nothing of the store.
import http from 'node:http';
import { INGEST_LIMITS } from '#api/audit-event.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { ReloadedFile } from '../reloaded-file.ts';
import type { EventStream } from '../stream/event-stream.ts';
import { StreamError } from '../stream/event-stream.ts';
import type { ApiKeys, IngestIdentity } from './api-keys.ts';
import type { PodTokens } from './pod-tokens.ts';
import { readBody } from './read-body.ts';
import type { EventProblem } from './read-events.ts';
import { readEvents } from './read-events.ts';

export interface IngestDeps {
  readonly stream: EventStream;
  /** Absent where no client has a key. */
  readonly keys?: ReloadedFile<ApiKeys> | undefined;
  /** Absent where no client comes with the token of its pod. */
  readonly tokens?: Pick<PodTokens, 'recognise'> | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once for each answered request. */
  readonly count: (outcome: string, events: number) => void;
}

/** Bodies in memory at one time; more are turned away until some are done. */
const BODIES_BYTES = 256 * 1024 * 1024;
const KEEP_ALIVE_MS = 75_000;
const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly accepted?: number;
  readonly problems?: readonly EventProblem[];
  readonly retryAfterS?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body was not read: the connection can't be used for another request. */
  readonly close?: boolean;
}

/** Not yet listening. */
export function createIngestServer(deps: IngestDeps): http.Server {
  const budget = { bytes: BODIES_BYTES };
  const server = http.createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true },
    (request, response) => {
      answer(deps, budget, request).then(
        (answered) => {
          deps.count(answered.code, answered.accepted ?? 0);
          send(response, answered);
        },
        (error: unknown) => {
          // What is left here is a client that went away, or a mistake of ours; neither may end the process.
          if (!request.destroyed) deps.log.error({ error }, 'A request to ingest failed.');
          response.destroy();
        },
      );
    },
  );
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return server;
}

async function answer(
  deps: IngestDeps,
  budget: { bytes: number },
  request: http.IncomingMessage,
): Promise<Answer> {
  const refusal = refuseHead(request);
  if (refusal !== undefined) return refusal;
  const identity = await authenticate(deps, request);
  if ('status' in identity) return identity;
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') {
    const message = 'Send events as application/json.';
    return { status: 415, code: 'unsupported_media_type', message, close: true };
  }
  const reserved = expectedBytes(request);
  if (reserved > budget.bytes) {
    return { status: 429, code: 'busy', message: 'Too many requests at once.', retryAfterS: 1, close: true };
  }
  budget.bytes -= reserved;
  try {
    return await take(deps, identity, request);
  } finally {
    budget.bytes += reserved;
  }
}

function refuseHead(request: http.IncomingMessage): Answer | undefined {
  const path = request.url?.split('?', 1)[0];
  if (path !== '/events') return { status: 404, code: 'not_found', message: 'Post to /events.', close: true };
  if (request.method === 'POST') return undefined;
  return { status: 405, code: 'method_not_allowed', message: 'Post to /events.', headers: { allow: 'POST' } };
}

/** Before the body: strangers don't make us read one. A key comes first; a token is asked about where there is none. */
async function authenticate(
  { keys, tokens }: IngestDeps,
  { headers }: http.IncomingMessage,
): Promise<IngestIdentity | Answer> {
  const token = BEARER.exec(headers.authorization ?? '')?.[1];
  if (tokens !== undefined && headers['x-api-key'] === undefined && token !== undefined) {
    const found = await tokens.recognise(token);
    if (found.ok) return found.identity;
    const retryAfterS = found.status === 503 || found.status === 429 ? 5 : undefined;
    return { status: found.status, code: found.code, message: found.message, close: true, retryAfterS };
  }
  return keys === undefined ? stranger('a bearer token is missing') : await byKey(keys, headers);
}

async function byKey(
  file: ReloadedFile<ApiKeys>,
  headers: http.IncomingHttpHeaders,
): Promise<IngestIdentity | Answer> {
  const keys = await file.current();
  if (keys === undefined) {
    const message = 'The keys of ingest are not readable yet; see the log of the sentinel.';
    return { status: 503, code: 'keys_unavailable', message, retryAfterS: 5, close: true };
  }
  const presented = headers['x-api-key'];
  const identity = typeof presented === 'string' ? keys.find(presented) : undefined;
  return identity ?? stranger('x-api-key is missing or unknown');
}

function stranger(why: string): Answer {
  return { status: 401, code: 'unauthorized', message: `${why}.`, close: true };
}

/** What the body may take in memory: its length where that is told and plain, else as much as is allowed. */
function expectedBytes(request: http.IncomingMessage): number {
  const length = request.headers['content-length'];
  if (length === undefined || request.headers['content-encoding'] !== undefined)
    return INGEST_LIMITS.bodyBytes;
  return Math.min(Number(length), INGEST_LIMITS.bodyBytes);
}

async function take(
  deps: IngestDeps,
  identity: IngestIdentity,
  request: http.IncomingMessage,
): Promise<Answer> {
  const body = await readBody(request, INGEST_LIMITS.bodyBytes);
  if (!body.ok) return { ...body, close: true };
  const events = readEvents(body.bytes, identity);
  if (!events.ok) return events;
  const lines = Buffer.from(events.lines);
  try {
    await deps.stream.append({ lines, count: events.count, receivedAtMs: deps.clock.nowMs() });
  } catch (error) {
    if (error instanceof StreamError) return notStored(error);
    throw error;
  }
  return { status: 202, code: 'accepted', accepted: events.count };
}

function notStored(error: StreamError): Answer {
  const { code, message } = error;
  switch (code) {
    case 'busy':
      return { status: 429, code, message, retryAfterS: 1 };
    case 'full':
    case 'unavailable':
      return { status: 503, code, message, retryAfterS: 5 };
    case 'closed':
      return { status: 503, code, message, retryAfterS: 1, close: true };
  }
}

function send(response: http.ServerResponse, answered: Answer): void {
  const { code, message, problems } = answered;
  const body = JSON.stringify(
    answered.accepted === undefined
      ? { error: { code, message, ...(problems?.length ? { problems } : {}) } }
      : { accepted: answered.accepted },
  );
  response.writeHead(answered.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(answered.retryAfterS === undefined ? {} : { 'retry-after': String(answered.retryAfterS) }),
    ...(answered.close === true ? { connection: 'close' } : {}),
    ...answered.headers,
  });
  response.end(body);
}
