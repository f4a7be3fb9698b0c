// The distributor's program: environment in, exit code out. It has no flags and no state; whoever runs it may start as
// many as they like, and end any of them at any time.
import '#runtime/process/small-heap.ts';
import { loadKubeConfig } from '#runtime/kube/kubeconfig.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { createLog } from '#runtime/process/log.ts';
import { Shutdown } from '#runtime/process/shutdown.ts';
import { Distributor } from './distributor.ts';
import { servePages } from './pages.ts';
import { readDistributorSettings } from './settings.ts';

/** Milliseconds to end in order: proxies are told to go elsewhere. */
const SHUTDOWN_MS = 10_000;
/** Of an environment that makes no sense; nothing was begun. */
const USAGE_ERROR = 2;

async function run(): Promise<void> {
  const read = readDistributorSettings(process.env);
  if (!read.ok) {
    const log = createLog({ program: 'distributor' });
    for (const { variable, message } of read.problems) log.error({ variable }, message);
    process.exitCode = USAGE_ERROR;
    return;
  }
  const settings = read.value;
  const log = createLog({ program: 'distributor', level: settings.logLevel });
  const shutdown = new Shutdown({ log, deadlineMs: SHUTDOWN_MS });
  try {
    const connection = await loadKubeConfig({ env: process.env });
    const distributor = new Distributor({ connection, settings, clock: systemClock, log });
    const pages = await servePages(distributor, { port: settings.pagesPort, host: settings.host }, log);
    shutdown.add({ name: 'pages', run: () => pages.close() });
    shutdown.add({ name: 'streams', run: () => distributor.stop() });
    log.info({ server: connection.server.origin, pagesPort: pages.port }, 'The distributor starts.');
    await distributor.run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error({ error }, `The distributor can not go on: ${message}`);
    await shutdown.run();
    process.exit(1);
  }
}

await run();
