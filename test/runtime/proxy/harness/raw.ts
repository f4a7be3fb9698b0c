// Bytes in, bytes out: for requests that no HTTP client would send.
import net from 'node:net';

/** Sends bytes and resolves to everything that came back until the proxy closed, or the answers were complete. */
export function exchangeBytes(port: number, bytes: string, answers = 1): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let received = '';
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    const timer = setTimeout(finish, 5_000);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (countAnswers(received) >= answers) finish();
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (error.code === 'ECONNRESET') resolve(received);
      else reject(error);
    });
  });
}

/** Complete answers with a Content-Length at the start of what was received. */
function countAnswers(received: string): number {
  let at = 0;
  let count = 0;
  for (;;) {
    const headEnd = received.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return count;
    const length = Number(/content-length: (\d+)/i.exec(received.slice(at, headEnd))?.[1] ?? 0);
    if (received.length < headEnd + 4 + length) return count;
    at = headEnd + 4 + length;
    count += 1;
  }
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

export function reasonOf(answer: string): string | undefined {
  return /"reason":"(\w+)"/.exec(answer)?.[1];
}

export interface RawRequest {
  readonly line?: string;
  /** Besides the usual ones. */
  readonly headers?: readonly string[];
  /** Names of usual headers to leave out. */
  readonly without?: readonly string[];
  /** As Latin-1: a character a byte. */
  readonly body?: string;
}

export const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** The bytes of a well-formed request of user-1, with changes. */
export function rawRequest({
  line = 'POST /mcp HTTP/1.1',
  headers = [],
  without = [],
  body = PING,
}: RawRequest = {}): string {
  const usual = [
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'X-MCP-Human-ID: user-1',
  ].filter((header) => !without.some((name) => header.startsWith(`${name}:`)));
  return `${line}\r\n${[...usual, ...headers].map((header) => `${header}\r\n`).join('')}\r\n${body}`;
}
