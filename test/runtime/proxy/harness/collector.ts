// A collector of spans that keeps what it gets by OTLP over HTTP, and can be told to fail.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.number().optional(),
  doubleValue: z.number().optional(),
});
const attributes = z.array(z.object({ key: z.string(), value }));

const body = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.number(),
              startTimeUnixNano: z.string(),
              endTimeUnixNano: z.string(),
              attributes,
              status: z.object({ code: z.number() }),
            }),
          ),
        }),
      ),
    }),
  ),
});

export type Attributes = Readonly<Record<string, string | number | undefined>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 2: server. */
  readonly kind: number;
  /** 2: error. */
  readonly status: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

function flat(list: z.output<typeof attributes>): Attributes {
  return Object.fromEntries(
    list.map(({ key, value: one }) => [key, one.stringValue ?? one.intValue ?? one.doubleValue]),
  );
}

export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly paths = new Set<string | undefined>();
  /** Everything that came, as text. */
  text = '';
  /** Decides the status for a batch. */
  answer = (): number => 200;
  private readonly server: http.Server;

  private constructor(server: http.Server) {
    this.server = server;
  }

  static async start(): Promise<Collector> {
    const server = http.createServer();
    const collector = new Collector(server);
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        collector.paths.add(request.url);
        const status = collector.answer();
        if (status === 200) collector.take(Buffer.concat(chunks).toString());
        response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    const address: AddressInfo | string | null = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(text: string): void {
    this.text += text;
    for (const { resource, scopeSpans } of body.parse(JSON.parse(text)).resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          ...span,
          parentSpanId: span.parentSpanId,
          status: span.status.code,
          durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
          attributes: flat(span.attributes),
          resource: flat(resource.attributes),
        });
      }
    }
  }
}
