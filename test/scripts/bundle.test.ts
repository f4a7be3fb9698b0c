import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BundleError, bundle, bundleProgram } from '#scripts/bundle.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('bundleProgram', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bundle-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function program(source: string): string {
    const entry = path.join(folder, 'main.ts');
    writeFileSync(entry, source);
    return entry;
  }

  it('makes one file that runs by itself, CommonJS packages included', async () => {
    const pino = path.join(root, 'node_modules/pino/pino.js');
    const entry = program(`
      import pino from ${JSON.stringify(pino)};
      const text: string = typeof pino;
      process.stdout.write(text);
    `);
    const bundle = await bundleProgram(entry, path.join(folder, 'out.mjs'));
    rmSync(entry);
    expect(execFileSync(process.execPath, [bundle], { cwd: folder, encoding: 'utf8' })).toBe('function');
  });

  async function said(source: string): Promise<string> {
    const bundle = await bundleProgram(program(source), path.join(folder, 'out.mjs'));
    return execFileSync(process.execPath, [bundle], { cwd: folder, encoding: 'utf8' });
  }

  it('refuses a CommonJS package that is imported late by itself, which would come without its names', async () => {
    const pino = path.join(root, 'node_modules/pino/pino.js');
    const entry = program(`
      const { destination } = await import(${JSON.stringify(pino)});
      process.stdout.write(typeof destination);
    `);
    const attempt = bundleProgram(entry, path.join(folder, 'out.mjs'));
    await expect(attempt).rejects.toThrow(BundleError);
    await expect(attempt).rejects.toThrow(/main\.ts: .*pino\.js is CommonJS.*\n.*Import it statically/);
  });

  it("takes Node's own modules as they are, and loads nothing that they only offer", async () => {
    const text = await said(`
      import http, { createServer } from 'node:http';
      import * as fs from 'node:fs';
      const same = createServer === process.getBuiltinModule('http').createServer && http.createServer === createServer;
      const loaded: readonly string[] = Reflect.get(process, 'moduleLoadList');
      const client = loaded.some((name) => name.includes('undici/undici'));
      process.stdout.write(JSON.stringify([same, typeof fs.readFileSync, client]));
    `);
    expect(JSON.parse(text)).toEqual([true, 'function', false]);
  });

  it("keeps the names of functions, and zod's English", async () => {
    const zod = path.join(root, 'node_modules/zod/index.js');
    const text = await said(`
      import { z } from ${JSON.stringify(zod)};
      function whereItHappened(): string {
        return String(new Error().stack).split('\\n')[1] ?? '';
      }
      const { error } = z.string().safeParse(1);
      process.stdout.write(JSON.stringify([whereItHappened(), error?.issues[0]?.message, Object.keys(z.locales)]));
    `);
    expect(JSON.parse(text)).toEqual([
      expect.stringContaining('whereItHappened'),
      'Invalid input: expected string, received number',
      [],
    ]);
  });

  it('keeps what is imported only when it is needed in a part beside the program', async () => {
    writeFileSync(path.join(folder, 'rare.ts'), `export const rare: string = 'rarely needed';`);
    const entry = program(`
      const { rare } = await import('./rare.ts');
      process.stdout.write(rare);
    `);
    const { main, parts } = await bundle(entry, path.join(folder, 'made', 'out.mjs'));
    expect(parts.map((file) => path.basename(file))).toEqual([expect.stringMatching(/^out-rare-\w+\.mjs$/)]);
    expect(readFileSync(main, 'utf8')).not.toContain('rarely needed');
    expect(execFileSync(process.execPath, [main], { encoding: 'utf8' })).toBe('rarely needed');
  });

  it('resolves the imports of the floors', async () => {
    const entry = path.relative(root, path.join(root, 'src/api/trust.ts'));
    const bundle = await bundleProgram(entry, path.join(folder, 'trust.mjs'));
    expect(bundle).toBe(path.join(folder, 'trust.mjs'));
  });

  it('says file, line and cause where it fails', async () => {
    const failing = bundleProgram(program(`import './missing.ts';`), path.join(folder, 'out.mjs'));
    await expect(failing).rejects.toBeInstanceOf(BundleError);
    await expect(failing).rejects.toThrow(/main\.ts:1:7[\s\S]*missing\.ts/);
  });
});
