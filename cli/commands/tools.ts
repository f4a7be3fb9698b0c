// `mcp-runtime tools`: what one caller sees of a server.
import type { Command } from 'commander';
import { identityHeaders, withCaller, type CallerOptions } from '../caller-options.ts';
import { connect, findServer } from '../connection.ts';
import { tellFailure } from '../outcome.ts';
import { EXIT, columns, print, printJson, type Exit } from '../output.ts';

export function addTools(program: Command, end: (exit: Exit) => void): void {
  withCaller(
    program
      .command('tools')
      .summary('list the tools that a caller sees')
      .description('Lists the tools of a running server that this caller may call now.')
      .argument('<server>', 'name of the server, or <namespace>/<name>'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ mcp-runtime tools notes --human user-1 --agent agent-1 --session demo
  $ mcp-runtime tools everything --team lab`,
    )
    .action(async (server: string, options: CallerOptions) => {
      end(await tools(server, options));
    });
}

async function tools(name: string, options: CallerOptions): Promise<Exit> {
  const server = findServer(await connect(options).status(), name);
  const { url } = server;
  const json = options.json === true;
  // Loaded only here: the other commands are quicker without the client.
  const { McpCaller } = await import('#runtime/local/mcp-caller.ts');
  const caller = await McpCaller.connect({
    url,
    era: options.era,
    headers: identityHeaders(server, options),
  });
  if (caller.kind !== 'result') return tellFailure(caller, { url, json });
  const outcome = await caller.value.tools();
  await caller.value.close();
  if (outcome.kind !== 'result') return tellFailure(outcome, { url, json });
  if (json) printJson({ tools: outcome.value });
  else if (outcome.value.length === 0) print('This caller sees no tool.');
  else
    for (const line of columns(outcome.value.map((tool) => [tool.name, tool.description ?? '']))) print(line);
  return EXIT.ok;
}
