// Loads a program in a process of its own: one that throws, prints, exits or never returns harms nothing, and an
// edited program is loaded afresh without a trace of the one before.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { err, ok, type Result } from '#api/result.ts';
import { OutputTail } from './output-tail.ts';
import { loadMessage, type LoadMessage, type Synthesis } from './synthesis.ts';
import type { Trouble } from './trouble.ts';

// Of the same kind as this file: TypeScript in a clone, compiled in the package.
const childScript = path.join(import.meta.dirname, `program-child${path.extname(import.meta.filename)}`);

/** Milliseconds until a program that does not return is given up on. */
export const DEFAULT_LOAD_MS = 30_000;

interface ChildEnd {
  readonly message: LoadMessage | undefined;
  readonly how: string;
  readonly timedOut: boolean;
  readonly output: readonly string[];
}

/** Synthesises the program in `file`, or says in one trouble why that is not possible. */
export async function synthesiseFile(
  file: string,
  signal: AbortSignal,
  withinMs = DEFAULT_LOAD_MS,
): Promise<Result<Synthesis, Trouble>> {
  const program = path.resolve(file);
  const missing = missingProgram(program);
  if (missing !== undefined) return err(missing);
  const end = await runChild(program, signal, withinMs);
  if (end.message?.kind === 'synthesised') return ok(end.message.synthesis);
  if (end.message?.kind === 'failed') return err(failedTrouble(program, end.message));
  return err(end.timedOut ? timeoutTrouble(program, withinMs) : endedTrouble(program, end));
}

/** The trouble about a program that is not there. */
export function missingProgram(program: string): Trouble | undefined {
  if (existsSync(program)) return undefined;
  return {
    code: 'program_missing',
    what: 'There is no such program.',
    where: program,
    remedy:
      'Name a TypeScript file that exports default (app) => { … }, such as examples/quickstart/program.ts.',
  };
}

async function runChild(program: string, signal: AbortSignal, withinMs: number): Promise<ChildEnd> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), childScript, program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Dead pipes and a signal to the platform end it; nothing it started itself is ours to look after.
    env: process.env,
  });
  const tail = new OutputTail(6);
  child.stderr?.on('data', (chunk: Buffer) => tail.push(chunk));
  let message: LoadMessage | undefined;
  child.on('message', (sent) => {
    message ??= loadMessage.safeParse(sent).data;
  });
  const give = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  const kill = (): void => void child.kill('SIGKILL');
  give.addEventListener('abort', kill, { once: true });
  try {
    const how = await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, name) =>
        resolve(name === null ? `exit code ${code ?? 0}` : `signal ${name}`),
      );
    });
    return { message, how, timedOut: give.aborted, output: tail.lines() };
  } finally {
    give.removeEventListener('abort', kill);
  }
}

function failedTrouble(program: string, failed: LoadMessage & { readonly kind: 'failed' }): Trouble {
  const [first = 'The program threw.', ...more] = failed.message
    .split('\n')
    .filter((line) => line.trim() !== '');
  const invalid = failed.code === 'program_invalid';
  return {
    code: failed.code,
    what: invalid ? `The program is not valid: ${first}` : `The program threw: ${first}`,
    where: placeOf(program, `${failed.message}\n${failed.stack}`),
    evidence: more.slice(0, 20),
    remedy: 'Mend that line. Where a platform runs, saving the file is enough.',
  };
}

function timeoutTrouble(program: string, withinMs: number): Trouble {
  return {
    code: 'program_timeout',
    what: `The program did not return within ${withinMs / 1000} s.`,
    where: program,
    remedy: 'A program only describes: take loops that wait and calls to other systems out of it.',
  };
}

function endedTrouble(program: string, end: ChildEnd): Trouble {
  return {
    code: 'program_failed',
    what: `The program ended its process before it was done (${end.how}).`,
    where: program,
    evidence: end.output,
    remedy: 'Take process.exit and the like out of the program; it only describes.',
  };
}

/** The first place of a stack that is the user's: `program.ts:12:5`, absolute. */
export function placeOf(program: string, text: string): string {
  const places = [...text.matchAll(/((?:file:\/\/)?\/[^\s():]+\.[cm]?[jt]sx?):(\d+)(?::(\d+))?/g)].map(
    ([, file = '', line = '', column]) => ({
      file: file.startsWith('file:') ? fileURLToPath(file) : file,
      at: column === undefined ? line : `${line}:${column}`,
    }),
  );
  const folder = path.dirname(program);
  const own =
    places.find(({ file }) => file === program) ??
    places.find(({ file }) => file.startsWith(folder + path.sep) && !file.includes('/node_modules/'));
  return own === undefined ? program : `${own.file}:${own.at}`;
}
