// Every statement the sentinel reads with, whole: no statement is put together at run time. A filter that isn't
// set is an empty parameter; the engine folds it away. FINAL makes one row of several deliveries of an event.

const FILTER = `
      ({namespace:String} = '' OR namespace = {namespace:String})
  AND ({server:String} = '' OR server = {server:String})
  AND ({decision:String} = '' OR decision = {decision:String})
  AND ({reason:String} = '' OR reason = {reason:String})
  AND timestamp >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')`;

/** What is a decision of its own: a `finished` event belongs to its `decided` one, a stream's end to its start. */
const IS_DECISION = "phase != 'finished' AND kind != 'stream_ended'";

const POSITION = `
  toUnixTimestamp64Milli(timestamp) AS at, namespace, server, id, phase`;

/** Latest first, before the given position. */
export const SELECT_DECISIONS = `
SELECT event, ${POSITION}
FROM events FINAL
WHERE ${FILTER}
  AND ${IS_DECISION}
  AND (timestamp, namespace, server, id, phase)
    < (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {atNamespace:String}, {atServer:String}, {atId:String}, {atPhase:String})
ORDER BY timestamp DESC, namespace DESC, server DESC, id DESC, phase DESC
LIMIT {limit:UInt32}`;

/** How calls that were `decided` ended, for the ids of a page. */
export const SELECT_FINISHED = `
SELECT event
FROM events FINAL
WHERE phase = 'finished'
  AND id IN {ids:Array(String)}
  AND namespace IN {namespaces:Array(String)}
  AND server IN {servers:Array(String)}`;

/** Oldest first, after the given position. */
export const SELECT_EVENTS = `
SELECT event, ${POSITION}
FROM events FINAL
WHERE ${FILTER}
  AND ({id:String} = '' OR id = {id:String})
  AND ({session:String} = '' OR session_id = {session:String})
  AND ({human:String} = '' OR human_id = {human:String})
  AND ({agent:String} = '' OR agent_id = {agent:String})
  AND ({tool:String} = '' OR tool_name = {tool:String})
  AND ({kind:String} = '' OR kind = {kind:String})
  AND (timestamp, namespace, server, id, phase)
    > (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {atNamespace:String}, {atServer:String}, {atId:String}, {atPhase:String})
ORDER BY timestamp, namespace, server, id, phase
LIMIT {limit:UInt32}`;

export const COUNT_BY_SERVER = `
SELECT namespace, server, decision, count() AS count, toUnixTimestamp64Milli(max(timestamp)) AS last
FROM events FINAL
WHERE timestamp >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND ${IS_DECISION}
GROUP BY namespace, server, decision`;

export const COUNT_BY_MINUTE = `
SELECT toUnixTimestamp(toStartOfMinute(timestamp)) AS minute, decision, count() AS count
FROM events FINAL
WHERE ${FILTER} AND ${IS_DECISION}
GROUP BY minute, decision`;

export const COUNT_BY_REASON = `
SELECT decision, reason, count() AS count
FROM events FINAL
WHERE ${FILTER} AND ${IS_DECISION}
GROUP BY decision, reason
ORDER BY count DESC, reason
LIMIT 12`;
