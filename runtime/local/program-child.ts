// The process in which a program is loaded: sends one message with what the program comes to, and ends.
import { PlatformError } from '#api/errors.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesise } from '#render/synthesise.ts';
import { renderYaml } from '#render/yaml.ts';
import { synthesis, type LoadMessage } from './synthesis.ts';
import { errorCode, messageOf } from './trouble.ts';

/** What constructs and the program as a whole refuse; told by code, for a program may bring a library of its own. */
const invalidCodes = new Set([
  'invalid_construct',
  'invalid_environment',
  'invalid_program',
  'program_invalid',
]);

function failed(error: unknown): LoadMessage {
  // What went wrong inside the program, rather than that it could not be loaded.
  const cause = error instanceof PlatformError && error.cause instanceof Error ? error.cause : error;
  return {
    kind: 'failed',
    message: messageOf(cause),
    stack: cause instanceof Error ? (cause.stack ?? '') : '',
    code: invalidCodes.has(errorCode(cause) ?? '') ? 'program_invalid' : 'program_failed',
  };
}

async function load(file: string): Promise<LoadMessage> {
  try {
    const program = synthesise(await loadProgram(file));
    const objects = program.charts.flatMap((chart) => chart.objects.map(({ manifest }) => manifest));
    const { servers, warnings } = program;
    const manifests = renderYaml(program);
    return { kind: 'synthesised', synthesis: synthesis.parse({ objects, manifests, servers, warnings }) };
  } catch (error) {
    return failed(error);
  }
}

const [file = ''] = process.argv.slice(2);
// A program that left a timer or a socket behind must not keep this process.
process.send?.(await load(file), undefined, undefined, () => process.exit(0));
