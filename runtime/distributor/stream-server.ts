// The listener of the streams: TLS, two paths, and the door. A request body that never ends is what a stream is, so
// nothing here waits for one; what is bounded is how long somebody may take to say who they are.
import type http from 'node:http';
import https from 'node:https';
import { DISTRIBUTOR_PATHS, STREAM_LINE_BYTES } from '#api/distributor-api.ts';
import type { Result } from '#api/result.ts';
import { listen } from '#runtime/process/http.ts';
import type { Log } from '#runtime/process/log.ts';
import type { Admitted, Doorkeeper, EntryError, EntryRefusal } from './doorkeeper.ts';
import { LineSplitter } from './line-splitter.ts';
import type { CertificatePair } from './serving-certificate.ts';
import type { Wire } from './stream/proxy-stream.ts';

/** Who is behind an open stream. */
export interface Guest {
  /** Bytes came, of whatever kind. */
  heard(): void;
  hear(line: string): void;
  /** What came is no line, or the other side has closed its half. */
  endOfLines(problem: string | undefined): void;
  drained(): void;
  closed(): void;
}

export interface StreamServerOptions {
  readonly doorkeeper: Doorkeeper;
  readonly onProxy: (admitted: Admitted, wire: Wire) => Guest;
  readonly onOperator: (wire: Wire) => Guest;
  readonly onRefused: (reason: EntryRefusal | 'draining' | 'full') => void;
  readonly log: Log;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string | undefined;
  /** @default 20000 */
  readonly mostStreams?: number;
}

const HEAD_MS = 10_000;
const HEAD_BYTES = 32 * 1024;
/** How long what is left of a stream may take to be written. */
const END_MS = 3_000;
const RETRY_SECONDS = 1;
const NDJSON = 'application/x-ndjson';
/** Curves alone: what a hybrid key exchange leaves behind in each connection is a tenth of its memory. */
const TLS = { minVersion: 'TLSv1.3', ecdhCurve: 'X25519:P-256' } as const;

class HttpWire implements Wire {
  private readonly response: http.ServerResponse;

  constructor(response: http.ServerResponse) {
    this.response = response;
  }

  write(line: Buffer | string): boolean {
    return this.response.destroyed || this.response.write(line);
  }

  end(line: string): void {
    this.response.end(line);
    const timer = setTimeout(() => this.cut(), END_MS);
    this.response.once('close', () => clearTimeout(timer));
  }

  cut(): void {
    this.response.destroy();
  }
}

export class StreamServer {
  private readonly options: StreamServerOptions;
  private server: https.Server | undefined;
  private draining = false;
  private open = 0;

  constructor(options: StreamServerOptions) {
    this.options = options;
  }

  get isListening(): boolean {
    return this.server?.listening === true;
  }

  /** Opens the listener. @throws ListenError */
  async listen({ cert, key }: CertificatePair): Promise<number> {
    const { port, host, log } = this.options;
    this.server = https.createServer(
      {
        cert,
        key,
        ...TLS,
        headersTimeout: HEAD_MS,
        maxHeaderSize: HEAD_BYTES,
        requestTimeout: 0,
      },
      (request, response) => {
        this.answer(request, response).catch((error: unknown) => {
          if (!response.destroyed) log.error({ error }, 'A request could not be answered.');
          response.destroy();
        });
      },
    );
    return await listen(this.server, { variable: 'STREAM_PORT', port, host });
  }

  /** For connections from now on. */
  replaceCertificate({ cert, key }: CertificatePair): void {
    this.server?.setSecureContext({ cert, key, ...TLS });
  }

  /** Takes nobody in any more; streams are ended by whoever holds them. */
  drain(): void {
    this.draining = true;
  }

  async close(): Promise<void> {
    this.drain();
    const { server } = this;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
    server.closeAllConnections();
    await closed;
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { doorkeeper, onProxy, onOperator } = this.options;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const path = request.url ?? '';
    if (path === DISTRIBUTOR_PATHS.policy && request.method === 'POST') {
      if (this.isClosed(response)) return;
      const admitted = await doorkeeper.admitProxy(request.headers, gone.signal);
      this.begin(request, response, admitted, onProxy);
    } else if (path === DISTRIBUTOR_PATHS.acknowledgements && request.method === 'GET') {
      if (this.isClosed(response)) return;
      const admitted = await doorkeeper.admitOperator(request.headers, gone.signal);
      this.begin(request, response, admitted, (_operator, wire) => onOperator(wire));
    } else {
      refuse(response, 404, 'not_found', 'POST /policy and GET /acknowledgements are served here');
    }
  }

  private isClosed(response: http.ServerResponse): boolean {
    const { mostStreams = 20_000 } = this.options;
    const reason = this.draining ? 'draining' : this.open >= mostStreams ? 'full' : undefined;
    if (reason === undefined) return false;
    this.options.onRefused(reason);
    refuse(response, 503, reason, 'this distributor takes no further streams; try another');
    return true;
  }

  private begin<Who>(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    admitted: Result<Who, EntryError>,
    welcome: (who: Who, wire: Wire) => Guest,
  ): void {
    if (response.destroyed) return;
    if (!admitted.ok) {
      const { status, reason, message } = admitted.error;
      this.options.onRefused(reason);
      refuse(response, status, reason, message);
      return;
    }
    response.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store', connection: 'close' });
    response.flushHeaders();
    this.open += 1;
    const guest = welcome(admitted.value, new HttpWire(response));
    response.on('drain', () => guest.drained());
    response.once('close', () => {
      this.open -= 1;
      guest.closed();
    });
    readLines(request, guest);
  }
}

/** By events: a loop that waits for the next line keeps several times as much for each of a thousand streams. */
function readLines(request: http.IncomingMessage, guest: Guest): void {
  const lines = new LineSplitter(STREAM_LINE_BYTES, (line) => guest.hear(line));
  request.on('data', (chunk: Buffer) => {
    guest.heard();
    if (lines.take(chunk)) return;
    request.removeAllListeners('data');
    guest.endOfLines(`a line is longer than ${STREAM_LINE_BYTES} bytes`);
  });
  request.on('end', () => guest.endOfLines(undefined));
  // A connection that broke is told by the end of the answer.
  request.on('error', () => undefined);
}

function refuse(response: http.ServerResponse, status: number, reason: string, message: string): void {
  const body = Buffer.from(JSON.stringify({ reason, message }));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    connection: 'close',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(status === 503 && { 'retry-after': String(RETRY_SECONDS) }),
  });
  response.end(body);
}
