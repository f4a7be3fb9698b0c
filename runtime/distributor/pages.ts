// What the distributor shows of itself: metrics, liveness and readiness, in the clear and without a secret.
import type http from 'node:http';
import { DISTRIBUTOR_PATHS } from '#api/distributor-api.ts';
import { createPageServer, jsonPage, listen, metricsPage, textPage } from '#runtime/process/http.ts';
import type { Log } from '#runtime/process/log.ts';
import type { Registry } from '#runtime/process/metrics.ts';

/** What the pages ask. */
export interface Inspected {
  readonly metrics: { readonly registry: Registry };
  /** Why no proxy should be sent here, one sentence each; none: all is well. */
  problems(): readonly string[];
}

export interface ServedPages {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws ListenError */
export async function servePages(
  inspected: Inspected,
  { port, host }: { readonly port: number; readonly host: string | undefined },
  log: Log,
): Promise<ServedPages> {
  const server: http.Server = createPageServer(
    {
      [DISTRIBUTOR_PATHS.health]: () => textPage(200, 'ok\n'),
      [DISTRIBUTOR_PATHS.ready]: () => {
        const problems = inspected.problems();
        return problems.length === 0 ? textPage(200, 'ok\n') : jsonPage(503, { ready: false, problems });
      },
      [DISTRIBUTOR_PATHS.metrics]: metricsPage(inspected.metrics.registry),
    },
    (error) => log.error({ error }, 'A page could not be made.'),
  );
  const opened = await listen(server, { variable: 'PAGES_PORT', port, host });
  return {
    port: opened,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
