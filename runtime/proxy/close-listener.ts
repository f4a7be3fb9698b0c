// How a listener stops without losing a call. A request may be on its way over any connection that is open, so none is
// closed at once: for a while the proxy answers as before, each answer closes its connection, and callers connect
// elsewhere. Then it lets go of the connections that nobody uses, and waits for the calls that are open.
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Connections } from './connections.ts';

/** One that listens. */
export interface OpenListener {
  readonly server: HttpServer | HttpsServer;
  readonly connections: Connections;
}

/**
 * Resolves when no connection is left, and whoever listens to one knows that it is gone; at the signal the rest is cut.
 * @param farewellMs most milliseconds of that while
 */
export async function closeListener(
  { server, connections }: OpenListener,
  farewellMs: number,
  signal: AbortSignal,
): Promise<void> {
  await connections.none(AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(farewellMs))]));
  const cut = (): void => server.closeAllConnections();
  signal.addEventListener('abort', cut, { once: true });
  if (signal.aborted) cut();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  signal.removeEventListener('abort', cut);
  await connections.none();
}
