// The listener for callers. Their connections are read by the reader of plain requests first, and by `node:http` from the first
// request on that is not plain: that costs an ordinary call half of what it takes to carry it, and an unusual one nothing.
import http from 'node:http';
import type { Socket } from 'node:net';
import type { NodeRequest } from '../edge/node-request.ts';
import type { CallerRequest, CallerResponse } from '../edge/caller.ts';
import type { listenerOptions } from '../listener-options.ts';
import { PlainConnection, type PlainOwner } from './plain-connection.ts';

export interface FrontOptions {
  readonly listener: ReturnType<typeof listenerOptions>;
  /** After which a connection with an open request on which nothing moves is reported as `timeout`. */
  readonly unreadTimeoutMs: number;
  readonly monotonicMs: () => number;
  /** Whether plain requests for this target are taken; all others are left to `node:http`. */
  readonly takes: (url: string) => boolean;
  readonly handle: (request: CallerRequest, response: CallerResponse) => void;
}

export class FrontServer extends http.Server<typeof NodeRequest> implements PlainOwner {
  private readonly plain = new Set<PlainConnection>();
  private readonly options: FrontOptions;
  /** What Node does with a connection. */
  private readonly adopters: ReturnType<http.Server['listeners']>;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(options: FrontOptions) {
    super(options.listener);
    this.options = options;
    this.setTimeout(options.unreadTimeoutMs);
    this.adopters = this.listeners('connection');
    this.removeAllListeners('connection');
    this.on('connection', (socket: Socket) => {
      this.plain.add(new PlainConnection(socket, this, options.unreadTimeoutMs));
      this.sweeper ??= setInterval(() => this.sweep(), options.listener.connectionsCheckingInterval).unref();
    });
  }

  monotonicMs(): number {
    return this.options.monotonicMs();
  }

  takes(url: string): boolean {
    return this.options.takes(url);
  }

  handle(request: CallerRequest, response: CallerResponse): void {
    this.options.handle(request, response);
  }

  refuse(error: Error, socket: Socket): void {
    this.emit('clientError', error, socket);
  }

  onStill(socket: Socket): void {
    this.emit('timeout', socket);
  }

  leave(connection: PlainConnection, bytes: Buffer): void {
    const { socket } = connection;
    this.forget(connection);
    connection.release();
    // Paused, or what is put back would wait until more comes.
    socket.pause();
    socket.unshift(bytes);
    for (const adopt of this.adopters) Reflect.apply(adopt, this, [socket]);
    process.nextTick(() => socket.resume());
  }

  onClosed(connection: PlainConnection): void {
    this.forget(connection);
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const connection of [...this.plain]) connection.closeIfIdle();
  }

  override closeAllConnections(): void {
    super.closeAllConnections();
    for (const { socket } of [...this.plain]) socket.destroy();
  }

  private sweep(): void {
    const nowMs = this.monotonicMs();
    const { requestTimeout } = this.options.listener;
    for (const connection of [...this.plain]) connection.sweep(nowMs, requestTimeout);
  }

  private forget(connection: PlainConnection): void {
    this.plain.delete(connection);
    if (this.plain.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }
}
