// What the operator shows of itself: metrics on one port, health and readiness on another, as the Go operator has them.
import type http from 'node:http';
import {
  createPageServer,
  jsonPage,
  listen,
  metricsPage,
  textPage,
  type Page,
  type Pages,
} from '#runtime/process/http.ts';
import type { Log } from '#runtime/process/log.ts';
import type { Registry } from '#runtime/process/metrics.ts';

export interface BindAddress {
  readonly port: number;
  /** Every address where absent. */
  readonly host: string | undefined;
}

/** What the pages ask. */
export interface Inspected {
  readonly metrics: { readonly registry: Registry };
  /** Why this replica can't be counted on, one sentence each; none: it can. */
  problems(): readonly string[];
}

export interface ServedPages {
  readonly ports: { readonly metricsPort?: number; readonly healthPort?: number };
  close(): Promise<void>;
}

function readyPage(inspected: Inspected): Page {
  const problems = inspected.problems();
  return problems.length === 0 ? textPage(200, 'ok\n') : jsonPage(503, { ready: false, problems });
}

async function closeServer(server: http.Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** Opens the listeners that have an address. @throws ListenError */
export async function servePages(
  inspected: Inspected,
  metrics: BindAddress | undefined,
  health: BindAddress | undefined,
  log: Log,
): Promise<ServedPages> {
  const servers: http.Server[] = [];
  const open = async (pages: Pages, variable: string, address: BindAddress | undefined) => {
    if (address === undefined) return undefined;
    const server = createPageServer(pages, (error) => log.error({ error }, 'A page could not be made.'));
    servers.push(server);
    return await listen(server, { variable, ...address });
  };
  const metricsPort = await open(
    { '/metrics': metricsPage(inspected.metrics.registry) },
    '--metrics-bind-address',
    metrics,
  );
  const healthPort = await open(
    { '/healthz': () => textPage(200, 'ok\n'), '/readyz': () => readyPage(inspected) },
    '--health-probe-bind-address',
    health,
  );
  return {
    ports: {
      ...(metricsPort !== undefined && { metricsPort }),
      ...(healthPort !== undefined && { healthPort }),
    },
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}
