// From the bytes of one `POST /events` to the lines that are stored, or to what is wrong with them. All or nothing:
// one bad event refuses its batch. What is stored is written anew from what was checked, so that whoever reads the
// lines with another parser sees the same members and values.
import { isUtf8 } from 'node:buffer';
import { auditEvent, goAuditEvent, INGEST_LIMITS } from '#api/audit-event.ts';
import type { IngestIdentity } from './api-keys.ts';
import type { JsonObject } from './compiled-check.ts';
import { compileCheck, isJsonObject } from './compiled-check.ts';
import { eventFromGo } from './go-event.ts';

export type IngestErrorCode =
  'invalid_json' | 'invalid_events' | 'too_many_events' | 'foreign_server' | 'body_too_large';

export interface EventProblem {
  /** Position in the batch, 0 for a single event. */
  readonly index: number;
  /** `payload.decision`; empty where it is the event as a whole. */
  readonly path: string;
  readonly message: string;
}

export type ReadEvents =
  | { readonly ok: true; readonly lines: string; readonly count: number }
  | {
      readonly ok: false;
      readonly status: 400 | 403 | 413;
      readonly code: IngestErrorCode;
      readonly message: string;
      readonly problems: readonly EventProblem[];
    };

/** Enough to see what is wrong, bounded whatever a client sends. */
const MAX_PROBLEMS = 20;
const MAX_TEXT = 4096;
const MAX_MEMBERS = 128;
const NOT_STORABLE = 'a member that is not known here has to be a short text, a number, true, false or null';

const ILL_FORMED = 'not well-formed Unicode';

const isFastEvent = compileCheck(auditEvent, { extension: isExtension, maxNumber: Number.MAX_SAFE_INTEGER });

export function readEvents(body: Buffer, identity: IngestIdentity): ReadEvents {
  const parsed = parseJson(body);
  if (!parsed.ok) return refused(400, 'invalid_json', parsed.message);
  const events: readonly unknown[] = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  if (events.length > INGEST_LIMITS.events) {
    return refused(413, 'too_many_events', `A batch holds at most ${INGEST_LIMITS.events} events.`);
  }
  const lines: string[] = [];
  const problems: EventProblem[] = [];
  for (const [index, event] of events.entries()) {
    const read = readEvent(event, identity);
    if (read.ok) {
      const foreign = foreignServer(read.payload, identity);
      if (foreign !== undefined) return refused(403, 'foreign_server', foreign);
      lines.push(read.line);
    } else {
      problems.push(...read.problems.map((problem) => ({ index, ...problem })));
      if (problems.length >= MAX_PROBLEMS) break;
    }
  }
  if (problems.length > 0) {
    return refused(
      400,
      'invalid_events',
      'Nothing of this batch was stored.',
      problems.slice(0, MAX_PROBLEMS),
    );
  }
  return { ok: true, lines: lines.length === 0 ? '' : `${lines.join('\n')}\n`, count: lines.length };
}

function refused(
  status: 400 | 403 | 413,
  code: IngestErrorCode,
  message: string,
  problems: readonly EventProblem[] = [],
): ReadEvents {
  return { ok: false, status, code, message, problems };
}

type Json = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

function parseJson(body: Buffer): Json {
  if (!isUtf8(body)) return { ok: false, message: 'The body is not UTF-8.' };
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return { ok: true, value };
  } catch {
    return { ok: false, message: 'The body is not JSON.' };
  }
}

type ReadEvent =
  | { readonly ok: true; readonly line: string; readonly payload: JsonObject }
  | { readonly ok: false; readonly problems: readonly Omit<EventProblem, 'index'>[] };

function readEvent(event: unknown, identity: IngestIdentity): ReadEvent {
  if (isFastEvent(event)) return lineOf(event);
  if (isJsonObject(event) && !Object.hasOwn(event, 'id')) {
    const go = goAuditEvent.safeParse(event);
    return go.success ? explained(eventFromGo(go.data, identity)) : issuesOf(go.error.issues);
  }
  return explained(event);
}

function explained(event: unknown): ReadEvent {
  const parsed = auditEvent.safeParse(event);
  if (!parsed.success) return issuesOf(parsed.error.issues);
  const problem = storageProblem(event, '');
  return problem === undefined ? lineOf(event) : { ok: false, problems: [problem] };
}

function issuesOf(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): ReadEvent {
  return {
    ok: false,
    problems: issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
  };
}

function lineOf(event: unknown): ReadEvent {
  const payload = isJsonObject(event) ? event['payload'] : undefined;
  if (!isJsonObject(event) || !isJsonObject(payload)) {
    return { ok: false, problems: [{ path: 'payload', message: 'expected an object' }] };
  }
  const line = JSON.stringify(event);
  const problem = line.includes('\\ud') ? storageProblem(event, '') : undefined;
  return problem === undefined ? { ok: true, line, payload } : { ok: false, problems: [problem] };
}

/** The store reads lines with a parser of its own, which knows neither half characters nor numbers without end. */
function storageProblem(value: unknown, path: string): Omit<EventProblem, 'index'> | undefined {
  if (typeof value === 'string' && !value.isWellFormed()) return { path, message: ILL_FORMED };
  if (!isJsonObject(value)) return isExtension(value) ? undefined : { path, message: NOT_STORABLE };
  const members = Object.entries(value);
  if (members.length > MAX_MEMBERS) return { path, message: `more than ${MAX_MEMBERS} members` };
  for (const [key, member] of members) {
    const at = path === '' ? key : `${path}.${key}`;
    if (!key.isWellFormed()) return { path: at, message: ILL_FORMED };
    const isNested = isJsonObject(member) && at !== 'payload';
    const problem = isNested ? { path: at, message: NOT_STORABLE } : storageProblem(member, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What a newer proxy may add: the store holds it, whatever it means. */
function isExtension(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_TEXT && value.isWellFormed();
    case 'number':
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    case 'boolean':
      return true;
    case 'object':
      return value === null;
    default:
      return false;
  }
}

/** A client speaks for one server. Naming another one is a mistake or an attempt to forge its record. */
function foreignServer(payload: JsonObject, identity: IngestIdentity): string | undefined {
  const { server, namespace } = payload;
  if (server === identity.server && namespace === identity.namespace) return undefined;
  return (
    `This key is ${identity.namespace}/${identity.server}'s; ` +
    `an event says ${String(namespace)}/${String(server)}. Nothing of this batch was stored.`
  );
}
