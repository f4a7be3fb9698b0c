// `mcp-runtime session`: the consents that count now, and how to end one.
import type { Command } from 'commander';
import { withStateDir } from '../caller-options.ts';
import { connect, findNamed, type StateDirOption } from '../connection.ts';
import { EXIT, columns, print, printJson, type Exit } from '../output.ts';

interface ListOptions extends StateDirOption {
  readonly json?: true | undefined;
}

export function addSession(program: Command, end: (exit: Exit) => void): void {
  const session = program
    .command('session')
    .summary('list and revoke sessions')
    .description('Sessions: time-boxed consents.');
  withStateDir(session.command('list').description('Lists the sessions of the running platform.'))
    .option('--json', 'print JSON instead of text')
    .action(async (options: ListOptions) => end(await list(options)));
  withStateDir(
    session
      .command('revoke')
      .description(
        'Ends a session for good: nobody can take it back, neither an edit of the program nor a restart.',
      )
      .argument('<name>', 'name of the session, or <namespace>/<name>'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-runtime session revoke demo`,
    )
    .action(async (name: string, options: StateDirOption) => end(await revoke(name, options)));
}

async function list(options: ListOptions): Promise<Exit> {
  const { sessions } = await connect(options).status();
  if (options.json === true) {
    printJson({ sessions });
    return EXIT.ok;
  }
  const rows = sessions.map(
    ({ namespace, name, server, subject, consentedTrust, state, expiresAt = 'never' }) => [
      `${namespace}/${name}`,
      state,
      server,
      Object.entries(subject)
        .map(([field, value]) => `${field}=${value}`)
        .join(' '),
      consentedTrust,
      expiresAt,
    ],
  );
  for (const line of columns([['SESSION', 'STATE', 'SERVER', 'SUBJECT', 'TRUST', 'EXPIRES'], ...rows]))
    print(line);
  return EXIT.ok;
}

async function revoke(name: string, options: StateDirOption): Promise<Exit> {
  const client = connect(options);
  const session = findNamed('session', name, (await client.status()).sessions);
  const { revokedAt, enforced } = await client.revoke(session.namespace, session.name);
  const key = `${session.namespace}/${session.name}`;
  print(`revoked  ${key}, at ${revokedAt}`);
  print(
    enforced
      ? 'enforced by its proxy: the next call is denied with session_revoked'
      : "its proxy has not confirmed it yet; see 'mcp-runtime status'",
  );
  return enforced ? EXIT.ok : EXIT.failed;
}
