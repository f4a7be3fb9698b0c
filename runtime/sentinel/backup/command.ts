// `main.mjs restore` and `main.mjs verify`: what is done with a backup while no sentinel runs on the data. For an init
// container, a Job, and the command line on a laptop.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createLog } from '#runtime/process/log.ts';
import type { Env } from '#runtime/process/env.ts';
import { errorMessage } from '../errors.ts';
import { readRestoreConfig, type RestoreConfig } from '../sentinel-config.ts';
import { chainProblem, isWhole } from '../store/chains.ts';
import { BackupError } from './backup-error.ts';
import { BackupFolder } from './backup-folder.ts';
import { restoreBackup, verifyBackup, type Restored } from './restore.ts';

const USAGE = `Usage:
  restore <backup> [--replace] [--once]   puts the events of a backup into DATA_DIR
  verify <backup>                         restores it into a scratch folder, and compares

<backup> is the name of one in BACKUP_DIR, latest, or the path of its folder.
  --replace   in place of the events that are there, which are kept aside
  --once      do nothing where this backup has been restored before`;

/** Ends with 0 where it is done, 1 where it isn't, 2 where the command or the environment is wrong. */
export async function runBackupCommand(args: readonly string[], env: Env): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const complain = (line: string): void => void process.stderr.write(`${line}\n`);
  const command = readCommand(args);
  if (command === undefined) {
    complain(USAGE);
    return 2;
  }
  const config = readRestoreConfig(env);
  if (!config.ok) {
    for (const { message } of config.problems) complain(message);
    return 2;
  }
  try {
    tell(await run(command, config.value, say), say);
    return 0;
  } catch (error) {
    complain(`error: ${errorMessage(error)}`);
    return 1;
  }
}

interface BackupCommand {
  readonly verb: 'restore' | 'verify';
  readonly backup: string;
  readonly replace: boolean;
  readonly once: boolean;
}

function readCommand(args: readonly string[]): BackupCommand | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { replace: { type: 'boolean', default: false }, once: { type: 'boolean', default: false } },
    });
    const [verb, backup, ...more] = positionals;
    if ((verb !== 'restore' && verb !== 'verify') || backup === undefined || more.length > 0)
      return undefined;
    return { verb, backup, ...values };
  } catch {
    return undefined;
  }
}

async function run(
  { verb, backup, replace, once }: BackupCommand,
  { DATA_DIR: dataDir, BACKUP_DIR: backupDir }: RestoreConfig,
  say: (line: string) => void,
): Promise<Restored | undefined> {
  const folder = await findBackup(backup, backupDir);
  if (verb === 'restore') return restoreBackup({ backup: folder, dataDir, replace, once, say });
  return verifyBackup(folder, await mkdtemp(path.join(tmpdir(), 'sentinel-verify-')), say);
}

async function findBackup(backup: string, backupDir: string | undefined): Promise<string> {
  if (backup.includes('/')) return path.resolve(backup);
  if (backupDir === undefined) {
    throw new BackupError('backups_off', 'BACKUP_DIR is not set: set it, or give the path of the backup.');
  }
  if (backup !== 'latest') return path.join(backupDir, backup);
  const log = createLog({ program: 'sentinel' });
  const [latest] = await new BackupFolder(backupDir, '').list(log);
  if (latest === undefined) {
    throw new BackupError('backup_unknown', `There is no backup in ${backupDir} that can be used.`);
  }
  return path.join(backupDir, latest.name);
}

function tell(restored: Restored | undefined, say: (line: string) => void): void {
  if (restored === undefined) return;
  const { manifest, totals, chains } = restored;
  const newest = totals.events === 0 ? '' : `, the newest of ${new Date(totals.newestMs).toISOString()}`;
  say(`${manifest.name}: ${totals.events} events${newest}, as many as were backed up.`);
  const problems = chains.filter((chain) => !isWhole(chain));
  say(
    `Chains: ${chains.length - problems.length} of ${chains.length} are whole, all as they were backed up.`,
  );
  for (const chain of problems) say(`  ${chainProblem(chain)}`);
}
