// A TCP server that answers requests with the bytes it is told to, in the pieces it is told to.
import net from 'node:net';
import type { AddressInfo } from 'node:net';

export type Script = (socket: net.Socket, requestText: string, requestNumber: number) => void;

export interface RawServer {
  readonly origin: URL;
  /** Every request that arrived, in order. */
  readonly requests: readonly string[];
  /** Connections that were ever opened. */
  readonly connectionCount: () => number;
  readonly close: () => Promise<void>;
}

/** Calls `script` for each request whose head and body (by Content-Length) have arrived. */
export async function startRawServer(script: Script): Promise<RawServer> {
  const requests: string[] = [];
  const sockets = new Set<net.Socket>();
  let opened = 0;
  const server = net.createServer((socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let pending = '';
    socket.on('data', (bytes) => {
      pending += bytes.toString('latin1');
      for (;;) {
        const headEnd = pending.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, headEnd))?.[1] ?? 0);
        if (pending.length < headEnd + 4 + length) return;
        const request = pending.slice(0, headEnd + 4 + length);
        pending = pending.slice(headEnd + 4 + length);
        requests.push(request);
        script(socket, request, requests.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    origin: new URL(`http://127.0.0.1:${address.port}`),
    requests,
    connectionCount: () => opened,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
