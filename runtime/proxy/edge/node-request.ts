// A request as `node:http` makes it, without two things that nobody here needs and that cost a tenth of a call: an object of
// all headers, which Node makes only to look for one of them, and a stream around a body that is gathered in memory anyway.
import http from 'node:http';
import type { Readable } from 'node:stream';
import type { BodyReader, CallerRequest } from './caller.ts';

/**
 * Headers are in `rawHeaders` alone; `headers` has no more than `expect`, which Node acts on. So Node can't require a Host
 * (`requireHostHeader: false`): whoever reads the head does.
 */
export class NodeRequest extends http.IncomingMessage implements CallerRequest {
  private reader: BodyReader | undefined;

  takeBody(reader: BodyReader): void {
    if (this.readableLength > 0 || this.complete) {
      // It came while the answer before it was on its way, and waits in the stream.
      this.on('data', (chunk: Buffer) => reader.onChunk(chunk));
      this.on('end', () => reader.onEnd());
      return;
    }
    this.reader = reader;
    // Says that somebody reads, so that Node neither discards the body nor stops to take it.
    this.read(0);
  }

  bodyStream(): Readable {
    return this;
  }

  /** Called by Node's parser for each piece of the body, and with null at its end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    const { reader } = this;
    if (reader === undefined) return super.push(chunk, encoding);
    if (chunk === null) reader.onEnd();
    else reader.onChunk(chunk);
    return true;
  }
}

const NO_HEADERS: http.IncomingHttpHeaders = Object.freeze({});

// An accessor of Node's is a property to TypeScript, which no accessor may override.
Object.defineProperty(NodeRequest.prototype, 'headers', {
  get(this: NodeRequest): http.IncomingHttpHeaders {
    const { rawHeaders } = this;
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] ?? '';
      if (name.length === 6 && name.toLowerCase() === 'expect') return { expect: rawHeaders[at + 1] };
    }
    return NO_HEADERS;
  },
});
