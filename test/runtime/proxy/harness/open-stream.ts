// A caller that keeps its answer open and gathers what comes.
import http from 'node:http';
import { USER_1 } from './policy.ts';

export interface OpenStream {
  readonly response: http.IncomingMessage;
  text: string;
  readonly ended: Promise<unknown>;
  readonly destroy: () => void;
}

/** Opens a stream, by POST where there is a body. Resolves at the head of the answer. */
export function openStreamAt(
  url: string,
  body: object | undefined,
  headers: Readonly<Record<string, string>> = USER_1,
): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        agent: false,
        headers: {
          accept: 'text/event-stream',
          connection: 'keep-alive',
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      (response) => {
        const ended = Promise.withResolvers<undefined>();
        const stream: OpenStream = {
          response,
          text: '',
          ended: ended.promise,
          destroy: () => void request.destroy(),
        };
        response.on('data', (chunk: Buffer) => (stream.text += chunk.toString()));
        response.on('error', () => undefined);
        response.on('close', () => ended.resolve(undefined));
        resolve(stream);
      },
    );
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
