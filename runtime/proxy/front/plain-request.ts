// A request whose head was plain, and its body as it comes.
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { BodyReader, CallerRequest } from '../edge/caller.ts';
import type { PlainHead } from './plain-head.ts';

/** Stops and starts the bytes of a connection. */
export interface ByteSource {
  pause(): void;
  resume(): void;
}

const NO_TRAILERS: readonly string[] = [];

export class PlainRequest implements CallerRequest {
  readonly method = 'POST';
  readonly httpVersion = '1.1';
  readonly rawTrailers = NO_TRAILERS;
  readonly socket: Socket;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  complete = false;
  private readonly source: ByteSource;
  private reader: BodyReader | undefined;
  /** What came before anybody wanted it. */
  private waiting: Buffer[] = [];

  constructor(socket: Socket, { url, rawHeaders }: PlainHead, source: ByteSource) {
    this.socket = socket;
    this.url = url;
    this.rawHeaders = rawHeaders;
    this.source = source;
  }

  takeBody(reader: BodyReader): void {
    this.reader = reader;
    const { waiting } = this;
    this.waiting = [];
    for (const chunk of waiting) reader.onChunk(chunk);
    if (this.complete) reader.onEnd();
    else if (waiting.length > 0) this.source.resume();
  }

  bodyStream(): Readable {
    const stream = new Readable({ read: () => this.wanted() });
    this.takeBody({
      onChunk: (chunk) => {
        if (!stream.push(chunk) && !this.complete) this.source.pause();
      },
      onEnd: () => void stream.push(null),
    });
    return stream;
  }

  /** Takes a piece of the body. */
  push(chunk: Buffer): void {
    if (this.reader !== undefined) {
      this.reader.onChunk(chunk);
      return;
    }
    this.waiting.push(chunk);
    this.source.pause();
  }

  /** The body is whole. */
  end(): void {
    this.complete = true;
    this.reader?.onEnd();
  }

  /** Nobody will want what is left of the body. */
  discard(): void {
    this.takeBody({ onChunk: () => undefined, onEnd: () => undefined });
  }

  private wanted(): void {
    if (!this.complete) this.source.resume();
  }
}
