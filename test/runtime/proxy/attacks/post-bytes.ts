// Posts a body as it is, over a connection that is kept, and tells what came back.
import http from 'node:http';
import { reasonOf } from '../harness/raw.ts';

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

export interface Outcome {
  readonly status: number;
  readonly reason: string | undefined;
}

export function postBytes(port: number, body: Buffer): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'x-mcp-human-id': 'user-1',
    };
    const request = http.request(
      { port, host: '127.0.0.1', path: '/mcp', method: 'POST', headers, agent },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, reason: reasonOf(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
