import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BundleError, bundleProgram } from '#scripts/bundle.ts';

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
