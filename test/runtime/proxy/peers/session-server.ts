// A server with sessions of its own, as servers behind several proxies are: it knows those that it gave and no others.
import type http from 'node:http';
import { z } from 'zod';

const asked = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
});

export interface Called {
  readonly method: string;
  readonly session: string | undefined;
}

export class SessionServer {
  readonly sessions = new Set<string>();
  /** What it did for sessions that it knows. */
  readonly did: Called[] = [];
  /** Open streams of notifications. */
  readonly streams: http.ServerResponse[] = [];
  private readonly name: string;
  /** Answers a call in place of the usual result. */
  onCall: ((request: http.IncomingMessage, response: http.ServerResponse, body: string) => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  readonly listener: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.answer(request, response, Buffer.concat(chunks).toString()));
    request.resume();
  };

  private answer(request: http.IncomingMessage, response: http.ServerResponse, body: string): void {
    const session = request.headers['mcp-session-id']?.toString();
    const message = asked.parse(body === '' ? {} : JSON.parse(body));
    const method = message.method ?? request.method ?? '';
    if (method === 'initialize') {
      const id = `${this.name}-${this.sessions.size}`;
      this.sessions.add(id);
      this.result(response, message.id, id);
      return;
    }
    if (session === undefined || !this.sessions.has(session)) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such session');
      return;
    }
    this.did.push({ method, session });
    if (request.method === 'DELETE') {
      this.sessions.delete(session);
      response.writeHead(200).end();
    } else if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': session });
      response.flushHeaders();
      this.streams.push(response);
    } else if (message.method === 'tools/call' && this.onCall !== undefined) {
      this.onCall(request, response, body);
    } else if (message.id === undefined) {
      response.writeHead(202).end();
    } else {
      this.result(response, message.id, session);
    }
  }

  private result(response: http.ServerResponse, id: string | number | undefined, session: string): void {
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: { by: this.name } });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'mcp-session-id': session,
    });
    response.end(body);
  }
}
