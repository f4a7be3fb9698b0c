// Keeps what a proxy recorded: which methods passed through it, and how they were decided.
import { createServer, type Server } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { auditEvent } from '#api/audit-event.ts';

export class Ingest {
  /** Decisions by method. */
  readonly methods = new Map<string, Set<string>>();
  events = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const sent = Buffer.concat(chunks);
        this.take((request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString());
        response.writeHead(202).end();
      });
    });
  }

  /** Resolves to the URL that proxies post to. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return `http://127.0.0.1:${port}/events`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private take(text: string): void {
    for (const { payload } of z.array(auditEvent).parse(JSON.parse(text))) {
      this.events += 1;
      const { rpc_method: method, decision } = payload;
      if (method === undefined) continue;
      const decisions = this.methods.get(method) ?? new Set<string>();
      this.methods.set(method, decisions.add(decision));
    }
  }
}
