// One connection to the server: one call at a time, never two in flight. What ends badly ends the connection too.
import net from 'node:net';
import type { Departure } from '../departures.ts';
import { ResponseParser, type ResponseSink } from './response-parser.ts';
import type { ResponseHead } from './response-head.ts';
import type {
  UpstreamCall,
  UpstreamError,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamLimits,
} from './upstream.ts';

/** What a connection tells the pool it belongs to. */
export interface ConnectionOwner {
  /** It has a request to write. */
  onReady(connection: LeanConnection): void;
  onIdle(connection: LeanConnection): void;
  onClosed(connection: LeanConnection): void;
}

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
}

/** Ready: there is a request, of which nothing was written yet. */
type Phase = 'connecting' | 'idle' | 'ready' | 'waiting' | 'reading' | 'closed';

/** Bytes below which head and body are joined, so that a call is one packet. */
const JOIN_BELOW = 64 * 1024;

export class LeanConnection implements ResponseSink, UpstreamCall, Departure {
  /** When the phase began, or the last byte of a body came, on the owner's clock. */
  sinceMs: number;
  /** How long the server said it keeps the connection while idle. */
  serverKeepAliveMs = Infinity;
  private phase: Phase = 'connecting';
  private handler: UpstreamHandler | undefined;
  private request: { readonly head: string; readonly body: Buffer | undefined } | undefined;
  private keepAlive = true;
  private paused = false;
  private readonly socket: net.Socket;
  private readonly parser: ResponseParser;
  private readonly owner: ConnectionOwner;
  private readonly limits: UpstreamLimits;
  private readonly monotonicMs: () => number;

  constructor(
    target: ConnectionTarget,
    limits: UpstreamLimits,
    owner: ConnectionOwner,
    readBuffer: Buffer,
    monotonicMs: () => number,
  ) {
    this.owner = owner;
    this.limits = limits;
    this.monotonicMs = monotonicMs;
    this.sinceMs = monotonicMs();
    this.parser = new ResponseParser(limits.maxHeadBytes, this);
    const onread = {
      buffer: readBuffer,
      callback: (length: number): boolean => {
        this.onBytes(readBuffer.subarray(0, length));
        return !this.paused;
      },
    };
    this.socket = net.connect({ ...target, noDelay: true, onread });
    this.socket.once('connect', () => this.onConnect());
    this.socket.on('error', (error) => this.onGone(error.message));
    this.socket.on('end', () => this.onGone('the server closed the connection'));
    this.socket.on('close', () => this.onGone('the connection closed'));
  }

  /** Whether a call may be put on it now: open, unused, and not about to be closed by the server. */
  isReusable(nowMs: number): boolean {
    const keptMs = Math.min(this.limits.keepAliveMs, this.serverKeepAliveMs - 1_000);
    return this.phase === 'idle' && !this.socket.destroyed && nowMs - this.sinceMs < keptMs;
  }

  /** Begins a call; the head ends with its empty line. */
  begin(head: string, body: Buffer | undefined, handler: UpstreamHandler): void {
    this.handler = handler;
    this.request = { head, body };
    this.paused = false;
    if (this.phase !== 'idle') return;
    this.phase = 'ready';
    this.owner.onReady(this);
  }

  depart(): void {
    if (this.phase === 'ready') this.write();
  }

  pause(): void {
    if (this.paused || this.handler === undefined) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.sinceMs = this.monotonicMs();
    if (this.phase !== 'closed') this.socket.resume();
  }

  abort(): void {
    this.handler = undefined;
    this.destroy();
  }

  /** Ends what has taken too long; called now and then. */
  sweep(nowMs: number): void {
    const waitedMs = nowMs - this.sinceMs;
    switch (this.phase) {
      case 'connecting':
        if (waitedMs > this.limits.connectTimeoutMs)
          this.fail('upstream_unavailable', 'connecting took too long');
        break;
      case 'idle':
        if (!this.isReusable(nowMs)) this.destroy();
        break;
      case 'waiting':
        if (waitedMs > this.limits.headTimeoutMs) this.fail('upstream_timeout', 'no answer began in time');
        break;
      case 'reading':
        if (!this.paused && waitedMs > this.limits.idleTimeoutMs) {
          this.fail('upstream_timeout', 'the answer stopped');
        }
        break;
      case 'ready':
      case 'closed':
    }
  }

  /** Closes the connection if nobody uses it. */
  closeIfIdle(): void {
    if (this.handler === undefined) this.destroy();
    else this.keepAlive = false;
  }

  onHead(head: ResponseHead): void {
    this.phase = 'reading';
    this.sinceMs = this.monotonicMs();
    this.keepAlive &&= head.keepAlive;
    if (head.keepAliveMs !== undefined) this.serverKeepAliveMs = head.keepAliveMs;
    this.handler?.onHead(head);
  }

  onBody(chunk: Buffer): void {
    this.handler?.onData(chunk);
  }

  onComplete(excess: boolean): void {
    const handler = this.handler;
    this.handler = undefined;
    // An answer that came before the request was written out leaves the connection in doubt, as excess bytes do.
    if (this.phase === 'closed' || excess || !this.keepAlive || this.socket.writableLength > 0) {
      this.destroy();
    } else {
      this.phase = 'idle';
      this.sinceMs = this.monotonicMs();
      if (this.paused) this.resume();
      this.owner.onIdle(this);
    }
    handler?.onEnd();
  }

  onProblem(problem: string): void {
    this.fail('upstream_invalid', problem);
  }

  private onConnect(): void {
    if (this.phase !== 'connecting') return;
    this.phase = 'idle';
    if (this.request !== undefined && this.handler !== undefined) this.write();
  }

  private write(): void {
    const { request, socket } = this;
    if (request === undefined) return;
    this.request = undefined;
    this.phase = 'waiting';
    this.sinceMs = this.monotonicMs();
    this.parser.start();
    const { head, body } = request;
    if (body === undefined) {
      socket.write(head, 'latin1');
    } else if (body.length < JOIN_BELOW) {
      const joined = Buffer.allocUnsafe(head.length + body.length);
      joined.write(head, 'latin1');
      body.copy(joined, head.length);
      socket.write(joined);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  private onBytes(bytes: Buffer): void {
    if (this.phase === 'closed') return;
    // A head that drips in has to be whole in time all the same.
    if (this.phase === 'reading') this.sinceMs = this.monotonicMs();
    this.parser.push(bytes);
  }

  private onGone(message: string): void {
    this.fail(this.phase === 'connecting' ? 'upstream_unavailable' : 'upstream_lost', message);
  }

  private fail(failure: UpstreamFailure, message: string): void {
    const { handler, phase } = this;
    this.handler = undefined;
    this.destroy();
    // Whatever came of a connection before a request was written on it, that request was not sent.
    const error: UpstreamError = {
      failure: phase === 'ready' ? 'upstream_unavailable' : failure,
      message,
    };
    handler?.onFailure(error);
  }

  private destroy(): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.socket.destroy();
    this.owner.onClosed(this);
  }
}
