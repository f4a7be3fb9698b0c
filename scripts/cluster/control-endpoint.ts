// How tests reach what only the runner holds: processes and the acknowledgement source. POST /<command> with JSON, on
// loopback or another address of this machine alone, with a token. A command that throws is answered with 500 and its message.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { listen } from '#runtime/process/http.ts';

export type Commands = Readonly<Record<string, (input: unknown) => unknown>>;

export class ControlEndpoint {
  readonly token = randomBytes(16).toString('hex');
  url = '';
  private readonly host: string;
  private readonly server: http.Server;

  constructor(commands: Commands, host = '127.0.0.1') {
    this.host = host;
    this.server = http.createServer((request, response) => {
      void this.answer(commands, request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body ?? null));
      });
    });
  }

  async start(): Promise<void> {
    const port = await listen(this.server, { variable: 'control', port: 0, host: this.host });
    this.url = `http://${this.host}:${port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(
    commands: Commands,
    request: http.IncomingMessage,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const name = (request.url ?? '').slice(1);
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (request.headers.authorization !== `Bearer ${this.token}`) return { status: 401, body: 'no token' };
    if (command === undefined || request.method !== 'POST')
      return { status: 404, body: `no command ${name}` };
    try {
      return { status: 200, body: await command(await json(request)) };
    } catch (error) {
      return { status: 500, body: error instanceof Error ? error.message : String(error) };
    }
  }
}
