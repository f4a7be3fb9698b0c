// What a table of events says of itself: how many there are, and whether each proxy's chain of them is whole. A proxy counts
// its events and puts the hash of each into the next, so an event that was altered or taken out shows, whoever did it.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { FIRST_PREV_HASH } from '#api/audit-event.ts';
import { queryRows } from './query-rows.ts';

/** The events themselves, and the copy of them that a backup is made from. */
export type EventTable = 'events' | 'backup_cut';

const count = z.coerce.number().int().nonnegative();

/** Of one start of one proxy. */
export const chainRecord = z.object({
  namespace: z.string(),
  server: z.string(),
  instance: z.string(),
  bootEpoch: count,
  events: count,
  /** Where it begins: more than 1 where the events before have expired. */
  firstSeq: count,
  lastSeq: count,
  /** SHA-256 (hex) of its last event. */
  head: z.string(),
  /** Events that are not there, between the first and the last. */
  missing: count,
  /** Events that don't follow from the one before them: one of the two was altered. */
  broken: count,
  /** The first of those. */
  brokenAt: count,
});
export type ChainRecord = z.output<typeof chainRecord>;

export const eventTotals = z.object({
  events: count,
  /** When the first and the last were received, milliseconds since the epoch; 0 where there are none. */
  oldestMs: count,
  newestMs: count,
});
export type EventTotals = z.output<typeof eventTotals>;

const totalsOf = (table: EventTable): string => `
SELECT count() AS events,
  if(events = 0, 0, toUnixTimestamp64Milli(min(received_at))) AS oldestMs,
  if(events = 0, 0, toUnixTimestamp64Milli(max(received_at))) AS newestMs
FROM ${table} FINAL`;

const serversOf = (table: EventTable): string =>
  `SELECT DISTINCT toString(namespace) AS namespace, toString(server) AS server FROM ${table} ORDER BY namespace, server`;

/** A proxy counts from here. */
const FIRST_SEQ = 1;
/**
 * What is put in order beyond this lies on the disk meanwhile, and it is what is compared and not whole events: a server
 * may have many millions of them, and the sentinel has 2 GiB.
 */
const SORTED_IN_MEMORY_BYTES = 64 * 1024 * 1024;

/** Events that came in the form of Go installations belong to no chain. */
const chainsOf = (table: EventTable): string => `
SELECT instance, bootEpoch, count() AS events, min(seq) AS firstSeq, max(seq) AS lastSeq,
  lower(hex(argMax(hash, seq))) AS head,
  sum(if(isNull(before), 0, greatest(seq - before - 1, 0))) AS missing,
  countIf(isBroken) AS broken,
  minIf(seq, isBroken) AS brokenAt
FROM (
  SELECT instance, bootEpoch, seq, hash, before,
    if(
      isNull(before),
      seq = ${FIRST_SEQ} AND prev != unhex({first:String}),
      seq = before OR (seq = before + 1 AND prev != hashBefore)
    ) AS isBroken
  FROM (
    SELECT instance, bootEpoch, seq, prev, hash,
      lagInFrame(toNullable(seq)) OVER place AS before,
      lagInFrame(hash) OVER place AS hashBefore
    FROM (
      SELECT JSONExtractString(event, 'instance') AS instance,
        JSONExtractUInt(event, 'boot_epoch') AS bootEpoch,
        JSONExtractInt(event, 'seq') AS seq,
        unhex(JSONExtractString(event, 'prev_hash')) AS prev,
        SHA256(event) AS hash
      FROM ${table} FINAL
      WHERE namespace = {namespace:String} AND server = {server:String}
        AND NOT (startsWith(id, 'go-') AND bootEpoch = 0)
    )
    WINDOW place AS (PARTITION BY instance, bootEpoch ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  )
)
GROUP BY instance, bootEpoch
ORDER BY instance, bootEpoch
SETTINGS query_plan_execute_functions_after_sorting = 0, max_bytes_before_external_sort = ${SORTED_IN_MEMORY_BYTES},
  max_threads = 2, max_block_size = 8192`;

const TOTALS = { events: totalsOf('events'), backup_cut: totalsOf('backup_cut') };
const SERVERS = { events: serversOf('events'), backup_cut: serversOf('backup_cut') };
const CHAINS = { events: chainsOf('events'), backup_cut: chainsOf('backup_cut') };

const serverRow = z.object({ namespace: z.string(), server: z.string() });
const chainRow = chainRecord.omit({ namespace: true, server: true });

export async function readTotals(client: ClickHouseClient, table: EventTable): Promise<EventTotals> {
  const [totals] = await queryRows(client, eventTotals, TOTALS[table]);
  return totals ?? { events: 0, oldestMs: 0, newestMs: 0 };
}

/** One server after the other, so that memory holds the chains of one at a time. */
export async function readChains(
  client: ClickHouseClient,
  table: EventTable,
): Promise<readonly ChainRecord[]> {
  const chains: ChainRecord[] = [];
  for (const { namespace, server } of await queryRows(client, serverRow, SERVERS[table])) {
    const parameters = { namespace, server, first: FIRST_PREV_HASH };
    const rows = await queryRows(client, chainRow, CHAINS[table], parameters);
    chains.push(...rows.map((row) => ({ namespace, server, ...row })));
  }
  return chains;
}

export function isWhole({ missing, broken }: ChainRecord): boolean {
  return missing === 0 && broken === 0;
}

/** What is wrong with a chain, in words; empty where it is whole. */
export function chainProblem(chain: ChainRecord): string {
  const { namespace, server, instance, bootEpoch, missing, broken, brokenAt } = chain;
  const found = [
    ...(missing > 0 ? [`${missing} events are missing`] : []),
    ...(broken > 0 ? [`${broken} do not follow from the one before, the first is number ${brokenAt}`] : []),
  ];
  return found.length === 0
    ? ''
    : `${namespace}/${server}, proxy ${instance}, start ${bootEpoch}: ${found.join('; ')}`;
}
