// Who calls: the options that several commands share, and the headers that they become.
import { Option, type Command } from 'commander';
import type { ServerStatus } from '#runtime/local/platform-status.ts';
import type { Era } from '#runtime/local/mcp-caller.ts';

export interface IdentityOptions {
  readonly human?: string | undefined;
  readonly agent?: string | undefined;
  readonly team?: string | undefined;
  readonly session?: string | undefined;
}

export interface CallerOptions extends IdentityOptions {
  readonly era: Era;
  readonly json?: true | undefined;
  readonly stateDir?: string | undefined;
}

export function withStateDir(command: Command): Command {
  return command.option(
    '--state-dir <folder>',
    'state folder of the platform (default: nearest .mcp-runtime)',
  );
}

export function withIdentity(command: Command): Command {
  return command
    .option('--human <id>', 'human that the call is for')
    .option('--agent <id>', 'agent that makes it')
    .option('--team <id>', 'team that they belong to')
    .option(
      '--session <name>',
      "session to present: <name> in the server's namespace, or <namespace>/<name>",
    );
}

export function withCaller(command: Command): Command {
  return withStateDir(withIdentity(command))
    .addOption(
      new Option('--era <era>', 'protocol era to speak').choices(['legacy', 'modern']).default('legacy'),
    )
    .option('--json', 'print JSON instead of text');
}

/** The identity as the server's proxy reads it. */
export function identityHeaders(
  server: ServerStatus,
  identity: IdentityOptions,
): Readonly<Record<string, string>> {
  const { human, agent, team, session } = server.headers;
  return Object.fromEntries(
    [
      [human, identity.human],
      [agent, identity.agent],
      [team, identity.team],
      [session, identity.session],
    ].flatMap(([header = '', value]) => (value === undefined ? [] : [[header, value]])),
  );
}

/** The same as people type it, for examples. */
export function identityArguments(identity: IdentityOptions): string {
  return Object.entries(identity)
    .flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]))
    .join(' ');
}
