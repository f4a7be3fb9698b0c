// How a listener stops without losing a call. A request may be on its way over any connection that is open, so none is
// closed at once: for a while the proxy answers as before, each answer closes its connection, and callers connect
// elsewhere. Then it lets go of the connections that nobody uses, and waits for the calls that are open.
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

export type Listener = HttpServer | HttpsServer;

/** Nobody tells when the last connection is gone, so it is asked for. */
const LOOK_MS = 50;

/**
 * Resolves when no connection is left; at the signal the rest is cut.
 * @param farewellMs most milliseconds of that while
 */
export async function closeListener(
  server: Listener,
  farewellMs: number,
  signal: AbortSignal,
): Promise<void> {
  await untilUnused(server, AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(farewellMs))]));
  const cut = (): void => server.closeAllConnections();
  signal.addEventListener('abort', cut, { once: true });
  if (signal.aborted) cut();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  signal.removeEventListener('abort', cut);
}

async function untilUnused(server: Listener, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await connectionsOf(server)) > 0)
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
}

/** None where they can't be counted: then there is no listener any more. */
function connectionsOf(server: Listener): Promise<number> {
  return new Promise((resolve) =>
    server.getConnections((error, count) => resolve(error === null ? count : 0)),
  );
}
