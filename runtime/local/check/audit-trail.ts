// What the sentinel has on record, read back through its API, and proof that nothing of it is missing or changed.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { auditEvent, FIRST_PREV_HASH, type AuditEvent } from '#api/audit-event.ts';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';
import type { CaseCaller, ExpectedEvent } from './case.ts';

/** As the API sent it: the hash of an event is over the bytes it was sent with. */
interface RecordedEvent {
  readonly event: AuditEvent;
  readonly hash: string;
}

const page = z.object({ events: z.array(z.unknown()), next: z.string().optional(), pending: z.number() });
const pageSize = 1_000;
const pagePauseMs = 100;

export class AuditTrail {
  private readonly events: readonly RecordedEvent[];

  constructor(events: readonly RecordedEvent[]) {
    this.events = events;
  }

  get size(): number {
    return this.events.length;
  }

  ofTrace(traceId: string): readonly AuditEvent[] {
    return this.events.map(({ event }) => event).filter((event) => event.trace_id === traceId);
  }

  traces(): ReadonlySet<string> {
    return new Set(this.events.map(({ event }) => event.trace_id ?? ''));
  }

  /** Gaps, edits and duplicates; none is what a whole record has. */
  problems(): readonly string[] {
    const chains = Map.groupBy(this.events, ({ event }) => `${event.instance} epoch ${event.boot_epoch}`);
    const keys = this.events.map(({ event }) => `${event.id} ${event.payload.phase}`);
    const twice = keys.filter((key, at) => keys.indexOf(key) !== at).map((key) => `${key} is there twice`);
    return [...twice, ...[...chains].flatMap(([name, events]) => chainProblems(name, events))];
  }
}

function chainProblems(name: string, events: readonly RecordedEvent[]): readonly string[] {
  const ordered = events.toSorted((a, b) => a.event.seq - b.event.seq);
  return ordered.flatMap(({ event }, at) => {
    const before = ordered[at - 1];
    const problems: string[] = [];
    if (event.seq !== at + 1) problems.push(`${name}: seq ${at + 1} is missing, ${event.seq} is there`);
    if (event.prev_hash !== (before?.hash ?? FIRST_PREV_HASH)) {
      problems.push(`${name}: seq ${event.seq} does not continue the one before`);
    }
    return problems;
  });
}

/** Where the API of a sentinel is, and how it is asked. */
export interface TrailSource {
  readonly url: string;
  /** @default none */
  readonly token?: string | undefined;
  /** @default Node's own `fetch` */
  readonly fetch?: typeof fetch | undefined;
}

async function readPage(
  { url, token, fetch: ask = fetch }: TrailSource,
  after: string | undefined,
): Promise<z.output<typeof page>> {
  const query = new URLSearchParams({ limit: String(pageSize), ...(after !== undefined && { after }) });
  const response = await ask(`${url}${SENTINEL_PATHS.events}?${query.toString()}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  const json: unknown = await response.json();
  return page.parse(json);
}

/** Everything that is stored now. */
async function readAll(
  source: TrailSource,
): Promise<{ readonly trail: AuditTrail; readonly pending: number }> {
  const events: RecordedEvent[] = [];
  let after: string | undefined;
  for (;;) {
    const { events: raw, next, pending } = await readPage(source, after);
    for (const sent of raw) {
      const hash = createHash('sha256').update(JSON.stringify(sent)).digest('hex');
      events.push({ event: auditEvent.parse(sent), hash });
    }
    if (next === undefined || raw.length === 0) return { trail: new AuditTrail(events), pending };
    after = next;
  }
}

/**
 * Reads until every event of the traces has come, or the time is up: events take a moment from proxy to store.
 * @param wanted how many requests each trace has to show at least
 */
export async function readTrail(
  source: TrailSource,
  wanted: ReadonlyMap<string, number>,
  withinMs: number,
): Promise<AuditTrail> {
  const until = performance.now() + withinMs;
  for (;;) {
    const read = await readAll(source).catch(() => undefined);
    const isWhole =
      read !== undefined &&
      read.pending === 0 &&
      [...wanted].every(([traceId, count]) => finishedOf(read.trail.ofTrace(traceId)).length >= count);
    if (read !== undefined && (isWhole || performance.now() > until)) return read.trail;
    if (performance.now() > until + withinMs) return new AuditTrail([]);
    await delay(pagePauseMs);
  }
}

/** One event for each request: how it ended, whether it took one record or two. */
export function finishedOf(events: readonly AuditEvent[]): readonly AuditEvent[] {
  return events.filter(({ payload }) => payload.phase !== 'decided');
}

/** An event in one line, for comparing and for people. */
export function eventLine({ payload }: AuditEvent): string {
  const { kind, rpc_method: method, tool_name: tool, decision, reason, status, outcome } = payload;
  const what = method === undefined ? payload.method : `${method}${tool === undefined ? '' : ` ${tool}`}`;
  const by = [payload.human_id, payload.agent_id, payload.subject_team_id]
    .filter((id) => id !== undefined)
    .join('/');
  const grant = payload.matched_grant;
  const session = payload.matched_session;
  return line({
    kind,
    what,
    decision,
    reason,
    status,
    outcome,
    by,
    grant,
    session,
    presented: payload.session_id,
  });
}

export function expectedLine(expected: ExpectedEvent, caller: CaseCaller): string {
  const { kind, what, decision, reason, status, outcome, grant, anonymous } = expected;
  const by = [caller.human, caller.agent, caller.team].filter((id) => id !== undefined).join('/');
  // A stream is one line: what opened is recorded as ended.
  const shown = kind === 'stream_opened' ? 'stream_ended' : kind;
  const session = expected.session?.replace(/^.*\//, '');
  const known = anonymous === true ? { by: '', presented: undefined } : { by, presented: caller.session };
  return line({ kind: shown, what, decision, reason, status, outcome, grant, session, ...known });
}

interface Line {
  readonly kind: string;
  readonly what: string;
  readonly decision: string;
  readonly reason: string;
  readonly status: number;
  readonly outcome: string;
  readonly by: string;
  readonly grant: string | undefined;
  readonly session: string | undefined;
  readonly presented: string | undefined;
}

function line({
  kind,
  what,
  decision,
  reason,
  status,
  outcome,
  by,
  grant,
  session,
  presented,
}: Line): string {
  const who = `by ${by === '' ? 'nobody' : by} presenting ${presented ?? 'no session'}`;
  return `${kind} ${what}: ${decision} ${reason}, HTTP ${status}, ${outcome}; ${who}; grant ${grant ?? '-'}, session ${session ?? '-'}`;
}
