// The one way rows leave the store: a constant statement, bound parameters, and a schema that each row has to meet.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';

export type Parameters = Readonly<Record<string, string | number | readonly string[]>>;

export async function queryRows<Row>(
  client: ClickHouseClient,
  row: z.ZodType<Row>,
  statement: string,
  parameters: Parameters = {},
  signal?: AbortSignal,
): Promise<readonly Row[]> {
  const result = await client.query({
    query: statement,
    query_params: { ...parameters },
    format: 'JSONEachRow',
    ...(signal === undefined ? {} : { abort_signal: signal }),
  });
  return z.array(row).parse(await result.json());
}
