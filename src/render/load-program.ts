// Finds the program that a command was asked to run. A program is a module whose default export takes an app.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { PlatformError } from '#api/errors.ts';
import type { Program } from './synthesise.ts';

export type ProgramErrorCode = 'program_missing' | 'program_failed' | 'program_invalid';

function isProgram(value: unknown): value is Program {
  return typeof value === 'function';
}

function defaultExport(module: unknown): unknown {
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
}

/**
 * Loads the program in a file, relative to the current folder.
 * @throws PlatformError of a `ProgramErrorCode`
 */
export async function loadProgram(file: string): Promise<Program> {
  const absolute = path.resolve(file);
  if (!existsSync(absolute)) {
    const remedy = 'name a file such as examples/quickstart/program.ts';
    throw new PlatformError<ProgramErrorCode>('program_missing', {
      where: file,
      what: 'there is no such program',
      remedy,
    });
  }
  const module = await importProgram(file, absolute);
  const program = defaultExport(module);
  if (isProgram(program)) return program;
  throw new PlatformError<ProgramErrorCode>('program_invalid', {
    where: file,
    what: 'the file exports no program',
    remedy: 'export default a function that takes an App',
  });
}

async function importProgram(file: string, absolute: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(absolute).href);
  } catch (cause) {
    const what = `the program can't be loaded: ${cause instanceof Error ? cause.message : String(cause)}`;
    const remedy = 'mend the file';
    throw new PlatformError<ProgramErrorCode>('program_failed', { where: file, what, remedy }, { cause });
  }
}
