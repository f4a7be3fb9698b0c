// The sentinel's program. The line of its log that has `ingestUrl` and `apiUrl` says that and where it listens.
// With arguments it restores or verifies a backup and ends.
import { systemClock } from '#runtime/process/clock.ts';
import { createLog } from '#runtime/process/log.ts';
import { Shutdown } from '#runtime/process/shutdown.ts';
import { runBackupCommand } from './backup/command.ts';
import { errorMessage } from './errors.ts';
import { readSentinelConfig } from './sentinel-config.ts';
import { startSentinel } from './sentinel.ts';

const SHUTDOWN_MS = 10_000;

async function main(): Promise<void> {
  const config = readSentinelConfig(process.env);
  if (!config.ok) {
    const log = createLog({ program: 'sentinel' });
    for (const { message } of config.problems) log.error({}, message);
    process.exitCode = 2;
    return;
  }
  const log = createLog({ program: 'sentinel', level: config.value.LOG_LEVEL });
  const shutdown = new Shutdown({ log, deadlineMs: SHUTDOWN_MS });
  try {
    const addresses = await startSentinel({
      config: config.value,
      clock: systemClock,
      log,
      findCluster: async () =>
        (await import('#runtime/kube/kubeconfig.ts')).loadKubeConfig({ env: process.env }),
      shutdown,
    });
    log.info({ ...addresses }, 'The sentinel listens.');
  } catch (error) {
    log.error({ error }, `The sentinel can not start: ${errorMessage(error)}`);
    await shutdown.run();
    process.exit(1);
  }
}

const args = process.argv.slice(2);
if (args.length === 0) await main();
else process.exitCode = await runBackupCommand(args, process.env);
