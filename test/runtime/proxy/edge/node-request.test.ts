import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NodeRequest } from '#runtime/proxy/edge/node-request.ts';

let server: http.Server<typeof NodeRequest>;
let handle: (request: NodeRequest, response: ServerResponse) => void;
let socket: net.Socket;
let answers = '';

beforeEach(async () => {
  server = http.createServer(
    { IncomingMessage: NodeRequest, requireHostHeader: false },
    (request, response) => handle(request, response),
  );
  server.on('checkContinue', (request, response) => handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  socket = net.connect(address.port, '127.0.0.1');
  answers = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answers += text));
});
afterEach(() => {
  socket.destroy();
  server.closeAllConnections();
  server.close();
});

/** Reads a body and answers with it. */
function echo(request: NodeRequest, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.takeBody({
    onChunk: (chunk) => pieces.push(chunk),
    onEnd: () => response.end(`<${Buffer.concat(pieces).toString()}>`),
  });
}

async function untilAnswered(...bodies: readonly string[]): Promise<void> {
  while (!bodies.every((body) => answers.includes(body))) await once(socket, 'data');
}

const head = (more: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${more}\r\n\r\n`;

describe('NodeRequest', () => {
  it('hands over a body piece by piece, of one request after the other on a connection', async () => {
    const heard: string[] = [];
    const first = Promise.withResolvers<undefined>();
    handle = (request, response) => {
      request.takeBody({
        onChunk: (chunk) => {
          heard.push(chunk.toString());
          first.resolve(undefined);
        },
        onEnd: () => response.end('<whole>'),
      });
    };
    socket.write(`${head('Content-Length: 4')}ab`);
    await first.promise;
    expect(heard).toEqual(['ab']);
    socket.write('cd');
    await untilAnswered('<whole>');
    expect(heard.join('')).toBe('abcd');
    handle = echo;
    socket.write(`${head('Transfer-Encoding: chunked')}2\r\nef\r\n1\r\ng\r\n0\r\n\r\n`);
    await untilAnswered('<efg>');
  });

  it('hands over a body that came before anybody asked for it', async () => {
    const ready: (() => void)[] = [];
    const both = Promise.withResolvers<undefined>();
    handle = (request, response) => {
      ready.push(() => echo(request, response));
      if (ready.length === 2) both.resolve(undefined);
    };
    socket.write(`${head('Content-Length: 2')}ab${head('Content-Length: 3')}cde`);
    await both.promise;
    await new Promise((resolve) => setImmediate(resolve));
    for (const read of ready) read();
    await untilAnswered('<ab>', '<cde>');
  });

  it('lets Node discard a body that nobody takes, so that the connection goes on', async () => {
    handle = (_request, response) => response.end('<refused>');
    socket.write(`${head('Content-Length: 2')}ab`);
    await untilAnswered('<refused>');
    handle = echo;
    socket.write(`${head('Content-Length: 2')}cd`);
    await untilAnswered('<cd>');
  });

  it('knows of no header but the one that Node acts on', async () => {
    const seen: unknown[] = [];
    handle = (request, response) => {
      seen.push(request.headers);
      if (request.headers.expect !== undefined) response.writeContinue();
      echo(request, response);
    };
    socket.write(`${head('Content-Length: 2')}ab`);
    await untilAnswered('<ab>');
    socket.write(head('eXpect: 100-continue\r\nContent-Length: 2'));
    await untilAnswered('100 Continue');
    socket.write('cd');
    await untilAnswered('<cd>');
    expect(seen).toEqual([{}, { expect: '100-continue' }]);
  });
});
