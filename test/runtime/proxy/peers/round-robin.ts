// What an ingress without affinity does: each request goes to the next pod, as if it had nothing to do with the one before.
import http from 'node:http';

export class RoundRobin {
  /** Ports of the pods that are ready. */
  ports: readonly number[];
  private count = 0;
  private readonly server: http.Server;

  private constructor(ports: readonly number[]) {
    this.ports = ports;
    this.server = http.createServer((request, response) => this.pass(request, response));
  }

  static async start(ports: readonly number[]): Promise<RoundRobin> {
    const front = new RoundRobin(ports);
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.count += 1;
    const port = this.ports[this.count % this.ports.length];
    const { method, url: path, headers } = request;
    const onward = http.request(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.on('error', () => response.destroy());
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }
}
