// How both listeners take requests: callers' and peers'. What one lets in, the other lets in too, or a request that was
// handed over would be refused for where it came from.
import type { ServerOptions } from 'node:http';
import type { ProxyLimits } from './config.ts';
import { NodeRequest } from './edge/node-request.ts';

/** Longer than a usual ingress keeps its connections, so that it is the one to close them. */
export const KEEP_ALIVE_MS = 620_000;
/** Bytes of a caller's headers. */
export const MAX_HEADER_BYTES = 16 * 1024;

export function listenerOptions({ requestTimeoutMs }: ProxyLimits) {
  return {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
    // Host is checked with everything else, so that its absence is answered and recorded alike.
    requireHostHeader: false,
    IncomingMessage: NodeRequest,
  } satisfies ServerOptions<typeof NodeRequest>;
}
