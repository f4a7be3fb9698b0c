// Brings a store to the schema this program knows. A store that is ahead of it is left alone: an older program that
// guesses at newer tables loses events.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { CREATE_STEPS_TABLE, retentionClause, SCHEMA_STEPS } from './schema.ts';
import { queryRows } from './query-rows.ts';

export async function migrate(client: ClickHouseClient, retentionDays: number): Promise<void> {
  await client.command({ query: CREATE_STEPS_TABLE });
  const [row] = await queryRows(client, latest, 'SELECT max(step) AS step FROM schema_steps');
  const applied = row?.step ?? 0;
  if (applied > SCHEMA_STEPS.length) {
    throw new Error(
      `its schema is at step ${applied} and this program knows ${SCHEMA_STEPS.length}: a newer version wrote it. Run that one.`,
    );
  }
  for (const [at, query] of SCHEMA_STEPS.entries()) {
    if (at < applied) continue;
    await client.command({ query });
    await client.insert({ table: 'schema_steps', values: [{ step: at + 1 }], format: 'JSONEachRow' });
  }
  await setRetention(client, retentionDays);
}

const latest = z.object({ step: z.coerce.number() });
const definition = z.object({ text: z.string() });

/** Changing the TTL rewrites parts, so it is done only where it differs. */
async function setRetention(client: ClickHouseClient, days: number): Promise<void> {
  const clause = retentionClause(days);
  const [row] = await queryRows(
    client,
    definition,
    "SELECT create_table_query AS text FROM system.tables WHERE database = currentDatabase() AND name = 'events'",
  );
  if (row?.text.includes(`TTL ${clause}`) === true) return;
  await client.command({ query: `ALTER TABLE events MODIFY TTL ${clause}` });
}
