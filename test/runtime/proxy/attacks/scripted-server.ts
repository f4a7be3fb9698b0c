// A server whose answers the test writes, call by call: hostile ones, mostly.
import type http from 'node:http';

const JSON_TYPE = { 'content-type': 'application/json' };
const SSE = { 'content-type': 'text/event-stream' };

export class ScriptedServer {
  private readonly calls: http.ServerResponse[] = [];
  private readonly waiting: ((response: http.ServerResponse) => void)[] = [];

  readonly listener: http.RequestListener = (request, response) => {
    request.resume();
    const waiter = this.waiting.shift();
    if (waiter === undefined) this.calls.push(response);
    else waiter(response);
  };

  /** The answer of the next call, to be written. */
  next(): Promise<http.ServerResponse> {
    const call = this.calls.shift();
    if (call !== undefined) return Promise.resolve(call);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The next answer, begun as a stream. */
  async nextStream(): Promise<http.ServerResponse> {
    const response = await this.next();
    response.writeHead(200, SSE).flushHeaders();
    return response;
  }

  async answerNext(message: string, status = 200): Promise<void> {
    (await this.next()).writeHead(status, JSON_TYPE).end(message);
  }
}

export const event = (data: string): string => `event: message\ndata: ${data}\n\n`;

export const resultOf = (id: string, result = '{"content":[]}'): string =>
  `{"jsonrpc":"2.0","id":${id},"result":${result}}`;

export const toolCall = (id: unknown, name = 'read_note') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name },
});
