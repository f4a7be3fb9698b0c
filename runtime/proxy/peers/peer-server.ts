// The listener for the other proxies of this server. What they hand over takes the whole way that every request takes,
// and ends here: it is never handed on.
import https from 'node:https';
import type { Socket } from 'node:net';
import type { ProxyConfig } from '../config.ts';
import type { CallerRequest, CallerResponse } from '../edge/caller.ts';
import type { NodeRequest } from '../edge/node-request.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { MAX_HEADER_BYTES, listenerOptions } from '../listener-options.ts';
import { acceptingPeers } from './peer-key.ts';

export interface PeerServerOptions {
  readonly config: ProxyConfig;
  readonly keys: KeyRing;
  readonly handle: (request: CallerRequest, response: CallerResponse) => void;
  /** Hears of a connection on which nothing has moved for a while. */
  readonly onStill: (socket: Socket) => void;
}

/** What a proxy adds to the headers of a caller, at most. */
const ADDED_HEADER_BYTES = 1024;

export type PeerServer = https.Server<typeof NodeRequest>;

/** Not yet listening. */
export function createPeerServer({ config, keys, handle, onStill }: PeerServerOptions): PeerServer {
  const { unreadTimeoutMs, maxConcurrent } = config.limits;
  const server = https.createServer(
    {
      ...acceptingPeers(keys),
      ...listenerOptions(config.limits),
      maxHeaderSize: MAX_HEADER_BYTES + ADDED_HEADER_BYTES,
    },
    handle,
  );
  // Whoever is one too many should be told so, not cut off: that would look like a pod that is gone.
  server.maxConnections = 2 * maxConcurrent;
  server.setTimeout(unreadTimeoutMs, onStill);
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  server.on('connect', (_request, socket) => socket.destroy());
  // A proxy sends nothing that is no request; whoever does is cut off.
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}
