// A connection of a caller, as long as its requests are plain: one is read and answered at a time. With the first that is not,
// the connection and every byte of that request go to `node:http`, and stay there.
import type { Socket } from 'node:net';
import { freeBuffer } from '../free-buffer.ts';
import { KEEP_ALIVE_MS } from '../listener-options.ts';
import { readPlainHead } from './plain-head.ts';
import { PlainRequest, type ByteSource } from './plain-request.ts';
import { PlainResponse } from './plain-response.ts';

/** Whoever looks after the connections of a listener. */
export interface PlainOwner {
  monotonicMs(): number;
  /** Whether requests for this target are taken here. */
  takes(url: string): boolean;
  handle(request: PlainRequest, response: PlainResponse): void;
  /** What there is of a request can't become one. */
  refuse(error: NodeJS.ErrnoException, socket: Socket): void;
  /** Nothing has moved for a while, with a request open. */
  onStill(socket: Socket): void;
  /** Not plain: somebody else goes on with the socket, which gives `bytes` first. */
  leave(connection: PlainConnection, bytes: Buffer): void;
  onClosed(connection: PlainConnection): void;
}

/** Of large bodies, bytes from which a piece is worth memory of its own, which can be given back. */
const OWN_MEMORY_BYTES = 4 * 1024;

export class PlainConnection implements ByteSource {
  readonly socket: Socket;
  private readonly owner: PlainOwner;
  /** Whose body is coming. */
  private request: PlainRequest | undefined;
  /** Bytes of it to come. */
  private left = 0;
  /** Whose end has not left. */
  private response: PlainResponse | undefined;
  /** What came of the next request. */
  private held: Buffer | undefined;
  /** What came of a head that is not all there. */
  private beginning: Buffer | undefined;
  /** Since when a request, or the rest of one, is waited for. */
  private sinceMs: number;
  private fresh = true;
  private paused = false;

  constructor(socket: Socket, owner: PlainOwner, unreadTimeoutMs: number) {
    this.socket = socket;
    this.owner = owner;
    this.sinceMs = owner.monotonicMs();
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
    socket.on('drain', this.onDrain);
    socket.on('timeout', this.onTimeout);
    socket.setTimeout(unreadTimeoutMs);
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }

  /** No more is heard of the socket here. */
  release(): void {
    const { socket } = this;
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    socket.off('error', this.onError);
    socket.off('close', this.onClose);
    socket.off('drain', this.onDrain);
    socket.off('timeout', this.onTimeout);
    socket.setTimeout(0);
  }

  closeIfIdle(): void {
    if (this.isIdle) this.socket.destroy();
  }

  /** Ends what has taken too long; called now and then. */
  sweep(nowMs: number, requestTimeoutMs: number): void {
    const waitedMs = nowMs - this.sinceMs;
    if (this.isIdle && !this.fresh) {
      if (waitedMs > KEEP_ALIVE_MS) this.socket.destroy();
    } else if ((this.isIdle || this.isComing) && waitedMs > requestTimeoutMs) {
      this.refuse('ERR_HTTP_REQUEST_TIMEOUT', 'The request did not come in time.');
    }
  }

  private get isIdle(): boolean {
    return this.response === undefined && !this.isComing;
  }

  /** Of a request, a part has come, and not all. */
  private get isComing(): boolean {
    return this.left > 0 || this.beginning !== undefined;
  }

  private readonly onData = (bytes: Buffer): void => {
    const rest = this.left > 0 ? this.takeBody(bytes, 0) : bytes;
    if (rest.length === 0) return;
    const { beginning } = this;
    if (beginning !== undefined) this.begin(Buffer.concat([beginning, rest]));
    else if (this.isIdle) this.begin(rest);
    else this.hold(rest);
  };

  private begin(bytes: Buffer): void {
    const head = readPlainHead(bytes);
    // A large head may come in two pieces. Who sends it in more is not in a hurry.
    if (head === 'incomplete' && this.beginning === undefined) {
      this.beginning = bytes;
      this.sinceMs = this.owner.monotonicMs();
      return;
    }
    this.beginning = undefined;
    if (head === 'incomplete' || head === undefined || !this.owner.takes(head.url)) {
      this.owner.leave(this, bytes);
      return;
    }
    this.fresh = false;
    this.sinceMs = this.owner.monotonicMs();
    this.request = new PlainRequest(this.socket, head, this);
    this.left = head.contentLength;
    this.response = new PlainResponse(this.socket, this.onSent);
    this.owner.handle(this.request, this.response);
    const rest = head.bodyAt === bytes.length ? NOTHING : this.takeBody(bytes, head.bodyAt);
    if (rest.length > 0) this.hold(rest);
  }

  /** @returns what belongs to no body */
  private takeBody(bytes: Buffer, start: number): Buffer {
    const end = Math.min(bytes.length, start + this.left);
    this.left -= end - start;
    const rest = end === bytes.length ? NOTHING : Buffer.from(bytes.subarray(end));
    const { request } = this;
    request?.push(ownPiece(bytes, start, end));
    if (this.left > 0) return rest;
    this.request = undefined;
    request?.end();
    if (this.response === undefined) this.wait();
    return rest;
  }

  /** The next request waits for the answer to this one. */
  private hold(bytes: Buffer): void {
    this.held = this.held === undefined ? bytes : Buffer.concat([this.held, bytes]);
    this.pause();
  }

  private readonly onSent = (error?: Error | null): void => {
    const { response, socket } = this;
    if (response === undefined || (error !== undefined && error !== null)) return;
    this.response = undefined;
    response.sent();
    if (!response.shouldKeepAlive) socket.destroySoon();
    else if (this.left > 0) this.request?.discard();
    else this.wait();
  };

  /** For the next request, of which something may have come. */
  private wait(): void {
    this.sinceMs = this.owner.monotonicMs();
    this.resume();
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.begin(held);
  }

  private readonly onEnd = (): void => {
    if (this.isComing) this.refuse('HPE_INVALID_EOF_STATE', 'The connection ended before the request.');
    else this.socket.end();
  };

  private readonly onError = (error: Error): void => {
    this.owner.refuse(error, this.socket);
  };

  private readonly onClose = (): void => {
    this.response?.close();
    this.owner.onClosed(this);
  };

  private readonly onDrain = (): void => {
    this.response?.drained();
  };

  private readonly onTimeout = (): void => {
    if (!this.isIdle) this.owner.onStill(this.socket);
  };

  private refuse(code: string, message: string): void {
    this.owner.refuse(Object.assign(new Error(message), { code }), this.socket);
  }
}

const NOTHING = Buffer.alloc(0);

/** The bytes from `start` to `end` of what was read, in memory that belongs to nobody else where they are many. */
function ownPiece(bytes: Buffer, start: number, end: number): Buffer {
  if (start === 0 && end === bytes.length) return bytes;
  const piece = bytes.subarray(start, end);
  if (piece.length < OWN_MEMORY_BYTES) return piece;
  const own = Buffer.from(piece);
  freeBuffer(bytes);
  return own;
}
