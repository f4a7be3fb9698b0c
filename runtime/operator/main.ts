// The operator's program: flags and environment in, exit code out. It ends when its lease is lost, because another
// replica works then; whoever runs it starts it again.
import '#runtime/process/small-heap.ts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadKubeConfig } from '#runtime/kube/kubeconfig.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { createLog, type Log } from '#runtime/process/log.ts';
import { Shutdown } from '#runtime/process/shutdown.ts';
import { readOperatorSettings } from './config.ts';
import { Operator } from './operator.ts';
import { servePages, type BindAddress } from './pages.ts';

/** Milliseconds to end in order: what runs, and the lease. */
const SHUTDOWN_MS = 10_000;

interface Flags {
  readonly metricsBindAddress: BindAddress | undefined;
  readonly healthProbeBindAddress: BindAddress | undefined;
  readonly leaderElect: boolean;
}

/** `:8080`, `127.0.0.1:8080`; `0` switches a listener off, as controller-runtime has it. */
function bindAddress(text: string): BindAddress | undefined {
  if (text === '0') return undefined;
  const match = /^(?<host>.*):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port'] ?? 'none');
  if (!(port <= 65535)) throw new InvalidArgumentError('write :port or address:port; 0 switches it off');
  const host = match?.groups?.['host'];
  return { port, host: host === '' ? undefined : host };
}

/** Of a command line or an environment that makes no sense; nothing was begun. */
const USAGE_ERROR = 2;

function addressOption(flag: string, description: string, port: number): Option {
  const option = new Option(`--${flag} <address>`, `${description}; 0: nowhere`);
  return option.argParser(bindAddress).default({ port, host: undefined }, `:${port}`);
}

function program(): Command {
  return new Command('operator')
    .description('Turns MCPServer, MCPAccessGrant and MCPAgentSession into workloads, policy and status.')
    .addOption(addressOption('metrics-bind-address', 'where metrics are served', 8080))
    .addOption(addressOption('health-probe-bind-address', 'where /healthz and /readyz are served', 8081))
    .option('--leader-elect', 'work only while holding the lease; needed with several replicas', false)
    .option('--no-leader-elect', 'work without a lease')
    .addHelpText('after', '\nEverything else is configured by the environment: see docs/operator.md.')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_ERROR));
}

async function run(flags: Flags): Promise<void> {
  const read = readOperatorSettings(process.env);
  if (!read.ok) {
    const log = createLog({ program: 'operator' });
    for (const { variable, message } of read.problems) log.error({ variable }, message);
    process.exitCode = USAGE_ERROR;
    return;
  }
  const settings = read.value;
  const log = createLog({ program: 'operator', level: settings.logLevel });
  for (const remark of settings.remarks) log.warn({}, remark);
  const shutdown = new Shutdown({ log, deadlineMs: SHUTDOWN_MS });
  try {
    const connection = await loadKubeConfig({ env: process.env });
    const operator = new Operator({ connection, settings, clock: systemClock, log });
    const pages = await servePages(operator, flags.metricsBindAddress, flags.healthProbeBindAddress, log);
    shutdown.add({ name: 'pages', run: () => pages.close() });
    shutdown.add({ name: 'operator', run: () => operator.stop() });
    log.info({ server: connection.server.origin, ...pages.ports }, 'The operator starts.');
    const ended = await operator.run(flags.leaderElect);
    if (ended === 'lost') await endAsLost(shutdown, log);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error({ error }, `The operator can not go on: ${message}`);
    await shutdown.run();
    process.exit(1);
  }
}

async function endAsLost(shutdown: Shutdown, log: Log): Promise<void> {
  log.error({}, 'The lease was lost: another replica works now, so this one ends.');
  await shutdown.run();
  process.exit(1);
}

const command = program().parse();
await run(command.opts<Flags>());
