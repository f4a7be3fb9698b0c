// The events as they are at one moment, as a table that shares its files with the live one and doesn't change any more. It
// is what makes a backup exact: what is counted, whose chains are followed and what is copied are the same rows, while
// events go on being stored.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { readChains, readTotals, type ChainRecord, type EventTotals } from './chains.ts';
import { queryRows } from './query-rows.ts';
import { SCHEMA_STEPS } from './schema.ts';

const DROP = 'DROP TABLE IF EXISTS backup_cut SYNC';

/** Merges would copy rows that the live table merges anyway, so there are none. */
const MAKE = [
  DROP,
  'CREATE TABLE backup_cut AS events',
  'SYSTEM STOP MERGES backup_cut',
  'ALTER TABLE backup_cut ATTACH PARTITION ALL FROM events',
];

const SIZE = `
SELECT sum(bytes_on_disk) AS bytes FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('backup_cut', 'schema_steps')`;

const sizeRow = z.object({ bytes: z.coerce.number() });
const versionRow = z.object({ version: z.string() });

export interface EventCut {
  totals(): Promise<EventTotals>;
  chains(): Promise<readonly ChainRecord[]>;
  /** Bytes of its files. */
  size(): Promise<number>;
  /** The version of the engine that holds it, and of its tables. */
  versions(): Promise<{ readonly engine: string; readonly schemaStep: number }>;
  /** Writes it with the engine's own `BACKUP`; the folder must not exist and be within the engine's backup folder. */
  backUp(folder: string): Promise<void>;
  /** Gives back what only the copy still holds. */
  drop(): Promise<void>;
}

/** No insert may be under way meanwhile: one of several months would be cut through. */
export async function cutEvents(client: ClickHouseClient): Promise<EventCut> {
  for (const query of MAKE) await client.command({ query });
  return {
    totals: () => readTotals(client, 'backup_cut'),
    chains: () => readChains(client, 'backup_cut'),
    size: async () => (await queryRows(client, sizeRow, SIZE))[0]?.bytes ?? 0,
    versions: async () => ({ engine: await engineVersion(client), schemaStep: SCHEMA_STEPS.length }),
    backUp: async (folder) => {
      const query = `BACKUP TABLE backup_cut AS events, TABLE schema_steps TO File(${quoted(folder)})`;
      await client.command({ query });
    },
    drop: () => dropCut(client),
  };
}

/** Also what a process left behind that ended while it held one. */
export async function dropCut(client: ClickHouseClient): Promise<void> {
  await client.command({ query: DROP });
}

export async function engineVersion(client: ClickHouseClient): Promise<string> {
  return (await queryRows(client, versionRow, 'SELECT version() AS version'))[0]?.version ?? '';
}

/**
 * Fills an empty store from what `backUp` wrote. Nothing of it is merged or expires while this client is open, so that it
 * can be compared with what was backed up.
 */
export async function restoreEvents(client: ClickHouseClient, folder: string): Promise<void> {
  const from = `RESTORE TABLE events, TABLE schema_steps FROM File(${quoted(folder)})`;
  await client.command({ query: `${from} SETTINGS structure_only = true` });
  await client.command({ query: 'SYSTEM STOP MERGES events' });
  await client.command({ query: from });
}

/** A path as a literal: the engine binds no parameters there. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
