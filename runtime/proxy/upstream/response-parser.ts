// Cuts the bytes of one connection into one response: head, body, end. It accepts only what is framed by a length or
// by chunks without extensions and trailers, and stops at the first byte that should not be there.
import { readResponseHead, type ResponseHead } from './response-head.ts';

export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** `excess`: bytes followed the response that nobody asked for. */
  onComplete(excess: boolean): void;
  onProblem(problem: string): void;
}

type State =
  'head' | 'length' | 'size' | 'size_lf' | 'data' | 'data_cr' | 'data_lf' | 'last_cr' | 'last_lf' | 'done';

const CR = 0x0d;
const LF = 0x0a;
const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_INTERIM = 8;
const MAX_SIZE_DIGITS = 8;

export class ResponseParser {
  private state: State = 'done';
  private held: Buffer | undefined;
  private left = 0;
  private digits = 0;
  private interim = 0;
  private readonly maxHeadBytes: number;
  private readonly sink: ResponseSink;

  constructor(maxHeadBytes: number, sink: ResponseSink) {
    this.maxHeadBytes = maxHeadBytes;
    this.sink = sink;
  }

  /** Expects a response from here on. */
  start(): void {
    this.state = 'head';
    this.held = undefined;
    this.interim = 0;
  }

  /** Takes bytes, of which it copies what is needed later: pieces of the body belong to whoever gets them. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.state === 'done') {
        this.sink.onProblem('bytes came that belong to no response');
        return;
      }
      at = this.step(bytes, at);
      if (at === -1) return;
    }
  }

  /** Consumes some bytes from `at` on; returns where to go on, -1 to stop. */
  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case 'head':
        return this.head(bytes, at);
      case 'length':
      case 'data':
        return this.body(bytes, at);
      case 'size':
        return this.size(bytes, at);
      case 'size_lf':
        if (bytes[at] !== LF) return this.fail('a chunk size is malformed');
        this.state = this.left === 0 ? 'last_cr' : 'data';
        return at + 1;
      case 'data_cr':
        return this.expect(bytes, at, CR, 'data_lf');
      case 'data_lf':
        this.digits = 0;
        this.left = 0;
        return this.expect(bytes, at, LF, 'size');
      case 'last_cr':
        return this.expect(bytes, at, CR, 'last_lf');
      case 'last_lf':
        if (bytes[at] !== LF) return this.fail('the last chunk is malformed');
        return this.complete(bytes, at + 1);
      case 'done':
        return -1;
    }
  }

  private head(bytes: Buffer, at: number): number {
    const fresh = at === 0 ? bytes : bytes.subarray(at);
    const held = this.held;
    const all = held === undefined ? fresh : Buffer.concat([held, fresh]);
    const end = all.indexOf(HEAD_END, held === undefined ? 0 : Math.max(0, held.length - 3));
    if (end > this.maxHeadBytes || (end === -1 && all.length > this.maxHeadBytes)) {
      return this.fail('the head is too large');
    }
    if (end === -1) {
      this.held = held === undefined ? Buffer.from(all) : all;
      return bytes.length;
    }
    this.held = undefined;
    const result = readResponseHead(all.toString('latin1', 0, end));
    if (!result.ok) return this.fail(result.problem);
    const next = end + 4 - (all.length - bytes.length);
    return this.afterHead(result.head, bytes, next);
  }

  private afterHead(head: ResponseHead, bytes: Buffer, next: number): number {
    if (head.status === 101) return this.fail('the server switched protocols, which nobody asked for');
    if (head.status < 200) {
      this.interim += 1;
      return this.interim > MAX_INTERIM ? this.fail('there are too many interim responses') : next;
    }
    const { framing } = head;
    this.left = framing.kind === 'length' ? framing.length : 0;
    this.digits = 0;
    this.state = framing.kind === 'chunked' ? 'size' : 'length';
    this.sink.onHead(head);
    return framing.kind === 'none' ? this.complete(bytes, next) : next;
  }

  private body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.left);
    this.left -= end - at;
    this.sink.onBody(Buffer.from(bytes.subarray(at, end)));
    if (this.left > 0) return end;
    if (this.state === 'length') return this.complete(bytes, end);
    if (this.state === 'data') this.state = 'data_cr';
    return end;
  }

  private size(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === CR) {
        if (this.digits === 0) return this.fail('a chunk size is missing');
        this.state = 'size_lf';
        return at + 1;
      }
      const digit = hexDigit(byte);
      this.digits += 1;
      if (digit === -1 || this.digits > MAX_SIZE_DIGITS) return this.fail('a chunk size is malformed');
      this.left = this.left * 16 + digit;
    }
    return bytes.length;
  }

  private expect(bytes: Buffer, at: number, byte: number, next: State): number {
    if (bytes[at] !== byte) return this.fail('a chunk does not end where it says, or has a trailer');
    this.state = next;
    return at + 1;
  }

  private complete(bytes: Buffer, next: number): number {
    this.state = 'done';
    this.sink.onComplete(next < bytes.length);
    return -1;
  }

  private fail(problem: string): number {
    this.state = 'done';
    this.sink.onProblem(problem);
    return -1;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
