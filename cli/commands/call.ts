// `mcp-runtime call`: one tool call through the proxy, as any client would make it.
import type { Command } from 'commander';
import { z } from 'zod';
import { TroubleError, messageOf } from '#runtime/local/trouble.ts';
import { identityHeaders, withCaller, type CallerOptions } from '../caller-options.ts';
import { connect, findServer } from '../connection.ts';
import { tellFailure } from '../outcome.ts';
import { EXIT, print, printJson, type Exit } from '../output.ts';

interface CallOptions extends CallerOptions {
  readonly args: string;
}

const argumentsSchema = z.record(z.string(), z.unknown());

export function addCall(program: Command, end: (exit: Exit) => void): void {
  withCaller(
    program
      .command('call')
      .summary('call a tool through its proxy')
      .description(
        'Calls a tool of a running server through its proxy, and prints the result or why it was denied.',
      )
      .argument('<server>', 'name of the server, or <namespace>/<name>')
      .argument('<tool>', 'name of the tool')
      .option('--args <json>', 'arguments of the tool, a JSON object', '{}'),
  )
    .addHelpText(
      'after',
      `
Ends with 0 after a result, 1 after a denial, 2 where the call could not be made.

Examples:
  $ mcp-runtime call notes list_notes --human user-1 --agent agent-1 --session demo
  $ mcp-runtime call notes add_note --args '{"title":"Hi","body":"…"}' --human user-1 --agent agent-1 --session demo
  $ mcp-runtime call everything echo --args '{"message":"hi"}' --team lab --json`,
    )
    .action(async (server: string, tool: string, options: CallOptions) => {
      end(await call(server, tool, options));
    });
}

function readArguments(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return argumentsSchema.parse(json);
  } catch (cause) {
    const what =
      cause instanceof SyntaxError
        ? `--args is not JSON: ${messageOf(cause)}.`
        : '--args has to be a JSON object.';
    const remedy = `Quote it for the shell: --args '{"id":"note-1"}'.`;
    throw new TroubleError({ code: 'usage', what, where: text, remedy }, { cause });
  }
}

async function call(name: string, tool: string, options: CallOptions): Promise<Exit> {
  const args = readArguments(options.args);
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
  const outcome = await caller.value.call({ name: tool, args });
  await caller.value.close();
  if (outcome.kind !== 'result') return tellFailure(outcome, { url, json });
  if (json) printJson({ result: outcome.value });
  else
    for (const block of outcome.value.content) print(block.type === 'text' ? block.text : `(${block.type})`);
  return EXIT.ok;
}
