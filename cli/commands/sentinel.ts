// `mcp-runtime sentinel`: backups of the events that a sentinel keeps, and whether they are whole.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { backupBegun, backupList, chainList, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { stateDirAt } from '#runtime/local/state-dir.ts';
import { withStateDir } from '../caller-options.ts';
import { findStateDir, type StateDirOption } from '../connection.ts';
import { columns, EXIT, print, printJson, type Exit } from '../output.ts';
import { SentinelClient, TOKEN_VARIABLE, type SentinelOption } from '../sentinel-client.ts';

const LOOK_MS = 250;

function withSentinel(command: Command): Command {
  return withStateDir(command).option(
    '--url <url>',
    `sentinel at this URL instead (token: ${TOKEN_VARIABLE})`,
  );
}

export function addSentinel(program: Command, end: (exit: Exit) => void): void {
  const sentinel = program
    .command('sentinel')
    .summary('back up, restore and verify events')
    .description('Backups of the events that a sentinel keeps.')
    .addHelpText(
      'after',
      `
In a cluster, with a port-forward and the token of its API:
  $ kubectl port-forward -n mcp-sentinel service/mcp-sentinel 8082 &
  $ ${TOKEN_VARIABLE}=… mcp-runtime sentinel backup --url http://127.0.0.1:8082
Restoring there is said in the environment (sentinel.backup.restoreFrom).`,
    );
  withSentinel(sentinel.command('backup').description('Makes a backup, and waits for it.')).action(
    async (options: SentinelOption) => end(await backUp(options)),
  );
  withSentinel(sentinel.command('backups').description('Lists the backups, the latest first.'))
    .option('--json', 'print JSON instead of text')
    .action(async (options: SentinelOption & { readonly json?: true }) => end(await list(options)));
  withSentinel(
    sentinel
      .command('verify')
      .description(
        'Follows the chain of each proxy through the events that are stored, or through those of a backup.',
      )
      .argument('[backup]', 'name of a backup of this machine, latest, or the path of its folder'),
  ).action(async (backup: string | undefined, options: SentinelOption) =>
    end(backup === undefined ? await verifyStored(options) : await runProgram(options, ['verify', backup])),
  );
  withStateDir(
    sentinel
      .command('restore')
      .description('Puts the events of a backup in place, on this machine, while the platform is stopped.')
      .argument('<backup>', 'name of the backup, latest, or the path of its folder')
      .option('--replace', 'in place of the events that are there, which are kept aside'),
  ).action(async (backup: string, options: StateDirOption & { readonly replace?: true }) =>
    end(await runProgram(options, ['restore', backup, ...(options.replace === true ? ['--replace'] : [])])),
  );
}

async function backUp(options: SentinelOption): Promise<Exit> {
  const client = await SentinelClient.find(options);
  const { name } = await client.ask(backupBegun, 'POST', SENTINEL_PATHS.backups);
  process.stderr.write(`Backing up as ${name} …\n`);
  for (;;) {
    const { backups, running, failure } = await client.ask(backupList, 'GET', SENTINEL_PATHS.backups);
    const made = backups.find((backup) => backup.name === name);
    if (made !== undefined) {
      print(`backed up  ${name}, ${made.events} events, ${sizeOf(made.bytes)}`);
      return EXIT.ok;
    }
    if (running !== name) {
      process.stderr.write(`error: ${failure?.message ?? 'The backup was given up.'}\n`);
      return EXIT.failed;
    }
    await sleep(LOOK_MS);
  }
}

async function list(options: SentinelOption & { readonly json?: true }): Promise<Exit> {
  const client = await SentinelClient.find(options);
  const found = await client.ask(backupList, 'GET', SENTINEL_PATHS.backups);
  if (options.json === true) {
    printJson(found);
    return EXIT.ok;
  }
  const rows = found.backups.map(({ name, createdAt, events, bytes, program }) => [
    name,
    createdAt,
    String(events),
    sizeOf(bytes),
    program,
  ]);
  for (const line of columns([['BACKUP', 'MADE', 'EVENTS', 'SIZE', 'VERSION'], ...rows])) print(line);
  if (found.running !== undefined) print(`being made: ${found.running}`);
  if (found.failure !== undefined) print(`failed at ${found.failure.at}: ${found.failure.message}`);
  return EXIT.ok;
}

function sizeOf(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}

async function verifyStored(options: SentinelOption): Promise<Exit> {
  const client = await SentinelClient.find(options);
  const { events, chains, problems } = await client.ask(chainList, 'GET', SENTINEL_PATHS.chains);
  print(`${events} events in ${chains} chains, of which ${chains - problems.length} are whole`);
  for (const problem of problems) print(`  ${problem}`);
  return problems.length === 0 ? EXIT.ok : EXIT.denied;
}

/** The sentinel's own program, which has the engine, for what is done while it isn't running. */
async function runProgram(options: StateDirOption, args: readonly string[]): Promise<Exit> {
  const dir = stateDirAt(findStateDir(options));
  const { buildPrograms } = await import('#runtime/local/programs.ts');
  // Apart from the programs of a platform that runs on this folder.
  const programs = await buildPrograms(path.join(dir.root, 'backups'), false);
  try {
    const child = spawn(process.execPath, [programs.sentinel, ...args], {
      stdio: 'inherit',
      env: { ...process.env, DATA_DIR: dir.sentinel, BACKUP_DIR: dir.backups },
    });
    await once(child, 'exit');
    return child.exitCode === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await programs.remove();
  }
}
