// The `mcp-runtime` command line. Each command is a file; this one only puts them together.
import { Command, CommanderError } from 'commander';
import { addCall } from './commands/call.ts';
import { addExplain } from './commands/explain.ts';
import { addImages } from './commands/images.ts';
import { addSentinel } from './commands/sentinel.ts';
import { addSession } from './commands/session.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addSynth } from './commands/synth.ts';
import { addTools } from './commands/tools.ts';
import { EXIT, printError, type Exit } from './output.ts';

/** Runs the command line; resolves to what the process ends with. */
export async function main(argv: readonly string[]): Promise<number> {
  let exit: Exit = EXIT.ok;
  const end = (code: Exit): void => {
    exit = code;
  };
  const program = new Command('mcp-runtime')
    .description(
      'Runs MCP servers behind policy on this machine, talks to what runs, and writes what a cluster needs.',
    )
    .exitOverride()
    // What comes after the name of a command is its own: `images` and `images mirror` both have --json.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what this command takes)');
  addStart(program, end);
  addCall(program, end);
  addTools(program, end);
  addSession(program, end);
  addSentinel(program, end);
  addStatus(program, end);
  addExplain(program, end);
  addSynth(program, end);
  addImages(program, end);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    // What commander refuses it has told already; help and version are no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    printError(error);
    return EXIT.failed;
  }
}
