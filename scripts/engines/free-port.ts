// Ports of loopback for engines. Below those that systems hand out for outgoing connections, so that none takes one
// while an API server is down for a moment.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const range = { first: 20_000, count: 12_000 } as const;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = range.first + randomInt(range.count);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
