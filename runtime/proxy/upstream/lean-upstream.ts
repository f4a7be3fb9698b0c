// The narrow HTTP/1.1 client for the server next door: keep-alive, one call per connection, strict reading. It costs
// a third of a general client, and refuses instead of repairing.
import type { Clock } from '#runtime/process/clock.ts';
import { Departures } from '../departures.ts';
import { LeanConnection, type ConnectionOwner, type ConnectionTarget } from './lean-connection.ts';
import {
  UPSTREAM_LIMITS,
  type Upstream,
  type UpstreamCall,
  type UpstreamHandler,
  type UpstreamLimits,
  type UpstreamRequest,
} from './upstream.ts';

export interface LeanUpstreamOptions {
  /** `http:` only. */
  readonly origin: URL;
  readonly clock: Clock;
  /** @default UPSTREAM_LIMITS */
  readonly limits?: Partial<UpstreamLimits>;
  /** With what requests leave. @default their own */
  readonly departures?: Pick<Departures, 'add'>;
}

const SWEEP_MS = 250;
const READ_BUFFER_BYTES = 64 * 1024;
const FORBIDDEN = /[\r\n\0]/;

export class LeanUpstream implements Upstream, ConnectionOwner {
  readonly keepsNothing = true;
  private readonly idle: LeanConnection[] = [];
  private readonly open = new Set<LeanConnection>();
  private readonly target: ConnectionTarget;
  private readonly authority: string;
  private readonly limits: UpstreamLimits;
  private readonly monotonicMs: () => number;
  private readonly departures: Pick<Departures, 'add'>;
  /** One for all connections: bytes are copied out before the next read. */
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  private sweeper: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(options: LeanUpstreamOptions) {
    const { origin } = options;
    if (origin.protocol !== 'http:') throw new TypeError('The lean client speaks plain HTTP only.');
    this.target = {
      host: origin.hostname.replace(/^\[|\]$/g, ''),
      port: origin.port === '' ? 80 : Number(origin.port),
    };
    this.authority = origin.host;
    this.limits = { ...UPSTREAM_LIMITS, ...options.limits };
    this.monotonicMs = () => options.clock.monotonicMs();
    this.departures = options.departures ?? new Departures();
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const head = this.headOf(request);
    const nowMs = this.monotonicMs();
    const connection = this.takeIdle(nowMs) ?? this.connect();
    connection.begin(head, request.body, handler);
    return connection;
  }

  close(): void {
    this.closing = true;
    for (const connection of [...this.open]) connection.closeIfIdle();
  }

  onIdle(connection: LeanConnection): void {
    if (this.closing) connection.closeIfIdle();
    else this.idle.push(connection);
  }

  onReady(connection: LeanConnection): void {
    this.departures.add(connection);
  }

  onClosed(connection: LeanConnection): void {
    this.open.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    if (this.open.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  /** The most recently used first, so that a pool that is too large shrinks. */
  private takeIdle(nowMs: number): LeanConnection | undefined {
    for (;;) {
      const connection = this.idle.pop();
      if (connection === undefined || connection.isReusable(nowMs)) return connection;
      connection.closeIfIdle();
    }
  }

  private connect(): LeanConnection {
    const connection = new LeanConnection(this.target, this.limits, this, this.readBuffer, this.monotonicMs);
    this.open.add(connection);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    return connection;
  }

  private sweep(): void {
    const nowMs = this.monotonicMs();
    for (const connection of [...this.open]) connection.sweep(nowMs);
  }

  private headOf(request: UpstreamRequest): string {
    const { headers } = request;
    let head = `${request.method} ${request.path} HTTP/1.1\r\nhost: ${this.authority}\r\n`;
    for (let at = 0; at < headers.length; at += 2) {
      const value = headers[at + 1] ?? '';
      if (FORBIDDEN.test(value)) throw new TypeError('A header value has a line break.');
      head += `${headers[at] ?? ''}: ${value}\r\n`;
    }
    return request.body === undefined
      ? `${head}\r\n`
      : `${head}content-length: ${request.body.length}\r\n\r\n`;
  }
}
