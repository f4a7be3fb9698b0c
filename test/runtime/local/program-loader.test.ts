import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { placeOf, synthesiseFile } from '#runtime/local/program-loader.ts';
import { temporaryFolder, type TemporaryFolder } from './harness/temporary.ts';

const quickstart = path.resolve('examples/quickstart/program.ts');

describe('loading a program', () => {
  let folder: TemporaryFolder;
  const never = new AbortController().signal;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(() => {
    folder.remove();
  });

  function program(text: string): string {
    const file = path.join(folder.path, 'program.ts');
    writeFileSync(file, text);
    return file;
  }

  async function troubleOf(text: string, withinMs?: number) {
    const loaded = await synthesiseFile(program(text), never, withinMs);
    if (loaded.ok) throw new Error('the program should not load');
    return loaded.error;
  }

  it('gives its objects, its manifests and how its servers start', async () => {
    const loaded = await synthesiseFile(quickstart, never);
    if (!loaded.ok) throw new Error(loaded.error.what);
    const { objects, manifests, servers } = loaded.value;
    expect(servers.map(({ name }) => name)).toEqual(['notes', 'everything']);
    expect(servers.every(({ local }) => local !== undefined)).toBe(true);
    expect(objects.filter(({ kind }) => kind === 'MCPAccessGrant')).toHaveLength(3);
    expect(objects.filter(({ kind }) => kind === 'MCPAgentSession')).toHaveLength(3);
    expect(manifests.map(({ text }) => text).join('')).toContain('kind: MCPServer');
  });

  it('says where a program throws', async () => {
    const trouble = await troubleOf(
      `export default function program() {\n  throw new Error('no such team');\n}\n`,
    );
    expect(trouble.code).toBe('program_failed');
    expect(trouble.what).toContain('no such team');
    expect(trouble.where).toMatch(/program\.ts:2(:\d+)?$/);
  });

  it('says where a program is not TypeScript', async () => {
    const trouble = await troubleOf(`export default function (app {\n}\n`);
    expect(trouble.code).toBe('program_failed');
    expect(trouble.where).toMatch(/program\.ts:1(:\d+)?$/);
  });

  it('says when a program exports none', async () => {
    expect((await troubleOf(`export const app = 1;\n`)).code).toBe('program_invalid');
  });

  it('says when a program ends its process', async () => {
    const trouble = await troubleOf(`export default () => { console.error('bye'); process.exit(3); };\n`);
    expect(trouble.what).toContain('exit code 3');
    expect(trouble.evidence).toEqual(['bye']);
  });

  it('gives up on a program that does not return', async () => {
    const trouble = await troubleOf(`export default () => { for (;;); };\n`, 2_000);
    expect(trouble.code).toBe('program_timeout');
  });

  it('says when there is no such file', async () => {
    const missing = await synthesiseFile(path.join(folder.path, 'none.ts'), never);
    expect(missing).toMatchObject({ ok: false, error: { code: 'program_missing' } });
  });

  it('finds the place in the program rather than in what it calls', () => {
    const stack = `Error: x\n    at f (file:///repo/lib.ts:3:4)\n    at program (file:///home/a%20b/program.ts:12:5)`;
    expect(placeOf('/home/a b/program.ts', stack)).toBe('/home/a b/program.ts:12:5');
    expect(placeOf('/home/program.ts', 'Error: y')).toBe('/home/program.ts');
  });
});
