// The decisions on screen: pages from the store and live ones put together. One request is one row, however often
// it is told; the latest stand first. Pure, so that it can be tested without a browser.
import type { DecisionRecord } from '#api/sentinel-api.ts';

export interface DecisionList {
  readonly rows: readonly DecisionRecord[];
  /** Whether there may be older ones than the last row. */
  readonly hasOlder: boolean;
}

export const EMPTY_LIST: DecisionList = { rows: [], hasOlder: false };

/** Live traffic pushes older rows out beyond this; they are a page away. */
export const MAX_ROWS = 400;

export function keyOf(record: DecisionRecord): string {
  return `${record.namespace}/${record.server}/${record.id}`;
}

/** Adds records: unknown ones take their place, known ones are completed. */
export function merge(
  rows: readonly DecisionRecord[],
  added: readonly DecisionRecord[],
): readonly DecisionRecord[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  for (const record of added) {
    const known = byKey.get(keyOf(record));
    byKey.set(keyOf(record), known === undefined ? record : complete(known, record));
  }
  return [...byKey.values()].sort(
    (a, b) => b.timestamp.localeCompare(a.timestamp) || keyOf(b).localeCompare(keyOf(a)),
  );
}

/** Puts live decisions on top; what the list has no room for is left to `hasOlder`. */
export function withLive(list: DecisionList, added: readonly DecisionRecord[]): DecisionList {
  const rows = merge(list.rows, added);
  const room = Math.max(MAX_ROWS, list.rows.length);
  return { rows: rows.slice(0, room), hasOlder: list.hasOlder || rows.length > room };
}

/** The start says when, the end says how it went; whichever comes last. */
function complete(a: DecisionRecord, b: DecisionRecord): DecisionRecord {
  const end = b.durationMs === undefined ? a : b;
  const start = a.timestamp <= b.timestamp ? a : b;
  return { ...start, status: end.status, outcome: end.outcome, durationMs: end.durationMs };
}
