// A request of a caller and the answer to it, as the pipeline sees them, whoever took the bytes: `node:http`, or the reader of
// plain requests (`front/`).
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Gets a body as it comes: pieces, then the end. Where the connection ends before it, there is none. */
export interface BodyReader {
  onChunk(chunk: Buffer): void;
  onEnd(): void;
}

export interface CallerRequest {
  readonly socket: Socket;
  readonly method?: string | undefined;
  /** The target, as sent. */
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Name (as sent, or lower case), value, name, value… */
  readonly rawHeaders: readonly string[];
  /** Known once the body is whole. */
  readonly rawTrailers: readonly string[];
  /** Whether all of it has come. */
  readonly complete: boolean;
  /** Hands over the body, of which nothing may have been read yet. Its reader takes it as fast as it comes. */
  takeBody(reader: BodyReader): void;
  /** The body for somebody who can't take it as fast as it comes; instead of `takeBody`. */
  bodyStream(): Readable;
}

/** What is used of `http.ServerResponse`, and works as it does there. */
export interface CallerResponse {
  /** Undefined or null once the answer is out. */
  readonly socket: Socket | null;
  readonly statusCode: number;
  /** Whether the head is made; it may not have left. */
  readonly headersSent: boolean;
  /** Whether the connection goes on after this answer. */
  shouldKeepAlive: boolean;
  /** Bytes that the caller has not taken. */
  readonly writableLength: number;
  /** Whether all of it has left. */
  readonly writableFinished: boolean;
  /**
   * Adds a date where there is none.
   *
   * @param headers name (lower case), value, name, value… Without a content-length the body is chunked.
   */
  writeHead(status: number, headers: string[]): unknown;
  /** Has the head leave before there is a body. */
  flushHeaders(): void;
  writeContinue(): void;
  /** False where the caller should be waited for, until `drain`. */
  write(chunk: Buffer): boolean;
  end(body?: Buffer): unknown;
  end(body: string, encoding: 'latin1'): unknown;
  /** Cuts the connection. */
  destroy(): unknown;
  /** `close`: the answer is out, or the connection gone. */
  on(event: 'close', listener: () => void): unknown;
  once(event: 'close' | 'finish' | 'drain', listener: () => void): unknown;
}
