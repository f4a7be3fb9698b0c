// Where events are kept and found: ClickHouse, in this process or as a server, behind the questions the API asks.
// Nothing here knows which of the two it is.
import type { ClickHouseClient } from '@clickhouse/client';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { AuditDecision } from '#api/audit-event.ts';
import { AUDIT_DECISIONS } from '#api/audit-event.ts';
import type { DecisionQuery, EventQuery, StoredEvent } from '#api/sentinel-api.ts';
import { storedEvent } from '#api/sentinel-api.ts';
import type { StreamBatch } from '../stream/event-stream.ts';
import { readChains, type ChainRecord } from './chains.ts';
import { cutEvents, dropCut, type EventCut } from './event-cut.ts';
import { migrate } from './migrate.ts';
import type { Position } from './position.ts';
import { FIRST_POSITION, LAST_POSITION, positionFrom } from './position.ts';
import { queryRows } from './query-rows.ts';
import * as statements from './statements.ts';

/** An event at its place in the order of time, for the page that follows it. */
export interface PlacedEvent {
  readonly event: StoredEvent;
  readonly position: Position;
}

export interface ServerCount {
  readonly namespace: string;
  readonly server: string;
  readonly decision: AuditDecision;
  readonly count: number;
  readonly lastMs: number;
}

export interface MinuteCount {
  readonly minuteMs: number;
  readonly decision: AuditDecision;
  readonly count: number;
}

export interface ReasonCount {
  readonly decision: AuditDecision;
  readonly reason: string;
  readonly count: number;
}

/** Which events are counted; `sinceMs` in milliseconds since the epoch. */
export interface CountFilter {
  readonly namespace?: string | undefined;
  readonly server?: string | undefined;
  readonly sinceMs: number;
}

export interface EventStore {
  /** Resolves once the events are on disk. The same events may come again; they count once. */
  insert(batches: readonly StreamBatch[]): Promise<void>;
  /** Latest first; `finished` events are given apart, for the decisions of this page. */
  decisions(
    query: DecisionQuery,
  ): Promise<{ decided: readonly PlacedEvent[]; finished: readonly StoredEvent[] }>;
  /** Oldest first. */
  events(query: EventQuery): Promise<readonly PlacedEvent[]>;
  countByServer(sinceMs: number): Promise<readonly ServerCount[]>;
  countByMinute(filter: CountFilter): Promise<readonly MinuteCount[]>;
  countByReason(filter: CountFilter): Promise<readonly ReasonCount[]>;
  chains(): Promise<readonly ChainRecord[]>;
  /** All events as they are now, until it is dropped; one at a time, and no insert meanwhile. */
  cut(): Promise<EventCut>;
  close(): Promise<void>;
}

export async function openEventStore(client: ClickHouseClient, retentionDays: number): Promise<EventStore> {
  await migrate(client, retentionDays);
  await dropCut(client);
  return new ClickHouseStore(client);
}

const number = z.coerce.number();
const decision = z.enum(AUDIT_DECISIONS);
/** As it was sent, its members in their order: the hash of an event is over its bytes, and parsing would sort them. */
const eventAsSent = z.custom<StoredEvent>(
  (event) => storedEvent.safeParse(event).success,
  'is no audit event',
);
const eventText = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(eventAsSent);
const eventRow = z.object({ event: eventText });
const placedRow = z
  .object({
    event: eventText,
    at: number,
    namespace: z.string(),
    server: z.string(),
    id: z.string(),
    phase: z.string(),
  })
  .transform(({ event, ...position }) => ({ event, position }));
const serverRow = z
  .object({ namespace: z.string(), server: z.string(), decision, count: number, last: number })
  .transform(({ last, ...row }) => ({ ...row, lastMs: last }));
const minuteRow = z
  .object({ minute: number, decision, count: number })
  .transform(({ minute, ...row }) => ({ ...row, minuteMs: minute * 1000 }));
const reasonRow = z.object({ decision, reason: z.string(), count: number });

class ClickHouseStore implements EventStore {
  private readonly client: ClickHouseClient;

  constructor(client: ClickHouseClient) {
    this.client = client;
  }

  async insert(batches: readonly StreamBatch[]): Promise<void> {
    if (batches.length === 0) return;
    await this.client.insert({
      table: 'events',
      columns: ['received_at', 'event'],
      format: 'TabSeparated',
      values: Readable.from(batches.map(rowsOf), { objectMode: false }),
    });
  }

  async decisions(query: DecisionQuery) {
    const before = query.before === undefined ? LAST_POSITION : positionFrom(query.before);
    const decided = await queryRows(this.client, placedRow, statements.SELECT_DECISIONS, {
      ...filterOf(query),
      ...positionParameters(before),
      limit: query.limit,
    });
    const open = decided.filter(({ event }) => event.payload.phase === 'decided').map(({ event }) => event);
    if (open.length === 0) return { decided, finished: [] };
    const finished = await queryRows(this.client, eventRow, statements.SELECT_FINISHED, {
      ids: open.map(({ id }) => id),
      namespaces: [...new Set(open.map(({ payload }) => payload.namespace))],
      servers: [...new Set(open.map(({ payload }) => payload.server))],
    });
    return { decided, finished: finished.map(({ event }) => event) };
  }

  events(query: EventQuery): Promise<readonly PlacedEvent[]> {
    const after = query.after === undefined ? FIRST_POSITION : positionFrom(query.after);
    return queryRows(this.client, placedRow, statements.SELECT_EVENTS, {
      ...filterOf(query),
      ...positionParameters(after),
      id: query.id ?? '',
      session: query.session ?? '',
      human: query.human ?? '',
      agent: query.agent ?? '',
      tool: query.tool ?? '',
      kind: query.kind ?? '',
      limit: query.limit,
    });
  }

  countByServer(sinceMs: number): Promise<readonly ServerCount[]> {
    return queryRows(this.client, serverRow, statements.COUNT_BY_SERVER, { since: sinceMs });
  }

  countByMinute(filter: CountFilter): Promise<readonly MinuteCount[]> {
    return queryRows(this.client, minuteRow, statements.COUNT_BY_MINUTE, countParameters(filter));
  }

  countByReason(filter: CountFilter): Promise<readonly ReasonCount[]> {
    return queryRows(this.client, reasonRow, statements.COUNT_BY_REASON, countParameters(filter));
  }

  chains(): Promise<readonly ChainRecord[]> {
    return readChains(this.client, 'events');
  }

  cut(): Promise<EventCut> {
    return cutEvents(this.client);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/**
 * Tab-separated rows. A line holds neither tabs nor line breaks (JSON escapes them), so only the backslashes of
 * its escapes need one of their own.
 */
function rowsOf(batch: StreamBatch): string {
  const receivedAt = new Date(batch.receivedAtMs).toISOString().slice(0, -1).replace('T', ' ');
  const text = batch.lines.toString('utf8');
  const escaped = text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
  return `${receivedAt}\t${escaped.slice(0, -1).replaceAll('\n', `\n${receivedAt}\t`)}\n`;
}

function filterOf(query: DecisionQuery | EventQuery) {
  return {
    namespace: query.namespace ?? '',
    server: query.server ?? '',
    decision: query.decision ?? '',
    reason: query.reason ?? '',
    since: query.since === undefined ? 0 : Date.parse(query.since),
  };
}

function countParameters(filter: CountFilter) {
  return {
    namespace: filter.namespace ?? '',
    server: filter.server ?? '',
    decision: '',
    reason: '',
    since: filter.sinceMs,
  };
}

function positionParameters(position: Position) {
  return {
    at: position.at,
    atNamespace: position.namespace,
    atServer: position.server,
    atId: position.id,
    atPhase: position.phase,
  };
}
