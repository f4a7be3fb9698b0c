// The process in which a program is loaded: sends one message with what the program comes to, and ends.
import { InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { InvalidProgramError } from '#render/invalid-program-error.ts';
import { PlatformError } from '#api/errors.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesise } from '#render/synthesise.ts';
import { renderYaml } from '#render/yaml.ts';
import { synthesis, type LoadMessage } from './synthesis.ts';

function failed(error: unknown): LoadMessage {
  // What went wrong inside the program, rather than that it could not be loaded.
  const cause = error instanceof PlatformError && error.cause instanceof Error ? error.cause : error;
  const invalid =
    cause instanceof InvalidConstructError ||
    cause instanceof InvalidProgramError ||
    (cause instanceof PlatformError && cause.code === 'program_invalid');
  return {
    kind: 'failed',
    message: cause instanceof Error ? cause.message : String(cause),
    stack: cause instanceof Error ? (cause.stack ?? '') : '',
    code: invalid ? 'program_invalid' : 'program_failed',
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
