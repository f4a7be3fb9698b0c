import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseEnvironment } from '#environment/environment.ts';
import { InvalidEnvironmentError, readEnvironment } from '#render/read-environment.ts';
import { stringify } from 'yaml';
import { LEAST } from '../environment/build.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'environment-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(text: string): Promise<string> {
  const file = path.join(folder, 'env.yaml');
  await writeFile(file, text);
  return file;
}

function refusal(read: () => unknown): InvalidEnvironmentError {
  try {
    read();
  } catch (error) {
    if (error instanceof InvalidEnvironmentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readEnvironment', () => {
  it('reads a file by its path or its URL', async () => {
    const file = await written(stringify(LEAST.team));
    const parsed = parseEnvironment(LEAST.team);
    expect(parsed).toEqual({ ok: true, value: readEnvironment(file) });
    expect(readEnvironment(pathToFileURL(file))).toEqual(readEnvironment(file));
  });

  it('throws with everything that is wrong, each with its line', async () => {
    const file = await written('profile: laptop\nname: A\nhosts: []\n');
    const { message } = refusal(() => readEnvironment(file));
    expect(message).toContain('the environment has 2 problems:\n  env.yaml:2:1: name must be');
    expect(message).toContain('\n  env.yaml:3:1: hosts is no value here');
  });

  it('says so where there is no such file', () => {
    expect(refusal(() => readEnvironment(path.join(folder, 'none.yaml'))).message).toContain(
      "none.yaml: can't be read; name a file",
    );
  });
});
