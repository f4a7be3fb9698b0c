import type { Upstream, UpstreamFailure, UpstreamRequest } from '#runtime/proxy/upstream/upstream.ts';

export type Collected =
  | { readonly status: number; readonly headers: readonly string[]; readonly body: string }
  | { readonly failure: UpstreamFailure; readonly message: string };

export const POST: UpstreamRequest = {
  method: 'POST',
  path: '/mcp?a=b',
  headers: ['content-type', 'application/json'],
  body: Buffer.from('{"x":"é"}'),
};

/** Sends one request and gathers its whole answer, its body in Latin-1 so that no byte is lost, or how it failed. */
export function collect(upstream: Upstream, request: UpstreamRequest = POST): Promise<Collected> {
  return new Promise((resolve) => {
    let status = 0;
    let headers: readonly string[] = [];
    const chunks: Buffer[] = [];
    upstream.send(request, {
      onHead: (head) => {
        status = head.status;
        headers = head.headers;
      },
      onData: (chunk) => chunks.push(chunk),
      onEnd: () => resolve({ status, headers, body: Buffer.concat(chunks).toString('latin1') }),
      onFailure: ({ failure, message }) => resolve({ failure, message }),
    });
  });
}
