// What each question of the API is answered with, from store, inventory and clock. No HTTP here.
import type { AuditDecision } from '#api/audit-event.ts';
import type { Inventory } from '#api/inventory.ts';
import type {
  AccessList,
  ChainList,
  DecisionCounts,
  DecisionPage,
  DecisionQuery,
  EventPage,
  EventQuery,
  ServerList,
  ServerRecord,
  SummaryQuery,
  TrafficSummary,
} from '#api/sentinel-api.ts';
import { chainProblem } from '../store/chains.ts';
import type { EventStore, PlacedEvent, ServerCount } from '../store/event-store.ts';
import { textOfPosition } from '../store/position.ts';
import { decisionRecordOf, requestKey, withEnd } from './decision-record.ts';

const MINUTE_MS = 60_000;
/** Window of the counts beside a server. */
const SERVER_WINDOW_MINUTES = 60;

export async function decisionPageOf(
  store: EventStore,
  query: DecisionQuery,
  pending: number,
): Promise<DecisionPage> {
  const { decided, finished } = await store.decisions(query);
  const ends = new Map(finished.map((event) => [requestKey(event), event]));
  const decisions = decided.map(({ event }) => {
    const end = event.payload.phase === 'decided' ? ends.get(requestKey(event)) : undefined;
    const record = decisionRecordOf(event);
    return end === undefined ? record : withEnd(record, end);
  });
  return { decisions, next: nextOf(decided, query.limit), pending };
}

export async function eventPageOf(store: EventStore, query: EventQuery, pending: number): Promise<EventPage> {
  const placed = await store.events(query);
  return { events: placed.map(({ event }) => event), next: nextOf(placed, query.limit), pending };
}

export async function chainListOf(store: EventStore, pending: number): Promise<ChainList> {
  const chains = await store.chains();
  return {
    events: chains.reduce((sum, { events }) => sum + events, 0),
    chains: chains.length,
    problems: chains.map(chainProblem).filter((problem) => problem !== ''),
    pending,
  };
}

function nextOf(rows: readonly PlacedEvent[], limit: number): string | undefined {
  const last = rows.at(-1);
  return last === undefined || rows.length < limit ? undefined : textOfPosition(last.position);
}

/** Servers of the inventory in its order, then those that only their events tell of. */
export async function serverListOf(
  store: EventStore | undefined,
  inventory: Inventory,
  problem: string | undefined,
  nowMs: number,
): Promise<ServerList> {
  const counted = await store?.countByServer(nowMs - SERVER_WINDOW_MINUTES * MINUTE_MS);
  const counts = new Map<string, { counts: DecisionCounts; lastMs: number }>();
  for (const row of counted ?? []) {
    const key = `${row.namespace}/${row.server}`;
    const found = counts.get(key) ?? { counts: { ...NO_COUNTS }, lastMs: 0 };
    counts.set(key, {
      counts: { ...found.counts, [row.decision]: row.count },
      lastMs: Math.max(found.lastMs, row.lastMs),
    });
  }
  const known = new Set(inventory.servers.map(({ namespace, name }) => `${namespace}/${name}`));
  const unlisted = (counted ?? []).filter((row) => !known.has(`${row.namespace}/${row.server}`));
  const servers = [...inventory.servers, ...uniqueServers(unlisted)].map((server): ServerRecord => {
    const found = counts.get(`${server.namespace}/${server.name}`);
    return {
      ...server,
      counts: found?.counts ?? NO_COUNTS,
      lastEventAt: found === undefined ? undefined : new Date(found.lastMs).toISOString(),
    };
  });
  return { servers, windowMinutes: SERVER_WINDOW_MINUTES, problem };
}

const NO_COUNTS: DecisionCounts = { allow: 0, deny: 0, would_deny: 0 };

function uniqueServers(rows: readonly ServerCount[]): readonly Omit<ServerRecord, 'counts'>[] {
  const byKey = new Map(rows.map((row) => [`${row.namespace}/${row.server}`, row]));
  return [...byKey.values()].map(({ namespace, server }) => ({
    namespace,
    name: server,
    state: 'unlisted',
    tools: [],
  }));
}

export function accessListOf(inventory: Inventory, problem: string | undefined): AccessList {
  return { grants: inventory.grants, sessions: inventory.sessions, problem };
}

export async function summaryOf(
  store: EventStore,
  query: SummaryQuery,
  nowMs: number,
  pending: number,
): Promise<TrafficSummary> {
  const lastMinuteMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const sinceMs = lastMinuteMs - (query.minutes - 1) * MINUTE_MS;
  const filter = { namespace: query.namespace, server: query.server, sinceMs };
  const [counted, reasons] = await Promise.all([store.countByMinute(filter), store.countByReason(filter)]);
  const found = new Map<string, number>();
  for (const { minuteMs, decision, count } of counted) found.set(`${minuteMs} ${decision}`, count);
  const at = (minuteMs: number, decision: AuditDecision): number => found.get(`${minuteMs} ${decision}`) ?? 0;
  const minutes = Array.from({ length: query.minutes }, (_, index) => {
    const minuteMs = sinceMs + index * MINUTE_MS;
    return {
      at: new Date(minuteMs).toISOString(),
      allow: at(minuteMs, 'allow'),
      deny: at(minuteMs, 'deny'),
      would_deny: at(minuteMs, 'would_deny'),
    };
  });
  return { minutes, reasons: [...reasons], pending };
}
