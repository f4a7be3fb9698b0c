// `mcp-runtime start`: the local platform in the foreground, until Ctrl-C.
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { PlatformEvent } from '#runtime/local/events.ts';
import { STATE_DIR_NAME } from '#runtime/local/state-dir.ts';
import { Interrupt } from '../interrupt.ts';
import { openBrowser } from '../open-browser.ts';
import { EXIT, print, printTrouble, shortPath, type Exit } from '../output.ts';
import { summaryLines } from '../summary.ts';

interface StartOptions {
  readonly check?: true | undefined;
  readonly portBase?: number | undefined;
  readonly stateDir?: string | undefined;
  readonly startTimeout?: number | undefined;
  readonly open: boolean;
}

const settleMs = 60_000;

export function addStart(program: Command, end: (exit: Exit) => void): void {
  program
    .command('start')
    .summary('run a program on this machine')
    .description('Runs the servers of a program behind policy, with the console, and applies edits at once.')
    .argument('<program>', 'TypeScript file that exports default (app) => { … }')
    .option('--check', 'run on free ports, make real calls, compare each decision, and end')
    .option('--port-base <port>', 'port of the first server; the console gets the one before', readPort)
    .option('--state-dir <folder>', `folder for what is kept (default: ${STATE_DIR_NAME})`)
    .option('--start-timeout <seconds>', 'time a server gets to listen (default: 30)', readSeconds)
    .option('--no-open', 'do not open the console in a browser')
    .addHelpText(
      'after',
      `
Ctrl-C stops everything that was started; a second one does not wait for it.

Examples:
  $ mcp-runtime start examples/quickstart/program.ts
  $ mcp-runtime start examples/quickstart/program.ts --check
  $ mcp-runtime start program.ts --port-base 9100 --state-dir /tmp/demo`,
    )
    .action(async (file: string, options: StartOptions) => {
      const program = path.resolve(file);
      end(options.check === true ? await check(program) : await start(program, options));
    });
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1025 || port > 65_000) {
    throw new InvalidArgumentError('It has to be a whole number from 1025 to 65000.');
  }
  return port;
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 600) return seconds;
  throw new InvalidArgumentError('It has to be a whole number of seconds from 1 to 600.');
}

async function check(program: string): Promise<Exit> {
  const { signal } = new Interrupt();
  // Loaded only when asked for: it brings the cases along.
  const { runCheck } = await import('#runtime/local/check/run-check.ts');
  const passed = await runCheck({ program, print, signal });
  return passed ? EXIT.ok : EXIT.denied;
}

function tell(event: PlatformEvent): void {
  switch (event.kind) {
    case 'trouble':
      printTrouble(event.trouble);
      return;
    case 'warning':
      process.stderr.write(`warning: ${event.message}\n  where  ${shortPath(event.where)}\n`);
      return;
    case 'applied':
      print(
        `applied: ${event.changes.length === 0 ? 'nothing that runs has changed' : event.changes.join(', ')}`,
      );
      return;
    case 'revoked':
      print(`revoked: session ${event.session.namespace}/${event.session.name}`);
      return;
    case 'restarting':
      process.stderr.write(`${event.what} ended and is started again\n`);
      return;
    case 'running':
      return;
  }
}

async function start(program: string, options: StartOptions): Promise<Exit> {
  const interrupt = new Interrupt();
  // Loaded only here: the other commands are quicker without it.
  const { Platform } = await import('#runtime/local/platform.ts');
  const platform = await Platform.start({
    program,
    stateDir: options.stateDir ?? STATE_DIR_NAME,
    portBase: options.portBase,
    ...(options.startTimeout !== undefined && { patience: { startMs: options.startTimeout * 1000 } }),
    onEvent: tell,
  });
  interrupt.onForce = () => platform.kill();
  await platform.settled(AbortSignal.any([interrupt.signal, AbortSignal.timeout(settleMs)]));
  if (!interrupt.signal.aborted) {
    for (const line of summaryLines(platform.status(), Date.now(), options.stateDir)) print(line);
    if (options.open) openBrowser(platform.status().console.url);
    await interrupt.whenInterrupted();
  }
  print('stopping …');
  await platform.stop();
  print('stopped');
  return EXIT.ok;
}
