import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PlatformError } from '#api/errors.ts';
import { loadProgram } from '#render/load-program.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'program-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function failure(name: string, text?: string): Promise<PlatformError<string>> {
  const file = path.join(folder, name);
  if (text !== undefined) await writeFile(file, text);
  try {
    await loadProgram(file);
  } catch (error) {
    if (error instanceof PlatformError) return error;
    throw error;
  }
  throw new Error('it was loaded');
}

describe('loadProgram', () => {
  it('finds the program of the quickstart', async () => {
    expect(typeof (await loadProgram('examples/quickstart/program.ts'))).toBe('function');
  });

  it('names a file that is not there', async () => {
    const { code, where, remedy } = await failure('missing.ts');
    expect([code, path.basename(where)]).toEqual(['program_missing', 'missing.ts']);
    expect(remedy).not.toBe('');
  });

  it('names a file that throws while it is loaded, and keeps the cause', async () => {
    const error = await failure('throws.mjs', "throw new Error('no such tenant');");
    expect(error.code).toBe('program_failed');
    expect(error.message).toContain('no such tenant');
    expect(error.cause).toMatchObject({ message: 'no such tenant' });
  });

  it('names a file that exports no program', async () => {
    expect((await failure('empty.mjs', 'export const program = 1;')).code).toBe('program_invalid');
    expect((await failure('object.mjs', 'export default {};')).code).toBe('program_invalid');
  });
});
