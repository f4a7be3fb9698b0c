// Servers of the legacy era answer with a stream of one event and its end, and often the network brings both at once.
import net from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
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
      if (!received.endsWith('}')) return;
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
});
