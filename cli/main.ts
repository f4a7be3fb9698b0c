// The `mcp-runtime` process: runs the command line, and ends with what it says.
import { main } from './command-line.ts';

// A reader that went away (`| head`) is no reason to fail.
process.stdout.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2));
