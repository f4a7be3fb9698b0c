// The tables of the store, as the steps that lead to them: each is applied once, in order, and never edited after a
// release. An event is stored as the line that ingest checked; the columns to search by are derived from it, so
// inserting can't fail for what an event says.

/** Name and ClickHouse type of the columns that come from `payload`. */
const TEXT = 'String';
const WORD = 'LowCardinality(String)';
const PAYLOAD_COLUMNS = [
  ['namespace', WORD],
  ['server', WORD],
  ['phase', WORD],
  ['kind', WORD],
  ['decision', WORD],
  ['reason', WORD],
  ['human_id', TEXT],
  ['agent_id', TEXT],
  ['session_id', TEXT],
  ['rpc_method', WORD],
  ['tool_name', WORD],
] as const;

const parsedType = `Tuple(id String, timestamp String, payload Tuple(${PAYLOAD_COLUMNS.map(
  ([name]) => `${name} String`,
).join(', ')}))`;

const payloadColumns = PAYLOAD_COLUMNS.map(
  ([name, type]) => `${name} ${type} MATERIALIZED tupleElement(tupleElement(parsed, 'payload'), '${name}')`,
).join(',\n  ');

// - `received_at`, our own clock, decides partition and age: a client's clock can neither scatter a batch over
//   hundreds of partitions nor make an event expire early.
// - Two deliveries of one event are one row after a merge, and one row in queries with FINAL before it. `rank`
//   makes the first delivery win, so that nobody rewrites what was recorded.
// - An insert is on disk when it returns, because the log forgets events that were inserted.
const createEvents = `
CREATE TABLE IF NOT EXISTS events (
  received_at DateTime64(3, 'UTC'),
  event String CODEC(ZSTD(1)),
  parsed ${parsedType} EPHEMERAL JSONExtract(event, '${parsedType}'),
  id String MATERIALIZED tupleElement(parsed, 'id'),
  timestamp DateTime64(3, 'UTC') MATERIALIZED parseDateTime64BestEffortOrZero(tupleElement(parsed, 'timestamp'), 3, 'UTC'),
  ${payloadColumns},
  rank UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(received_at)))
)
ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(received_at)
ORDER BY (namespace, server, timestamp, id, phase)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/** Step n is `SCHEMA_STEPS[n - 1]`. */
export const SCHEMA_STEPS: readonly string[] = [createEvents];

export const CREATE_STEPS_TABLE = `
CREATE TABLE IF NOT EXISTS schema_steps (step UInt32, applied_at DateTime('UTC') DEFAULT now())
ENGINE = MergeTree ORDER BY step
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/** `days` comes from our own configuration, a whole number; ClickHouse binds no parameters in definitions. */
export function retentionClause(days: number): string {
  if (!Number.isSafeInteger(days) || days < 1)
    throw new RangeError(`Retention of ${days} days makes no sense.`);
  return `toDateTime(received_at) + toIntervalDay(${days})`;
}
