// An ingest that keeps what it gets in memory and can be told to fail.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { auditEvent, type AuditEvent } from '#api/audit-event.ts';

export interface FakeIngest {
  readonly url: string;
  /** Events of the batches that were answered with 2xx. */
  readonly events: AuditEvent[];
  /** Batches that were offered, accepted or not. */
  readonly offered: AuditEvent[][];
  readonly apiKeys: Set<string | undefined>;
  readonly authorizations: Set<string | undefined>;
  readonly encodings: Set<string | undefined>;
  /** The bytes of every event that was accepted, as sent. */
  readonly lines: string[];
  /** Decides the status for a batch; 202 by default. */
  answer: (batch: readonly AuditEvent[]) => number;
  readonly close: () => Promise<void>;
}

export async function startIngest(): Promise<FakeIngest> {
  const events: AuditEvent[] = [];
  const offered: AuditEvent[][] = [];
  const lines: string[] = [];
  const apiKeys = new Set<string | undefined>();
  const authorizations = new Set<string | undefined>();
  const encodings = new Set<string | undefined>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const sent = Buffer.concat(chunks);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
      const batch = z.array(auditEvent).parse(JSON.parse(text));
      const key = request.headers['x-api-key'];
      apiKeys.add(Array.isArray(key) ? key[0] : key);
      authorizations.add(request.headers.authorization);
      encodings.add(request.headers['content-encoding']);
      offered.push(batch);
      const status = fake.answer(batch);
      if (status < 300) {
        events.push(...batch);
        lines.push(...text.slice(1, -1).split(/,(?=\{"id":")/));
      }
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const fake: FakeIngest = {
    url: `http://127.0.0.1:${port}/events`,
    events,
    offered,
    apiKeys,
    authorizations,
    encodings,
    lines,
    answer: () => 202,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}
