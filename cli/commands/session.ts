// `mcp-runtime session`: the consents that count now, and how to end one.
import type { Command } from 'commander';
import { withStateDir } from '../caller-options.ts';
import { ClusterSessions, isCluster, type ClusterOption } from '../cluster-sessions.ts';
import { connect, findNamed, type StateDirOption } from '../connection.ts';
import { EXIT, columns, print, printJson, type Exit } from '../output.ts';

const HEADER = ['SESSION', 'STATE', 'SERVER', 'SUBJECT', 'TRUST', 'EXPIRES'];

type Where = StateDirOption & ClusterOption;

type ListOptions = Where & { readonly json?: true | undefined };

/** The platform of this machine unless a cluster is asked for. */
function withWhere(command: Command): Command {
  return withStateDir(command)
    .option('--cluster', "in the cluster of the kubeconfig's current context instead")
    .option('--context <name>', 'in the cluster of this context of the kubeconfig; implies --cluster')
    .option('-n, --namespace <name>', 'in a cluster, in this namespace alone; implies --cluster');
}

export function addSession(program: Command, end: (exit: Exit) => void): void {
  const session = program
    .command('session')
    .summary('list and revoke sessions')
    .description('Sessions: time-boxed consents.');
  withWhere(session.command('list').description('Lists sessions.'))
    .option('--json', 'print JSON instead of text')
    .action(async (options: ListOptions) => end(await list(options)));
  withWhere(
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
  $ mcp-runtime session revoke demo
  $ mcp-runtime session revoke demo --cluster -n mcp-servers`,
    )
    .action(async (name: string, options: Where) => end(await revoke(name, options)));
}

async function list(options: ListOptions): Promise<Exit> {
  if (isCluster(options)) return await listCluster(options);
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
      subjectText(subject),
      consentedTrust,
      expiresAt,
    ],
  );
  for (const line of columns([HEADER, ...rows])) print(line);
  return EXIT.ok;
}

/** A field that an author left empty says as little as one that is absent. */
function subjectText(subject: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(subject)
    .flatMap(([field, value]) => (value === undefined || value === '' ? [] : [`${field}=${value}`]))
    .join(' ');
}

async function listCluster(options: ListOptions): Promise<Exit> {
  const cluster = await ClusterSessions.open(options);
  try {
    const sessions = await cluster.list();
    if (options.json === true) {
      printJson({ sessions });
      return EXIT.ok;
    }
    const rows = sessions.map(({ namespace, name, phase, spec }) => [
      `${namespace}/${name}`,
      phase,
      spec?.serverRef.name ?? '?',
      subjectText({ ...spec?.subject }),
      spec?.consentedTrust ?? '?',
      spec?.expiresAt ?? 'never',
    ]);
    for (const line of columns([HEADER, ...rows])) print(line);
    return EXIT.ok;
  } finally {
    await cluster.close();
  }
}

async function revokeInCluster(name: string, options: Where): Promise<Exit> {
  const cluster = await ClusterSessions.open(options);
  try {
    const { namespace, name: own, spec } = await cluster.revoke(name);
    print(`revoked  ${namespace}/${own}`);
    const server = spec === undefined ? '' : ` ${spec.serverRef.name}`;
    print(`its next call is denied as soon as the proxies know; see PolicySynced of MCPServer${server}`);
    return EXIT.ok;
  } finally {
    await cluster.close();
  }
}

async function revoke(name: string, options: Where): Promise<Exit> {
  if (isCluster(options)) return await revokeInCluster(name, options);
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
