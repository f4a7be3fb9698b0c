// The proxy as a process: configuration in, exit code out.
import { systemClock } from '#runtime/process/clock.ts';
import { createLog } from '#runtime/process/log.ts';
import { Shutdown } from '#runtime/process/shutdown.ts';
import { readProxyConfig } from './config.ts';
import { startProxy } from './proxy.ts';

async function run(): Promise<void> {
  const read = readProxyConfig(process.env);
  if (!read.ok) {
    const log = createLog({ program: 'proxy' });
    for (const { variable, message } of read.problems) log.error({ variable }, message);
    process.exitCode = 1;
    return;
  }
  const config = read.value;
  const log = createLog({ program: 'proxy', level: config.logLevel });
  try {
    const proxy = await startProxy(config, systemClock, log);
    const { port, metricsPort } = proxy;
    new Shutdown({ log, deadlineMs: config.drainMs + 3_000 }).add({
      name: 'proxy',
      run: (signal) => proxy.close(AbortSignal.any([signal, AbortSignal.timeout(config.drainMs)])),
    });
    log.info({ port, metricsPort, upstream: config.upstreamUrl.origin }, 'Listening.');
    if (config.audit === undefined) {
      log.warn({}, 'ANALYTICS_INGEST_URL is not set: nothing is recorded.');
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error({ error, stateFolder: config.stateFolder }, `The proxy could not start. ${message}`);
    process.exitCode = 1;
  }
}

await run();
