// The distributor as a pod runs it, but for where the API server is: `API_URL`. A pod reads that from files that only a
// pod has, and a kubeconfig would load a client which no pod loads.
import '#runtime/process/small-heap.ts';
import { Distributor } from '#runtime/distributor/distributor.ts';
import { servePages } from '#runtime/distributor/pages.ts';
import { readDistributorSettings } from '#runtime/distributor/settings.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { createLog } from '#runtime/process/log.ts';

const read = readDistributorSettings(process.env);
if (!read.ok) throw new Error(JSON.stringify(read.problems));
const settings = read.value;
const log = createLog({ program: 'distributor', level: settings.logLevel });
const connection = {
  server: new URL(process.env['API_URL'] ?? ''),
  skipTlsVerify: false,
  token: () => Promise.resolve(undefined),
};
const distributor = new Distributor({ connection, settings, clock: systemClock, log });
await servePages(distributor, { port: settings.pagesPort, host: settings.host }, log);
await distributor.run();
