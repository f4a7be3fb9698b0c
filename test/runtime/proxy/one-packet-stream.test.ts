// Servers of the legacy era answer with a stream of one event and its end, and often the network brings both at once.
import net from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openStreamAt } from './harness/open-stream.ts';
import { World } from './harness/world.ts';

const EVENT = 'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n\n';

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const head = (framing: string) => `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${framing}\r\n\r\n`;

let world: World;
let server: net.Server;
afterEach(async () => {
  await world.close();
  await new Promise((resolve) => server.close(resolve));
});

/** A proxy in front of a server that answers every request with these bytes, written at once. */
async function answering(bytes: string): Promise<void> {
  server = net.createServer((socket) => {
    let received = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      received += data.toString();
      if (!received.endsWith('}') && !(received.startsWith('GET') && received.endsWith('\r\n\r\n'))) return;
      received = '';
      socket.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  world = await World.start({ env: { UPSTREAM_URL: `http://127.0.0.1:${port}` } });
}

const chunked = (...parts: readonly string[]) =>
  head('transfer-encoding: chunked') + parts.map(chunk).join('');

const NOTE = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';
const GARBAGE = 'data: {"jsonrpc"\n\n';

describe('a stream that comes in one packet with its end', () => {
  it.each([
    ['the last chunk', chunked(EVENT, ''), EVENT],
    ['the last of several chunks', chunked(': hello\n\n', EVENT, ''), `: hello\n\n${EVENT}`],
    ['its length', head(`content-length: ${EVENT.length}`) + EVENT, EVENT],
  ])('marked by %s, reaches the caller whole', async (_what, bytes, text) => {
    await answering(bytes);
    for (let time = 0; time < 3; time += 1) {
      expect(await world.call('read_note')).toMatchObject({ status: 200, text });
    }
  });

  it('of a call is an answer like any other: with a length, and recorded once', async () => {
    await answering(chunked(NOTE, EVENT, ''));
    const { headers } = await world.call('read_note');
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'content-length': String(NOTE.length + EVENT.length),
      'cache-control': 'no-cache, no-transform',
    });
    expect(headers['transfer-encoding']).toBeUndefined();
    await world.call('read_note');
    const records = await world.audit(2);
    for (const record of records) {
      expect(record).toMatchObject({
        ...{ kind: 'request', phase: 'complete', status: 200, outcome: 'answered' },
        bytes_out: NOTE.length + EVENT.length,
      });
    }
    expect(world.ingest.events).toHaveLength(2);
  });

  it('is a refusal instead where nothing of it may pass', async () => {
    await answering(chunked(GARBAGE, ''));
    const { status, headers, json } = await world.call('read_note');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(json).toMatchObject({ id: 1, error: { data: { reason: 'upstream_invalid' } } });
    expect(await world.audit(1)).toMatchObject([
      { kind: 'request', phase: 'complete', status: 200, reason: 'upstream_invalid', outcome: 'unknown' },
    ]);
  });

  it('passes what came before what may not, and says so in its last event', async () => {
    await answering(chunked(NOTE + GARBAGE, ''));
    const { status, text } = await world.call('read_note');
    expect(status).toBe(200);
    expect(text.startsWith(`${NOTE}event: message\ndata: {`)).toBe(true);
    expect(text).toContain('"reason":"upstream_invalid"');
    expect(text.split('\n\n')).toHaveLength(3);
    expect(await world.audit(1)).toMatchObject([{ status: 200, reason: 'upstream_invalid' }]);
  });

  it('is whole where it is larger than what can wait for the end of a turn', async () => {
    const text = `data: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${'x'.repeat(40_000)}"}]}}\n\n`;
    await answering(chunked(NOTE, text, ''));
    for (let time = 0; time < 3; time += 1) {
      expect(await world.call('read_note')).toMatchObject({ status: 200, text: NOTE + text });
    }
    const records = await world.audit(6);
    expect(records.map(({ phase }) => phase)).toEqual(Array(3).fill(['decided', 'finished']).flat());
  });

  it('that nobody called for is a stream all the same, recorded at both ends', async () => {
    await answering(chunked(NOTE, ''));
    const stream = await openStreamAt(world.url, undefined, await world.inSession('s1'));
    await stream.ended;
    expect(stream.response.headers['transfer-encoding']).toBe('chunked');
    expect(stream.text).toBe(NOTE);
    expect(await world.audit(2)).toMatchObject([{ kind: 'stream_opened' }, { kind: 'stream_ended' }]);
  });
});

describe('a stream whose end comes later', () => {
  it('has its head at once, where no event came with it', async () => {
    await answering(head('transfer-encoding: chunked'));
    const stream = await openStreamAt(world.url, {
      ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
      params: { name: 'read_note', arguments: {} },
    });
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'transfer-encoding': 'chunked',
    });
    expect(await world.audit(1)).toMatchObject([{ kind: 'request', phase: 'decided' }]);
    stream.destroy();
  });
});
