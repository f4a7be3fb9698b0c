import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:http';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { IngestKey } from '#api/sentinel-config.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { listen } from '#runtime/process/http.ts';
import { silentLog } from '#runtime/process/log.ts';
import { apiKeysIn } from '#runtime/sentinel/ingest/api-keys.ts';
import { createIngestServer } from '#runtime/sentinel/ingest/ingest-server.ts';
import { openEmbeddedLog } from '#runtime/sentinel/stream/embedded-log.ts';
import type { EventStream } from '#runtime/sentinel/stream/event-stream.ts';
import { eventOf } from '../events.ts';
import { MemoryDisk } from '../stream/memory-files.ts';

const KEY = 'key-of-notes-0123456789';
const NOTES: IngestKey = { key: KEY, namespace: 'mcp-servers', server: 'notes' };

let folder: string;
let keysFile: string;
let disk: MemoryDisk;
let stream: EventStream;
let server: Server;
let url: string;
let counted: [string, number][];

async function writeKeys(keys: readonly IngestKey[] | string): Promise<void> {
  const text = typeof keys === 'string' ? keys : JSON.stringify(keys);
  await writeFile(`${keysFile}.new`, text);
  await rename(`${keysFile}.new`, keysFile);
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sentinel-ingest-'));
  keysFile = path.join(folder, 'keys.json');
  await writeKeys([NOTES]);
  disk = new MemoryDisk();
  stream = await openEmbeddedLog({ files: disk.files, log: silentLog });
  counted = [];
  server = createIngestServer({
    stream,
    keys: apiKeysIn(keysFile, systemClock),
    clock: systemClock,
    log: silentLog,
    count: (outcome, events) => counted.push([outcome, events]),
  });
  const port = await listen(server, { variable: 'INGEST_PORT', port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${port}/events`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await stream.close();
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | null;
}

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Sent> {
  const response = await fetch(url, {
    method,
    ...(method === 'POST' ? { body } : {}),
    headers: { 'content-type': 'application/json', 'x-api-key': KEY, ...headers },
  });
  const parsed: unknown = await response.json();
  return { status: response.status, body: parsed, retryAfter: response.headers.get('retry-after') };
}

const storedIds = async (): Promise<readonly string[]> => {
  const { batches } = await stream.read(0, { events: 1e6, bytes: 1e9 });
  return batches.flatMap(({ lines }) =>
    [...lines.toString().matchAll(/"id":"([^"]*)"/g)].map((m) => m[1] ?? ''),
  );
};

describe('ingest', () => {
  it('answers 202 with the number of events once they are in the log', async () => {
    const sent = await post(JSON.stringify([eventOf({ id: 'a' }), eventOf({ id: 'b' })]));
    expect(sent).toMatchObject({ status: 202, body: { accepted: 2 } });
    expect(await storedIds()).toEqual(['a', 'b']);
    expect(counted).toEqual([['accepted', 2]]);
  });

  it('takes gzip, and refuses a body that would not fit once it is decompressed', async () => {
    const plain = Buffer.from(JSON.stringify(eventOf({ id: 'zipped' })));
    const gzip = { 'content-encoding': 'gzip' };
    expect(await post(new Uint8Array(gzipSync(plain)), gzip)).toMatchObject({ status: 202 });
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    expect(bomb.length).toBeLessThan(128 * 1024);
    expect(await post(new Uint8Array(bomb), gzip)).toMatchObject({ status: 413 });
    expect(await post('not gzip', gzip)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_gzip' } },
    });
    expect(await post('{}', { 'content-encoding': 'br' })).toMatchObject({ status: 415 });
    expect(await storedIds()).toEqual(['zipped']);
  });

  it('refuses strangers before it reads what they send', async () => {
    for (const headers of [{ 'x-api-key': '' }, { 'x-api-key': `${KEY}x` }, { 'x-api-key': KEY.slice(1) }]) {
      expect(await post('not even JSON', headers)).toMatchObject({ status: 401 });
    }
  });

  it('refuses to record for another server than the key names', async () => {
    const sent = await post(JSON.stringify(eventOf({ payload: { namespace: 'victims' } })));
    expect(sent).toMatchObject({ status: 403, body: { error: { code: 'foreign_server' } } });
    expect(JSON.stringify(sent.body)).toContain('victims/notes');
    expect(await storedIds()).toEqual([]);
  });

  it('refuses other paths, methods, types, malformed and oversized bodies, each with its status', async () => {
    expect(await post('{', {})).toMatchObject({ status: 400, body: { error: { code: 'invalid_json' } } });
    const nameless = JSON.stringify([eventOf(), { ...eventOf(), id: '' }]);
    expect(await post(nameless)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_events', problems: [{ index: 1, path: 'id' }] } },
    });
    expect(await post('{}', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await post(' '.repeat(5 * 1024 * 1024))).toMatchObject({ status: 413 });
    expect(await post('', {}, 'GET')).toMatchObject({ status: 405 });
    url = `${url}/more`;
    expect(await post('{}')).toMatchObject({ status: 404 });
    expect(await storedIds()).toEqual([]);
  });

  it('says so when the log can not be written, stores nothing, and takes events again when it can', async () => {
    disk.faults.capacity = 10;
    const sent = await post(JSON.stringify(eventOf({ id: 'lost?' })));
    expect(sent).toMatchObject({ status: 503, retryAfter: '5', body: { error: { code: 'unavailable' } } });
    disk.faults.capacity = Infinity;
    expect(await post(JSON.stringify(eventOf({ id: 'again' })))).toMatchObject({ status: 202 });
    expect(await storedIds()).toEqual(['again']);
  });

  it('learns new keys from the file, and keeps the old ones where the new file is not readable', async () => {
    const other: IngestKey = { key: 'key-of-others-0123456789', namespace: 'mcp-servers', server: 'others' };
    const event = JSON.stringify(eventOf({ payload: { server: 'others' } }));
    expect(await post(event, { 'x-api-key': other.key })).toMatchObject({ status: 401 });
    await writeKeys([other]);
    await expect(eventually(() => post(event, { 'x-api-key': other.key }))).resolves.toMatchObject({
      status: 202,
    });
    expect(await post(JSON.stringify(eventOf()))).toMatchObject({ status: 401 });
    await writeKeys('{ broken');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await post(event, { 'x-api-key': other.key })).toMatchObject({ status: 202 });
  });

  it('asks to come back while no keys could be read', async () => {
    await rm(keysFile);
    expect(await post(JSON.stringify(eventOf()))).toMatchObject({ status: 503, retryAfter: '5' });
  });
});

/** Keys are looked at a few times a second. */
async function eventually(attempt: () => Promise<Sent>): Promise<Sent> {
  for (let left = 50; ; left -= 1) {
    const sent = await attempt();
    if (sent.status !== 401 || left === 0) return sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
