// Whether the server behind the proxy accepts connections: part of readiness, because the kubelet can't ask a server that
// listens on loopback. A connection is all that is tried; nothing is sent, and nothing is said of how the server answers.
import { connect } from 'node:net';

/** Resolves to whether the server could be connected to. */
export type UpstreamProbe = () => Promise<boolean>;

/** Shorter than the second that a kubelet waits for a page. */
const TIMEOUT_MS = 700;

/** A probe of an origin. However many ask, there is one attempt at a time. */
export function upstreamProbe(origin: URL): UpstreamProbe {
  let attempt: Promise<boolean> | undefined;
  return () => (attempt ??= tryOnce(origin).finally(() => (attempt = undefined)));
}

async function tryOnce({ protocol, hostname, port }: URL): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  });
  const timer = setTimeout(() => resolve(false), TIMEOUT_MS);
  socket.once('connect', () => resolve(true));
  socket.on('error', () => resolve(false));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
