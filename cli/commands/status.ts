// `mcp-runtime status`: what runs, in which state, and what is wrong with the rest.
import type { Command } from 'commander';
import type { PartStatus, PlatformStatus, ServerStatus } from '#runtime/local/platform-status.ts';
import { withStateDir } from '../caller-options.ts';
import { connect, type StateDirOption } from '../connection.ts';
import { EXIT, columns, print, printJson, printTrouble, shortPath, type Exit } from '../output.ts';

interface StatusOptions extends StateDirOption {
  readonly json?: true | undefined;
}

export function addStatus(program: Command, end: (exit: Exit) => void): void {
  withStateDir(program.command('status').summary('show what runs').description('Shows the running platform.'))
    .option('--json', 'print JSON instead of text')
    .action(async (options: StatusOptions) => end(await status(options)));
}

async function status(options: StatusOptions): Promise<Exit> {
  const found = await connect(options).status();
  if (options.json === true) printJson(found);
  else tell(found);
  return EXIT.ok;
}

function part({ phase, pid, restarts }: PartStatus): string {
  const details = [
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(restarts === 0 ? [] : [`${restarts} restarts`]),
  ];
  return details.length === 0 ? phase : `${phase} (${details.join(', ')})`;
}

function policyText({ policy }: ServerStatus): string {
  const { wanted, enforced, error } = policy;
  if (error !== undefined) return `refused: ${error}; enforces ${enforced ?? 'none'}`;
  if (enforced === undefined) return `none enforced yet, wanted ${wanted}`;
  return enforced === wanted ? enforced : `${enforced}, not yet ${wanted}`;
}

function tell(found: PlatformStatus): void {
  const rows = [
    ['program', shortPath(found.program.file), `pid ${found.pid}, since ${found.startedAt}`],
    ['manifests', shortPath(found.manifests.folder), String(found.manifests.count)],
    ['console', found.console.url, part(found.sentinel)],
    ...(found.console.problem === undefined ? [] : [['', '', found.console.problem]]),
    ...found.servers.flatMap((server) => [
      [server.name, server.url, server.state],
      ['', 'server', part(server.server)],
      ['', 'proxy', part(server.proxy)],
      ['', 'policy', policyText(server)],
    ]),
  ];
  for (const line of columns(rows)) print(line);
  const parts = [found.sentinel, ...found.servers.flatMap(({ server, proxy }) => [server, proxy])];
  for (const { trouble } of [...parts, found.program]) if (trouble !== undefined) printTrouble(trouble);
}
