// The answer to a plain request. It says what `http.ServerResponse` would say, and emits what that emits: `finish` when all has
// left, `close` then or when the connection is gone, `drain` when its caller may be sent more.
import { EventEmitter } from 'node:events';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { CallerResponse } from '../edge/caller.ts';
import { KEEP_ALIVE_MS } from '../listener-options.ts';

/** Bytes below which a piece is joined with what stands before and behind it. */
const JOIN_BELOW = 16 * 1024;
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;
const LAST_CHUNK = '0\r\n\r\n';

export class PlainResponse extends EventEmitter implements CallerResponse {
  readonly socket: Socket;
  statusCode = 200;
  headersSent = false;
  shouldKeepAlive = true;
  writableFinished = false;
  /** Made, and not yet written. */
  private head = '';
  private chunked = false;
  private ended = false;
  private closed = false;
  private needsDrain = false;
  private readonly onSent: () => void;

  /** @param onSent called once the last byte has left, and never where it can't */
  constructor(socket: Socket, onSent: () => void) {
    super();
    this.socket = socket;
    this.onSent = onSent;
  }

  get writableLength(): number {
    return this.socket.writableLength;
  }

  writeHead(status: number, headers: readonly string[]): void {
    if (this.headersSent) throw new Error('The head of an answer is written once.');
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    let chunked = status !== 204 && status !== 304;
    let dated = false;
    for (let at = 0; at < headers.length; at += 2) {
      const name = headers[at] ?? '';
      const value = headers[at + 1] ?? '';
      if (FORBIDDEN.test(value))
        throw new TypeError(`The header ${name} has a character that may not be in it.`);
      if (name === 'content-length') chunked = false;
      else if (name === 'date') dated = true;
      head += `${name}: ${value}\r\n`;
    }
    if (!dated) head += dateLine();
    head += this.shouldKeepAlive ? KEPT_ALIVE : CLOSING;
    this.head = head + (chunked ? 'Transfer-Encoding: chunked\r\n\r\n' : '\r\n');
    this.chunked = chunked;
    this.statusCode = status;
    this.headersSent = true;
  }

  flushHeaders(): void {
    const { head, socket } = this;
    this.head = '';
    if (head !== '' && socket.writable) socket.write(head, 'latin1');
  }

  /** Who waits for that is not plain. */
  writeContinue(): void {
    throw new Error('A plain request does not wait to be continued.');
  }

  write(chunk: Buffer): boolean {
    if (this.ended || chunk.length === 0 || !this.socket.writable) return true;
    const mayGoOn = this.send(chunk, false);
    this.needsDrain = !mayGoOn;
    return mayGoOn;
  }

  end(body: Buffer | string = '', _encoding?: 'latin1'): void {
    if (this.ended) return;
    this.ended = true;
    if (this.socket.writable) this.send(body, true);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The last byte has left. */
  sent(): void {
    this.writableFinished = true;
    this.emit('finish');
    this.close();
  }

  /** The socket has room again. */
  drained(): void {
    if (!this.needsDrain) return;
    this.needsDrain = false;
    this.emit('drain');
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
  }

  private send(piece: Buffer | string, isLast: boolean): boolean {
    const { socket, chunked } = this;
    let before = this.head;
    let after = '';
    this.head = '';
    if (chunked && piece.length > 0) {
      before += `${piece.length.toString(16)}\r\n`;
      after = '\r\n';
    }
    if (chunked && isLast) after += LAST_CHUNK;
    const onSent = isLast ? this.onSent : undefined;
    if (typeof piece === 'string' || piece.length < JOIN_BELOW) {
      const text = typeof piece === 'string' ? piece : piece.toString('latin1');
      return socket.write(before + text + after, 'latin1', onSent);
    }
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    socket.write(piece);
    const mayGoOn = socket.write(after, 'latin1', onSent);
    socket.uncork();
    return mayGoOn;
  }
}

const KEPT_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n`;
const CLOSING = 'Connection: close\r\n';
let second = 0;
let lastDate = '';

/** It changes once a second. */
function dateLine(): string {
  const nowS = Math.floor(Date.now() / 1000);
  if (nowS !== second) {
    second = nowS;
    lastDate = `Date: ${new Date(nowS * 1000).toUTCString()}\r\n`;
  }
  return lastDate;
}
